"""Logs as lines of JSON: of a request its method, the template of its route, status and time; never what it asked.

Addresses hold codes and coordinates, which are personal data; they are not written down anywhere.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

__all__ = ["JsonLines", "RequestLog", "set_up_logging"]


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; a failure with its traceback, but not with the values that caused it."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = getattr(record, "request_id", None)
        if request_id:
            line["request_id"] = request_id
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            trace = record.exc_info[2]
            places = []
            while trace is not None:
                places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
                trace = trace.tb_next
            line["places"] = " > ".join(places)
        return json.dumps(line, ensure_ascii=False)


class RequestLog:
    """Writes a line for every request, and for what failed in one."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self.logger = logging.getLogger("jiexiang.api")

    def line(
        self, method: str, route: str, status: int, seconds: float, sent: int, request_id: str, caller: str
    ) -> None:
        """Write down one request."""
        if self.stream is None:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with contextlib.suppress(OSError):  # a log without room, where nothing can be told, keeps nobody from an answer
            self.stream.write(
                f'{{"at":"{at}","level":"info","logger":"jiexiang.request","method":{_quote(method)},'
                f'"route":{_quote(route)},"status":{status},"ms":{seconds * 1000:.1f},"bytes":{sent},'
                f'"request_id":"{request_id}","caller":{_quote(caller)}}}\n'
            )

    def fault(self, error: BaseException, request_id: str) -> None:
        """Write down what a request ran into that nobody expected."""
        self.logger.error("a request failed", exc_info=error, extra={"request_id": request_id})


@lru_cache(maxsize=1_000)
def _quote(text: str) -> str:
    return json.dumps(text)


def set_up_logging() -> TextIO:
    """Send every log of this process to stderr as lines of JSON, and return that stream."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"
    for name in ("httpx", "httpcore", "asyncpg"):  # whom they ask is nobody's business: an address may hold a token
        logging.getLogger(name).setLevel(logging.WARNING)
    return sys.stderr
