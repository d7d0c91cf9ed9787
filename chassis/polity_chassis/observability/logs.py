"""JSON log lines on standard output, with the service and the trace, without what people entered."""

import logging
import sys
import traceback
from types import TracebackType

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from polity_chassis.observability.tracing import LINK, current_trace_id

_QUIET = ("httpx", "httpcore", "uvicorn.access", "aiokafka", "kafka", "faststream")
"""Loggers whose INFO lines repeat ours or carry whole URLs."""


def setup(service_name: str, level: str) -> None:
    """Sends every logger's lines to standard output; `level` is the least severe one written."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Formatter(service_name))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Formatter(JsonFormatter):
    def __init__(self, service_name: str) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"service": service_name},
            timestamp="time",
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
        )

    def format(self, record: logging.LogRecord) -> str:
        record.trace_id = getattr(record, "trace_id", None) or current_trace_id()
        return LINK.sub("{token}", super().format(record))

    def formatException(  # noqa: N802
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Returns where it happened and the types: a message may quote a row or an input."""
        return describe(ei[1]) if ei[1] else ""


def describe(error: BaseException) -> str:
    """Returns the frames and types of an exception and its causes, without their messages."""
    lines: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(lines) < 200:
        lines += traceback.format_tb(seen.__traceback__)
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}\n")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "".join(lines)
