"""What the program says on stderr: lines for a person, or JSON for machines that collect them."""

from __future__ import annotations

import datetime
import json
import logging
import sys
import threading

import click

from pipeline.report.output import safe
from pipeline.settings import LogSettings

_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"

logger = logging.getLogger("backlinks")


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message, error."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr(settings: LogSettings) -> None:
    """From now on; with json_lines warnings too, and what nobody caught."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(settings.level.upper())  # Scrapy sets its loggers' levels, not ours
    handler.setFormatter(JsonLines() if settings.json_lines else logging.Formatter(_LINE))
    if settings.level in ("warning", "error"):  # it tells of each try of what it also raises
        handler.addFilter(lambda record: not record.name.startswith("kafka."))
    logging.basicConfig(handlers=[handler])
    if settings.json_lines:
        logging.captureWarnings(True)
        sys.excepthook = lambda _, error, __: _uncaught(error)
        threading.excepthook = lambda died: _uncaught(died.exc_value)


def say(text: str, *, level: int = logging.INFO) -> None:
    """A line for who ran the command, whatever `log.level` is; in JSON where its log is."""
    context = click.get_current_context().find_root()
    if (context.obj or {}).get("json_lines"):
        name = logging.getLevelName(level)
        said = {"name": logger.name, "levelno": level, "levelname": name, "msg": safe(text)}
        line = JsonLines().format(logging.makeLogRecord(said))
    else:
        line = f"backlinks: {safe(text)}" if level >= logging.ERROR else text
    click.echo(line, err=True)


def _uncaught(error: BaseException | None) -> None:
    logger.critical("a mistake of ours: %s", error, exc_info=error)
