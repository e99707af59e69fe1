"""From an update to its committed turn: read, respond, commit, and again when somebody else was faster."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter

from bot.engine.library import Library
from bot.engine.model import Address, Update, UpdateKind
from bot.engine.respond import respond
from bot.errors import StaleSession
from bot.stores.base import Store

log = logging.getLogger(__name__)

TRIES = 20  # turns of one person played at the same time before we give the update back to the platform


def utc_now() -> datetime:
    return datetime.now(UTC)


class Turns:
    """Takes updates one by one; safe beside any number of others on the same store."""

    def __init__(self, store: Store, library: Callable[[], Library], now: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._library = library
        self._now = now
        self._listeners: list[Callable[[Address], None]] = []

    def on_commit(self, listener: Callable[[Address], None]) -> None:
        """Have `listener` called, in the event loop, with each address that was just answered."""
        self._listeners.append(listener)

    async def accept(self, update: Update) -> None:
        """Commit the update's turn. Raises StaleSession or a store's error only when nothing was committed."""
        started = perf_counter()
        await asyncio.to_thread(self.play, update)
        log.info(
            "turn channel=%s kind=%s ms=%.1f", update.address.channel, update.kind, (perf_counter() - started) * 1000
        )
        for listener in self._listeners:
            listener(update.address)

    def play(self, update: Update) -> None:
        """One update, one transaction. A redelivered update changes nothing."""
        if update.kind is UpdateKind.WITHDRAWN:
            self._store.erase(update.address)  # and no turn: it would remember them again
            return
        for attempt in range(TRIES):
            if self._store.has_seen(update):
                return
            now = self._now()
            turn = respond(update, self._store.session(update.address), self._library(), now)
            try:
                self._store.commit(update, turn, now)
            except StaleSession:
                if attempt + 1 == TRIES:
                    raise
            else:
                return
