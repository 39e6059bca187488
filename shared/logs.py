"""One JSON object a line, whatever is in the fields."""

import logging
import sys

import orjson
import structlog


def configure(service: str) -> None:
    """Log to standard error. Line breaks and control codes arrive escaped, inside JSON."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(
                serializer=lambda fields, **_: orjson.dumps(fields, default=repr).decode()
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(service=service)
