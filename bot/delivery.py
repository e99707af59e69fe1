"""The outbox to the channels: claim, send, retry later, give up."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from bot.channels.base import Channel
from bot.engine.model import Address, Update
from bot.errors import RecipientGone, SendError, where
from bot.stores.base import Delivery, Store
from bot.turns import utc_now

log = logging.getLogger(__name__)

Look = Callable[[Update], Awaitable[None]]
"""Looks at the picture of an update. Ends well within LEASE."""

LEASE = 60.0  # seconds a claimed reply is ours: longer than any platform's send takes
BATCH = 32  # replies of a channel sent at the same time, each to another person
IDLE = 2.0  # seconds between looks at the outbox when nothing wakes us: replies of other processes, retries falling due
BACKOFF_FIRST = 2.0  # seconds, doubled at each try
BACKOFF_LIMIT = 600.0
TRIES = 12  # about an hour and a half of a platform being down


class DeliveryWorker:
    """Sends what waits, in order for each person and side by side for many.

    Each channel is served on its own, so that one that is slow, or keeps its platform's pace, holds up no other.
    """

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        now: Callable[[], datetime] = utc_now,
        look: Look | None = None,
    ) -> None:
        """`look` takes care of Reply.looks_at; without it nothing is looked at."""
        self._store = store
        self._channels = channels
        self._now = now
        self._look = look
        self._looks: set[asyncio.Task[None]] = set()
        self._woken = {name: asyncio.Event() for name in channels}

    def wake(self, address: Address | None = None) -> None:
        """There may be something to send, to this address or to anybody."""
        for name, woken in self._woken.items():
            if address is None or address.channel == name:
                woken.set()

    async def run(self) -> None:
        """Until cancelled. A send under way at that moment is finished by the lease or by the next start."""
        try:
            await asyncio.gather(*(self._serve(name, woken) for name, woken in self._woken.items()))
        finally:
            for look in self._looks:
                look.cancel()

    async def _serve(self, channel: str, woken: asyncio.Event) -> None:
        while True:
            woken.clear()
            if not await self._work(channel):
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), IDLE)

    async def _work(self, channel: str) -> int:
        try:
            return await self._deliver_due(channel)
        except Exception:  # the store may be locked or full for a while: replies wait, nothing is lost
            log.exception("outbox could not be worked off")
            return 0

    async def deliver_due(self) -> int:
        """Send every reply that is due now, one for each person; returns how many were tried."""
        return sum(await asyncio.gather(*(self._deliver_due(name) for name in self._channels)))

    async def _deliver_due(self, channel: str) -> int:
        due = await asyncio.to_thread(self._store.claim, (channel,), self._now(), LEASE, BATCH)
        await asyncio.gather(*(self._deliver(delivery) for delivery in due))
        return len(due)

    async def _deliver(self, delivery: Delivery) -> None:
        if delivery.reply.looks_at:
            look = asyncio.create_task(self._look_at(delivery, delivery.reply.looks_at))
            self._looks.add(look)  # it takes seconds, and nobody else's reply waits for it
            look.add_done_callback(self._looks.discard)
            return
        try:
            await self._channels[delivery.address.channel].send(delivery)
        except RecipientGone as error:
            await self._give_up_on_person(delivery, error)
        except SendError as error:
            await self._failed(delivery, error)
        except Exception as error:
            log.error("channel %s broke on reply %d: %s", delivery.address.channel, delivery.id, where(error))
            await self._bury(delivery, type(error).__name__)
        else:
            await asyncio.to_thread(self._store.delivered, delivery.id)

    async def _look_at(self, delivery: Delivery, update: Update) -> None:
        """Once, whatever comes of it: the person's later replies wait for it. Cut off, it is done again."""
        try:
            if self._look:
                await self._look(update)
        except Exception as error:
            log.error("%s: a picture was not looked at: %s", update.address.channel, where(error))
        await asyncio.to_thread(self._store.delivered, delivery.id)
        self.wake(delivery.address)

    async def _failed(self, delivery: Delivery, error: SendError) -> None:
        if not error.retryable or delivery.attempts >= TRIES:
            await self._bury(delivery, error.code)
            return
        delay = error.retry_after or min(BACKOFF_FIRST * 2 ** (delivery.attempts - 1), BACKOFF_LIMIT)
        delay *= random.uniform(1.0, 1.2)  # noqa: S311 - spreads retries, guards nothing
        log.warning("reply %d to %s waits %.0f s: %s", delivery.id, delivery.address.channel, delay, error.code)
        await asyncio.to_thread(self._store.retry, delivery.id, self._now() + timedelta(seconds=delay), error.code)

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        log.error("reply %d to %s given up: %s", delivery.id, delivery.address.channel, reason)
        await asyncio.to_thread(self._store.bury, delivery.id, reason, self._now())

    async def _give_up_on_person(self, delivery: Delivery, error: SendError) -> None:
        count = await asyncio.to_thread(self._store.bury_all, delivery.address, error.code, self._now())
        log.info("%d replies to %s given up: the person is gone (%s)", count, delivery.address.channel, error.code)
