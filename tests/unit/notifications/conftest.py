"""A letter with everything in it, and a writer."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from polity_chassis.authorization.links import LinkKeys
from polity_notifications.mail.writing import Writer
from polity_notifications.storage.queue import Letter

KEYS = LinkKeys.model_validate({"k1": base64.b64encode(b"a" * 32).decode()})


@pytest.fixture
def keys() -> LinkKeys:
    return KEYS


@pytest.fixture
def writer() -> Writer:
    return Writer("http://localhost:8080", KEYS)


@pytest.fixture
def letter() -> Callable[..., Letter]:
    def build(**changed: Any) -> Letter:
        values: dict[str, Any] = {
            "delivery_id": UUID(int=1),
            "kind": "invitation",
            "campaign_id": UUID(int=2),
            "attempts": 0,
            "ordinal": None,
            "threshold": None,
            "traceparent": None,
            "waited": timedelta(),
            "person_name": "Ana Ruiz",
            "email": "ana@example.org",
            "language": "en",
            "title": {"en": "Rights Cities", "es": "Ciudades por los derechos"},
            "objectives": {"en": "Gather a thousand.", "es": "Reunir mil."},
            "fallback_language": "en",
            "demonstration": False,
            "network_name": {"en": "The Committee", "es": "La Comisión"},
            "network_language": "en",
            "network_zone": "Europe/Madrid",
            "local_government_name": "Gwangju",
            "local_government_zone": "Asia/Seoul",
            "invitation_id": UUID(int=3),
            "link_generation": 2,
            "reply_by": datetime(2030, 9, 15, 21, 59, tzinfo=UTC),
            "reached_at": None,
        }
        return Letter(**{**values, **changed})

    return build
