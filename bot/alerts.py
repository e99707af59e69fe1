"""A channel that only a person can mend is told in the admins' own chat, through the outbox like any reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2s

from bot.channels.base import Channel, trouble_of
from bot.engine.model import Address, Reply, Turn, Update, UpdateKind
from bot.errors import StaleSession
from bot.stores.base import Store
from bot.words import say

log = logging.getLogger(__name__)

LOOK_EVERY = 30.0  # seconds


class Alerts:
    """Looks at the channels; tells each chat once a day while one is in trouble, and once when it works again."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        chats: Sequence[Address],
        now: Callable[[], datetime],
        told: Callable[[Address], None],
    ) -> None:
        """`told` is called in the event loop with each chat that was just written to."""
        self._store = store
        self._channels = channels
        self._chats = chats
        self._now = now
        self._told = told
        self._troubles: dict[str, str] = {}  # by channel, as last told

    async def run(self) -> None:
        """Until cancelled."""
        while self._chats:
            try:
                await self.look()
            except Exception:  # the store may be locked or full for a while
                log.exception("an alert could not be stored")
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        for name, channel in self._channels.items():
            trouble = trouble_of(channel)
            if trouble:
                await self._tell(name, say("alerts", "broken", channel=name, told=trouble))
            elif self._troubles.get(name):
                await self._tell(name, say("alerts", "mended", channel=name))
            self._troubles[name] = trouble

    async def _tell(self, name: str, text: str) -> None:
        """The chat on the broken channel itself is left out: it could not be reached."""
        for chat in self._chats:
            if chat.channel != name:
                await asyncio.to_thread(self._post, chat, text)
                self._told(chat)

    def _post(self, chat: Address, text: str) -> None:
        """Committed as a turn of its own. Its id makes it one a day, for any number of processes and restarts."""
        now = self._now()
        digest = blake2s(text.encode(), digest_size=8).hexdigest()
        update = Update(f"alert-{digest}-{now:%Y-%m-%d}", chat, UpdateKind.TEXT)
        while not self._store.has_seen(update):
            try:
                self._store.commit(update, Turn(self._store.session(chat), (Reply(text),)), now)
            except StaleSession:
                continue
