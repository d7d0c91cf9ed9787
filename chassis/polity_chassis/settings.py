"""A service's settings, from its environment: each with its purpose, unit and permitted values."""

import re
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

S = TypeVar("S", bound=BaseSettings)


class ServiceSettings(BaseSettings):
    """What every service needs; a service adds its own fields by subclassing."""

    model_config = SettingsConfigDict(
        env_prefix="POLITY_", extra="ignore", populate_by_name=True, env_ignore_empty=True, frozen=True
    )

    host: str = Field("127.0.0.1", description="Address the API listens on: an IP address or host name.")
    port: int = Field(ge=1, le=65535, description="TCP port the API listens on: 1 to 65535.")
    database_url: str = Field(
        repr=False,
        pattern=r"^postgresql\+asyncpg://",
        description="The service's own database: postgresql+asyncpg://user:password@host:port/name.",
    )
    kafka_bootstrap: str = Field(
        pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$", description="Kafka brokers: host:port, several separated by commas."
    )
    public_url: str = Field(
        "http://localhost:8080",
        pattern=r"^https?://[^\s?#]*[^\s?#/]$",
        description="Where people's browsers reach the gateway: http(s)://host[:port], no final slash.",
    )
    issuer: str = Field(
        pattern=r"^https?://\S+$", description="`iss` of every accepted token: the public URL of the Keycloak realm."
    )
    jwks_url: str = Field(
        pattern=r"^https?://\S+$", description="Where the realm's public signing keys are fetched, by a direct way."
    )
    audience: str = Field("polity-api", min_length=1, description="`aud` that an accepted token must contain.")
    clock_ahead_seconds: float = Field(
        0,
        description="For tests, refused unless POLITY_PUBLIC_URL is this machine: seconds by which the clock is ahead.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line that is written: DEBUG, INFO, WARNING or ERROR."
    )
    traces_exporter: Literal["zipkin_json", "otlp", "none"] = Field(
        "none",
        validation_alias="OTEL_TRACES_EXPORTER",
        description="Who gets the traces: zipkin_json, otlp or none; endpoints and sampler by the OTEL_* variables.",
    )


def load(settings_class: type[S]) -> S:
    """Returns the settings of the environment; ends the process with one sentence when one is missing or wrong."""
    try:
        settings = settings_class()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field_name = str(first["loc"][0]) if first["loc"] else ""
        raise SystemExit(_sentence(settings_class, field_name, first["type"])) from None
    except SettingsError as error:
        # Not JSON where it has to be: the exception names the field in words only.
        named = re.search(r'field "(\w+)"', str(error))
        raise SystemExit(_sentence(settings_class, named[1] if named else "", "json")) from None
    if isinstance(settings, ServiceSettings) and settings.clock_ahead_seconds and not _on_this_machine(settings):
        raise SystemExit(_sentence(settings_class, "clock_ahead_seconds", "refused"))
    return settings


def _on_this_machine(settings: ServiceSettings) -> bool:
    return urlsplit(settings.public_url).hostname in ("localhost", "127.0.0.1", "::1")


def _sentence(settings_class: type[BaseSettings], field_name: str, kind: str) -> str:
    """Returns the sentence without the value: it may be a secret."""
    for name, field in settings_class.model_fields.items():
        if field_name in (name, field.validation_alias):
            variable = str(field.validation_alias or f"{settings_class.model_config['env_prefix']}{name}".upper())
            fault = "is missing" if kind == "missing" else "is not valid"
            return f"The setting {variable} {fault}. {field.description or ''}".strip()
    return f"The settings are not valid: {kind}."
