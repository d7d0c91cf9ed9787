"""Which facts a partner can subscribe to, and what their data hold."""

from typing import Any

from fastapi import APIRouter, Request
from polity_chassis.authorization.access import PUBLIC, access
from pydantic import BaseModel

from polity_notifications.domain.webhooks import PUBLIC_FACTS, TEST_TYPE, WITHHELD
from polity_notifications.settings import Settings

router = APIRouter(tags=["webhooks"])


class WebhookType(BaseModel):
    """`dataschema` is the same name as in the messages; `data_schema` is the JSON Schema of their `data`."""

    type: str
    dataschema: str
    data_schema: dict[str, Any]


class WebhookTypes(BaseModel):
    """`loopback`: endpoints on the machine that this runs on are taken too, also by http, as on a demonstration."""

    items: list[WebhookType]
    test_type: str
    loopback: bool


@router.get("/v1/webhook-types", **access(PUBLIC))
async def get_webhook_types(request: Request) -> WebhookTypes:
    """Lists the types to subscribe to, with the schema of each one's data."""
    settings = request.app.state.runtime.settings
    assert isinstance(settings, Settings)
    items = [
        WebhookType(
            type=name, dataschema=f"urn:polity:{name}:{fact.version}", data_schema=_shown(fact.model_json_schema())
        )
        for name, fact in sorted(PUBLIC_FACTS.items())
    ]
    return WebhookTypes(items=items, test_type=TEST_TYPE, loopback=settings.webhook_allow_loopback)


def _shown(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without what partners don't get."""
    return {
        **schema,
        "properties": {name: part for name, part in schema["properties"].items() if name not in WITHHELD},
        "required": [name for name in schema.get("required", ()) if name not in WITHHELD],
    }
