"""Keeps a channel's secrets out of every log line, whoever writes it: platforms put tokens into addresses."""

from __future__ import annotations

import logging
import traceback
from typing import Any
from urllib.parse import quote

HIDDEN = "***"
LEAST = 8  # characters; anything shorter guards nothing, and hiding it would blot out ordinary words


class _HidingFactory:
    """Makes log records without secrets.

    A filter would have to sit on every handler, those that are added later too; all records are made here.
    """

    def __init__(self, make: Any) -> None:
        self._make = make
        self.secrets: set[str] = set()

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._make(*args, **kwargs)
        try:
            self._hide(record)
        except Exception:  # a message that does not fit its arguments: the handler complains about it in its own way
            return record
        return record

    def _hide(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if (hidden := self._hidden(message)) != message:
            record.msg, record.args = hidden, ()
        if record.exc_info and record.exc_info[0]:
            trace = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            if (hidden := self._hidden(trace)) != trace:
                record.exc_text, record.exc_info = hidden, None

    def _hidden(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


def hide_in_logs(*secrets: str) -> None:
    """From now on, in this process."""
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _HidingFactory):
        factory = _HidingFactory(factory)
        logging.setLogRecordFactory(factory)
    for secret in secrets:
        if len(secret) >= LEAST:
            factory.secrets = factory.secrets | {secret, quote(secret, safe="")}  # another thread may be reading it
