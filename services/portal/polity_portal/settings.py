"""The portal's own settings, beside those of every service."""

from datetime import timedelta

from polity_chassis.settings import ServiceSettings
from pydantic import Field, SecretStr

URL = r"^https?://[^\s?#]*[^\s?#/]$"


class PortalSettings(ServiceSettings):
    """Environment variables with the prefix POLITY_."""

    port: int = Field(8095, ge=1, le=65535, description="TCP port the pages listen on: 1 to 65535.")
    api_url: str = Field(
        pattern=URL, description="The gateway's internal listener, without /v1 and without a final slash."
    )
    oidc_client_id: str = Field("polity-portal", min_length=1, description="The portal's client at the realm.")
    oidc_client_secret: SecretStr = Field(description="The secret of that client.")
    oidc_internal_url: str = Field(
        pattern=URL, description="The realm as the portal reaches it: http(s)://host[:port]/auth/realms/polity."
    )
    demo: bool = Field(
        False,
        description="true: every page says demonstration data; false: those that show demonstration networks do.",
    )
    traces_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s]*\{trace_id\}[^\s]*$",
        description="One trace in the trace viewer as browsers reach it, with {trace_id} where its number goes; empty: "
        "pages link to none.",
    )
    mails_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="The mail catcher's page as browsers reach it, for a demonstration's tour; empty: no link to it.",
    )
    session_idle: timedelta = Field(
        timedelta(minutes=60), description="A session nobody used for so long is over: ISO 8601 duration or seconds."
    )
    session_absolute: timedelta = Field(
        timedelta(hours=12), description="A session is over after so long: ISO 8601 duration or seconds."
    )
    upload_limit_bytes: int = Field(4_000_000, ge=1, description="Larger files to import are refused, in bytes.")
