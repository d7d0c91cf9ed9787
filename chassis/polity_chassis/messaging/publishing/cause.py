"""Who acts, and on whose behalf: ids that each fact carries as CloudEvents attributes, for whoever asks later.

Whoever lets a request in says who acts; the work of a process' own is the service's. Names and reasons stay in the
owner's tables, where an erasure finds them.
"""

from contextvars import ContextVar
from typing import NamedTuple
from uuid import UUID

from polity_chassis.observability.tracing import current_traceparent


class Acting(NamedTuple):
    """`actor` is `person:<id>`, `link:<id>` for whoever holds that link, or `service:<name>`; `on_behalf_of` the id of
    the network or local government that is acted for."""

    actor: str | None = None
    on_behalf_of: str | None = None


class Cause(NamedTuple):
    """What a fact comes from: the trace of the request, and who acts by it."""

    traceparent: str | None
    acting: Acting

    def on_behalf_of(self, scope_id: UUID) -> "Cause":
        """Returns the same for somebody else."""
        return Cause(self.traceparent, self.acting._replace(on_behalf_of=str(scope_id)))


_acting: ContextVar[Acting] = ContextVar("acting")


def act_as(acting: Acting) -> None:
    """Sets who acts from here on in this task and those that it starts."""
    _acting.set(acting)


def current_cause() -> Cause:
    """Returns what the facts of this task come from."""
    return Cause(current_traceparent(), _acting.get(Acting()))
