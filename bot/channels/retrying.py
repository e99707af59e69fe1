"""What a channel tries again: reaching its platform, having an update committed, the rest of a reply cut short."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bot.channels.base import Accept
from bot.engine.model import Update
from bot.errors import SendError, where
from bot.stores.base import Delivery

RETRY_FIRST, RETRY_LIMIT = 1.0, 60.0  # seconds between attempts to reach a platform, doubled each time
ACCEPT_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between tries of one update, until it is given up

log = logging.getLogger(__name__)
T = TypeVar("T")
Part = TypeVar("Part")


async def accept_update(update: Update, accept: Accept) -> None:
    """To its committed turn, or to the log: one update must not hold back everybody's."""
    channel = update.address.channel
    for delay in ACCEPT_DELAYS:
        try:
            return await accept(update)
        except Exception as error:
            log.warning("%s: update %s not committed: %s", channel, update.id, where(error))
            await asyncio.sleep(delay)
    log.error("%s: update %s given up", channel, update.id)


async def insist(
    what: str,
    attempt: Callable[[], Awaitable[T]],
    explain: Callable[[Exception], str],
    wait: Callable[[Exception], float] = lambda _: 0.0,
) -> T:
    """Until it works. `explain` says in the log why it does not; `wait`: seconds that the platform asks for."""
    delay = RETRY_FIRST
    while True:
        try:
            return await attempt()
        except Exception as error:
            delay = max(delay, wait(error))
            log.warning("%s failed, again in %.0f s: %s", what, delay, explain(error))
        await asyncio.sleep(delay)
        delay = min(delay * 2, RETRY_LIMIT)


class PartialSends:
    """Remembers how far a reply of several messages got, so that trying again doubles none of them."""

    def __init__(self) -> None:
        self._sent: dict[int, int] = {}  # by delivery: parts done, where a reply failed halfway

    async def send(self, delivery: Delivery, parts: Sequence[Part], send: Callable[[Part], Awaitable[None]]) -> None:
        """Raises what `send` raises."""
        done = self._sent.pop(delivery.id, 0)
        for number, part in enumerate(parts[done:], done):
            try:
                await send(part)
            except SendError as error:
                if error.retryable and number:
                    self._sent[delivery.id] = number
                raise
