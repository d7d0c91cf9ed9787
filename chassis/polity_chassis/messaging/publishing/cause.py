"""The cause of a fact: the trace of its request, who acts, and on whose behalf.

Facts carry it as CloudEvents attributes. The access rule of a route sets who acts; for the work of a process itself it
is the service. Names and reasons stay in the owner's tables, where an erasure finds them.
"""

from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID

from polity_chassis.observability.tracing import current_traceparent


class Acting(NamedTuple):
    """`actor` is `person:<id>`, `link:<id>` for the holder of that link, or `service:<name>`; `on_behalf_of` the id of
    the network or local government that is acted for."""

    actor: str | None = None
    on_behalf_of: str | None = None


class Cause(NamedTuple):
    """The trace of the request and who acts by it."""

    traceparent: str | None
    acting: Acting

    def on_behalf_of(self, scope_id: UUID) -> "Cause":
        """Returns the same cause on behalf of another network or local government."""
        return Cause(self.traceparent, self.acting._replace(on_behalf_of=str(scope_id)))


_acting: ContextVar[Acting] = ContextVar("acting")


def act_as(acting: Acting) -> None:
    """Sets who acts, for this task and those that it starts."""
    _acting.set(acting)


def current_cause() -> Cause:
    """Returns the cause of the facts of this task."""
    return Cause(current_traceparent(), _acting.get(Acting()))
