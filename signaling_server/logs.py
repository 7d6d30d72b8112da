"""One JSON object a line on stderr. What may be logged is listed here; anything else is left out.

So that no token, session description or address can slip into a log by way of an `extra`.
"""

import json
import logging
import sys
from datetime import UTC, datetime

ALLOWED = (
    "sid",
    "user",
    "room",
    "peer",
    "reason",
    "code",
    "event",
    "node",
    "resumed",
    "signal",
    "port",
)


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line.update((name, getattr(record, name)) for name in ALLOWED if hasattr(record, name))
        if record.exc_info and record.exc_info[1] is not None:
            # The kind of fault and where, not its text: that may quote what a client sent.
            fault = record.exc_info[1]
            line["fault"] = type(fault).__name__
            line["at"] = _place(fault)
        return json.dumps(line, default=str)


def _place(fault: BaseException) -> str:
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}"


def configure(level: str) -> None:
    """Send the server's own log to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("signaling_server")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
