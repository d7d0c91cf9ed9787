"""Where a post really goes: resolved once, refused if any address is bad, connected to the address that was checked."""

import datetime as dt
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from polity_notifications.webhooks.posting import Poster

NAME = "partner.example"


@contextmanager
def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> Iterator[list[str]]:
    """Lets the name resolve to each list of addresses in turn, the last one for ever; yields what was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def found(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != NAME:
            return real(host, port, *rest, **more)
        addresses = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [found for address in addresses for found in real(address, port, type=socket.SOCK_STREAM)]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", found)
        yield asked


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Returns the contexts of a server called NAME and of a client that trusts it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.OID_COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - TLS has the machine's clock
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "cert.pem"))


async def test_the_checked_address_is_connected_to_with_the_names_host_and_sni(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_tls, client_tls = certificate(tmp_path)
    seen: dict[str, Any] = {}
    server_tls.sni_callback = lambda _, name, __: seen.update(sni=name)

    async def taken(request: web.Request) -> web.Response:
        seen["host"] = request.headers["Host"]
        return web.Response()

    application = web.Application()
    application.router.add_post("/hooks", taken)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_tls)
    await site.start()
    port = runner.addresses[0][1]
    poster = Poster(allow_loopback=True, tls=client_tls, seconds=5)
    strict = Poster(allow_loopback=True, seconds=5)
    try:
        # The second answer would be a rebinding: it is never asked for.
        with resolving(monkeypatch, ["127.0.0.1"], ["10.0.0.1"]) as asked:
            answer = await poster.post(f"https://{NAME}:{port}/hooks", {}, b"{}")
        assert (answer.status_code, len(asked)) == (200, 1)
        assert seen == {"sni": NAME, "host": f"{NAME}:{port}"}
        with resolving(monkeypatch, ["127.0.0.1"]):
            assert (await strict.post(f"https://{NAME}:{port}/hooks", {}, b"{}")).reason == "tls"
    finally:
        await poster.close()
        await strict.close()
        await runner.cleanup()


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["8.8.8.8", "169.254.169.254"],
        ["127.0.0.1", "8.8.8.8"],
        ["2606:4700:4700::1111", "::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["168.63.129.16"],
    ],
)
async def test_a_name_with_any_bad_address_is_refused(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    poster = Poster(allow_loopback=False, seconds=2)
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda *_: connected.append(_))
    try:
        with resolving(monkeypatch, addresses):
            answer = await poster.post(f"https://{NAME}/", {}, b"{}")
    finally:
        await poster.close()
    assert (answer.reason, connected) == ("address_refused", [])


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "10.1.2.3", "[::ffff:127.0.0.1]", "localhost", "127.1", "0x7f.1"]
)
async def test_without_the_demonstrations_setting_nothing_is_posted_to_this_machine(host: str) -> None:
    poster = Poster(allow_loopback=False, seconds=2)
    try:
        answers = [await poster.post(f"{scheme}://{host}:9/", {}, b"{}") for scheme in ("https", "http")]
    finally:
        await poster.close()
    assert {(answer.status_code, answer.reason) for answer in answers} == {(None, "address_refused")}
