"""A setting that is missing or wrong ends the process with one sentence that names it and not its value."""

import base64
import json

import pytest
from polity_chassis.authorization.links import LinkKeys
from polity_chassis.settings import ServiceSettings, load
from pydantic import Field

GOOD = {
    "POLITY_PORT": "8091",
    "POLITY_DATABASE_URL": "postgresql+asyncpg://user:pass-word@127.0.0.1/x",
    "POLITY_KAFKA_BOOTSTRAP": "127.0.0.1:59092",
    "POLITY_ISSUER": "http://localhost:8080/auth/realms/polity",
    "POLITY_JWKS_URL": "http://127.0.0.1:58180/auth/realms/polity/protocol/openid-connect/certs",
    "POLITY_ANSWER_LINK_KEYS": json.dumps({"k1": base64.b64encode(b"x" * 32).decode()}),
}


class Settings(ServiceSettings):
    answer_link_keys: LinkKeys = Field(description="Secrets of answer links: JSON of key id to base64, 32 bytes.")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_full_environment_is_taken(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OTEL_TRACES_EXPORTER", "zipkin_json")
    settings = load(Settings)
    assert (settings.port, settings.audience, settings.traces_exporter) == (8091, "polity-api", "zipkin_json")
    assert list(settings.answer_link_keys.root) == ["k1"]


def test_secrets_are_not_shown(environment: pytest.MonkeyPatch) -> None:
    shown = repr(load(Settings))
    assert "pass-word" not in shown
    assert "xxxx" not in shown


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_one_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(SystemExit) as ended:
        load(Settings)
    assert str(ended.value).startswith(f"The setting {name} is missing. ")
    assert "\n" not in str(ended.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLITY_PORT", "70000"),
        ("POLITY_PORT", "planted"),
        ("POLITY_DATABASE_URL", "postgresql://planted"),
        ("POLITY_KAFKA_BOOTSTRAP", "planted"),
        ("POLITY_ISSUER", "planted"),
        ("POLITY_PUBLIC_URL", "http://localhost:8080/planted/"),
        ("POLITY_LOG_LEVEL", "planted"),
        ("OTEL_TRACES_EXPORTER", "planted"),
        ("POLITY_ANSWER_LINK_KEYS", '{"k1": "cGxhbnRlZA=="}'),
        ("POLITY_ANSWER_LINK_KEYS", "planted"),
        ("POLITY_ANSWER_LINK_KEYS", "{}"),
    ],
)
def test_a_wrong_one_is_named_without_its_value(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        load(Settings)
    assert str(ended.value).startswith(f"The setting {name} is not valid. ")
    assert "planted" not in str(ended.value)
    assert "cGxh" not in str(ended.value)


def test_a_service_whose_pages_are_elsewhere_keeps_the_machines_clock(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("POLITY_CLOCK_AHEAD_SECONDS", "3600")
    assert load(Settings).clock_ahead_seconds == 3600
    environment.setenv("POLITY_PUBLIC_URL", "https://polity.example")
    with pytest.raises(SystemExit, match=r"The setting POLITY_CLOCK_AHEAD_SECONDS is not valid\. For tests"):
        load(Settings)
    environment.setenv("POLITY_CLOCK_AHEAD_SECONDS", "0")
    assert load(Settings).public_url == "https://polity.example"


@pytest.mark.parametrize("field", Settings.model_fields.values(), ids=Settings.model_fields.keys())
def test_every_setting_says_what_it_is_for(field: object) -> None:
    assert len(getattr(field, "description", None) or "") > 20
