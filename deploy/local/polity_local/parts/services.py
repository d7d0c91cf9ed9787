"""Our own services: one process each with all its roles, or, to see one of them fail, each role apart."""

import sys
from collections.abc import Iterator, Mapping

from polity_local.running.instance import Instance
from polity_local.running.program import Program, serves

ROLES: Mapping[str, tuple[str, ...]] = {
    "membership": ("api", "relay", "worker"),
    "events": ("api", "worker"),
    "notifications": ("api", "worker"),
    "reporting": ("api", "worker"),
    "portal": ("api",),
}


def programs(
    instance: Instance, *, roles_apart: bool = False, overrides: Mapping[str, str] | None = None
) -> list[Program]:
    """Returns the services' programs; `overrides` are environment variables that all of them get last."""
    make = _apart if roles_apart else _together
    return [
        program
        for name in ROLES
        for program in make(instance, name, {**environment(instance, name), **(overrides or {})})
    ]


def environment(instance: Instance, name: str) -> dict[str, str]:
    """Returns the settings of one service in this instance."""
    common = {
        "POLITY_HOST": "127.0.0.1",
        "POLITY_PORT": str(getattr(instance.ports, name)),
        "POLITY_DATABASE_URL": instance.database_url(name),
        "POLITY_KAFKA_BOOTSTRAP": instance.kafka_bootstrap,
        "POLITY_PUBLIC_URL": instance.public_url,
        "POLITY_ISSUER": instance.issuer,
        "POLITY_JWKS_URL": f"{instance.keycloak_url}/realms/polity/protocol/openid-connect/certs",
        "POLITY_AUDIENCE": "polity-api",
        "OTEL_TRACES_EXPORTER": "zipkin_json",
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT": f"http://127.0.0.1:{instance.ports.zipkin}/api/v2/spans",
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
    }
    return common | _OWN[name](instance) if name in _OWN else common


def _membership(instance: Instance) -> dict[str, str]:
    return {
        "POLITY_ANSWER_LINK_KEYS": instance.secrets["answer_link_keys"],
        "POLITY_MANDATE_LINK_KEYS": instance.secrets["mandate_link_keys"],
        "POLITY_FILES_URL": (instance.state / "files").as_uri(),
        "POLITY_IDENTITY_ADMIN_URL": f"{instance.keycloak_url}/admin/realms/polity",
        "POLITY_ERASURE_CLIENT_SECRET": instance.secrets["erasure_client"],
    }


def _notifications(instance: Instance) -> dict[str, str]:
    return {
        "POLITY_ANSWER_LINK_KEYS": instance.secrets["answer_link_keys"],
        "POLITY_SMTP_HOST": "127.0.0.1",
        "POLITY_SMTP_PORT": str(instance.ports.smtp),
        "POLITY_SMTP_TLS": "none",
        "POLITY_MAIL_FROM": "polity@demonstration.example",
        "POLITY_WEBHOOK_KEYS": instance.secrets["webhook_keys"],
        "POLITY_WEBHOOK_ALLOW_LOOPBACK": "true",
    }


def _portal(instance: Instance) -> dict[str, str]:
    return {
        "POLITY_API_URL": f"http://127.0.0.1:{instance.ports.internal}",
        "POLITY_OIDC_CLIENT_ID": "polity-portal",
        "POLITY_OIDC_CLIENT_SECRET": instance.secrets["portal_client"],
        "POLITY_OIDC_INTERNAL_URL": f"{instance.keycloak_url}/realms/polity",
        "POLITY_DEMO": "true",
        "POLITY_MAILS_URL": f"http://localhost:{instance.ports.mail}/",
        "POLITY_TRACES_URL": f"http://localhost:{instance.ports.zipkin}/zipkin/traces/{{trace_id}}",
    }


_OWN = {"membership": _membership, "notifications": _notifications, "portal": _portal}


def _together(instance: Instance, name: str, variables: dict[str, str]) -> Iterator[Program]:
    yield _program(name, name, ("all",), variables, ("postgres", "kafka"))


def _apart(instance: Instance, name: str, variables: dict[str, str]) -> Iterator[Program]:
    for role in ROLES[name]:
        if role == "api":
            yield _program(f"{name}-api", name, ("migrate", "api"), variables, ("postgres", "kafka"))
        else:
            port = str(getattr(instance.ports, f"{name}_{role}"))
            yield _program(f"{name}-{role}", name, (role,), variables | {"POLITY_PORT": port}, (f"{name}-api",))


def _program(
    program: str, service: str, roles: tuple[str, ...], variables: dict[str, str], needs: tuple[str, ...]
) -> Program:
    port = program.removesuffix("-api").replace("-", "_")
    return Program(
        name=program,
        command=(sys.executable, "-m", f"polity_{service}", *roles),
        environment=variables,
        ports=(port,),
        needs=needs,
        healthy=lambda: serves(f"http://127.0.0.1:{variables['POLITY_PORT']}"),
    )
