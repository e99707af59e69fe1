"""The outbox to the channels: in order, side by side, later again, or given up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import delivery as delivery_module
from bot.channels.base import Accept, Capabilities
from bot.delivery import BACKOFF_FIRST, BACKOFF_LIMIT, LEASE, TRIES, DeliveryWorker
from bot.engine.model import Address, Reply, Turn, Update, UpdateKind
from bot.errors import ConnectionFailed, RateLimited, RecipientGone, Rejected
from bot.stores.base import Delivery, Store
from bot.stores.memory import MemoryStore
from bot.stores.sqlite import SqliteStore
from tests.conftest import NOON

CO_BA = Address("telegram", "co-ba")
CHU_TU = Address("telegram", "chu-tu")
SPREAD = 1.2  # a delay is up to this many times as long


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeChannel:
    """Takes replies; the next sends of a text fail as they are told to."""

    name = "telegram"
    capabilities = Capabilities(text_limit=4096, buttons=8, label_limit=64)

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.tried: list[str] = []
        self.failures: dict[str, list[BaseException]] = {}
        self.arrived: Callable[[], None] = lambda: None

    async def start(self, accept: Accept) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, delivery: Delivery) -> None:
        text = delivery.reply.text
        self.tried.append(text)
        if self.failures.get(text):
            raise self.failures[text].pop(0)
        await asyncio.sleep(0)
        self.sent.append((delivery.address.user_id, text))
        self.arrived()

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.sent]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "store.db")
    yield made
    made.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def worker(store: Store, channel: FakeChannel, clock: Clock) -> DeliveryWorker:
    return DeliveryWorker(store, {channel.name: channel}, clock)


_numbers = iter(range(1_000_000))


def answer(store: Store, *texts: str, address: Address = CO_BA) -> None:
    """A committed turn that says these."""
    update = Update(str(next(_numbers)), address, UpdateKind.TEXT)
    store.commit(update, Turn(store.session(address), tuple(Reply(text) for text in texts)), NOON)


async def deliver_all(worker: DeliveryWorker) -> int:
    """Until nothing is due; returns how many were tried."""
    tried = 0
    while count := await worker.deliver_due():
        tried += count
    return tried


class TestOrder:
    async def test_a_person_gets_replies_in_order(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel
    ) -> None:
        answer(store, "một", "hai")
        answer(store, "ba")
        assert await deliver_all(worker) == 3
        assert channel.texts == ["một", "hai", "ba"]
        assert store.outbox_counts() == {"waiting": 0, "dead": 0}

    async def test_what_failed_holds_back_what_comes_after_it_and_nobody_else(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel, clock: Clock
    ) -> None:
        channel.failures["một"] = [ConnectionFailed("down")]
        answer(store, "một", "hai")
        answer(store, "chào chú", address=CHU_TU)
        await deliver_all(worker)
        assert channel.texts == ["chào chú"]
        clock.wait(BACKOFF_FIRST * SPREAD)
        await deliver_all(worker)
        assert channel.texts == ["chào chú", "một", "hai"]

    async def test_a_channel_that_is_off_keeps_its_replies(self, store: Store, clock: Clock) -> None:
        answer(store, "một")
        assert await DeliveryWorker(store, {}, clock).deliver_due() == 0
        assert store.outbox_counts()["waiting"] == 1


class TestRetry:
    async def test_too_fast_waits_as_long_as_the_platform_says(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel, clock: Clock
    ) -> None:
        channel.failures["một"] = [RateLimited("429", 30)]
        answer(store, "một")
        await deliver_all(worker)
        clock.wait(29)
        assert await worker.deliver_due() == 0
        clock.wait(30 * SPREAD - 29)
        await deliver_all(worker)
        assert channel.texts == ["một"]

    async def test_a_platform_that_is_down_is_asked_less_and_less_often(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel, clock: Clock
    ) -> None:
        channel.failures["một"] = [ConnectionFailed("down")] * 3
        answer(store, "một")
        for delay in (BACKOFF_FIRST, BACKOFF_FIRST * 2, BACKOFF_FIRST * 4):
            assert await worker.deliver_due() == 1
            clock.wait(delay * 0.99)
            assert await worker.deliver_due() == 0
            clock.wait(delay * (SPREAD - 0.99))
        await deliver_all(worker)
        assert channel.texts == ["một"]

    async def test_in_the_end_it_is_given_up_and_the_next_one_goes_on(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel, clock: Clock
    ) -> None:
        channel.failures["một"] = [ConnectionFailed("down") for _ in range(TRIES)]
        answer(store, "một", "hai")
        while store.outbox_counts()["waiting"]:
            await deliver_all(worker)
            clock.wait(BACKOFF_LIMIT * SPREAD)
        assert channel.tried == ["một"] * TRIES + ["hai"]
        assert store.outbox_counts() == {"waiting": 0, "dead": 1}


class TestGivingUp:
    async def test_what_is_rejected_is_buried_and_the_next_one_goes_on(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel
    ) -> None:
        channel.failures["một"] = [Rejected("BUTTON_INVALID")]
        answer(store, "một", "hai")
        await deliver_all(worker)
        assert channel.texts == ["hai"]
        assert store.outbox_counts() == {"waiting": 0, "dead": 1}

    async def test_who_is_gone_gets_nothing_more_and_others_do(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel
    ) -> None:
        channel.failures["một"] = [RecipientGone("blocked")]
        answer(store, "một", "hai", "ba")
        answer(store, "chào chú", address=CHU_TU)
        await deliver_all(worker)
        assert channel.texts == ["chào chú"]
        assert store.outbox_counts() == {"waiting": 0, "dead": 3}

    async def test_who_comes_back_is_answered(self, worker: DeliveryWorker, store: Store, channel: FakeChannel) -> None:
        channel.failures["một"] = [RecipientGone("blocked")]
        answer(store, "một")
        await deliver_all(worker)
        answer(store, "hai")
        await deliver_all(worker)
        assert channel.texts == ["hai"]

    async def test_a_broken_channel_holds_nothing_back_and_tells_no_text(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel, caplog: pytest.LogCaptureFixture
    ) -> None:
        channel.failures["mã của cô là 1234"] = [KeyError("a bug of ours")]
        answer(store, "mã của cô là 1234", "hai")
        await deliver_all(worker)
        assert channel.texts == ["hai"]
        assert store.outbox_counts() == {"waiting": 0, "dead": 1}
        assert "mã của cô" not in caplog.text
        assert "co-ba" not in caplog.text


class TestDeadWorker:
    async def test_what_it_claimed_is_taken_over_after_the_lease(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel, clock: Clock
    ) -> None:
        answer(store, "một", "hai")
        store.claim(("telegram",), clock(), LEASE, 1)  # and then the power failed
        assert await worker.deliver_due() == 0
        clock.wait(LEASE - 1)
        assert await worker.deliver_due() == 0
        clock.wait(1)
        await deliver_all(worker)
        assert channel.texts == ["một", "hai"]

    async def test_two_workers_never_send_the_same(self, store: Store, channel: FakeChannel, clock: Clock) -> None:
        people = [Address("telegram", str(number)) for number in range(50)]
        for person in people:
            answer(store, "một", "hai", address=person)
        workers = [DeliveryWorker(store, {channel.name: channel}, clock) for _ in range(3)]
        while store.outbox_counts()["waiting"]:
            await asyncio.gather(*(one.deliver_due() for one in workers))
        assert sorted(channel.sent) == sorted((person.user_id, text) for person in people for text in ("một", "hai"))


class TestRun:
    @contextlib.asynccontextmanager
    async def running(self, worker: DeliveryWorker) -> AsyncIterator[None]:
        task = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def test_a_wake_is_served_at_once(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(delivery_module, "IDLE", 3600.0)
        arrived = asyncio.Event()
        channel.arrived = arrived.set
        async with self.running(worker):
            for text in ("một", "hai"):
                await asyncio.sleep(0.05)  # it has nothing to do and sleeps
                answer(store, text)
                worker.wake()
                await asyncio.wait_for(arrived.wait(), 5)
                arrived.clear()
        assert channel.texts == ["một", "hai"]

    async def test_what_another_process_committed_is_found_without_a_wake(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(delivery_module, "IDLE", 0.02)
        arrived = asyncio.Event()
        channel.arrived = arrived.set
        async with self.running(worker):
            await asyncio.sleep(0.05)
            answer(store, "một")
            await asyncio.wait_for(arrived.wait(), 5)

    async def test_a_channel_that_is_slow_holds_up_no_other(
        self, store: Store, channel: FakeChannel, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(delivery_module, "IDLE", 3600.0)
        zalo, never, arrived = FakeChannel(), asyncio.Event(), asyncio.Event()

        async def stuck(delivery: Delivery) -> None:
            await never.wait()

        monkeypatch.setattr(channel, "send", stuck)
        zalo.arrived = arrived.set
        worker = DeliveryWorker(store, {"telegram": channel, "zalo_oa": zalo}, clock)
        answer(store, "một")
        async with self.running(worker):
            await asyncio.sleep(0.05)
            to_zalo = Address("zalo_oa", "co-ba")
            answer(store, "hai", address=to_zalo)
            worker.wake(to_zalo)
            await asyncio.wait_for(arrived.wait(), 5)
        assert zalo.texts == ["hai"]

    async def test_it_outlives_a_store_that_fails(
        self,
        worker: DeliveryWorker,
        store: Store,
        channel: FakeChannel,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.ERROR, delivery_module.__name__)
        monkeypatch.setattr(delivery_module, "IDLE", 0.02)
        claim = store.claim
        failures = [OSError("database is locked")] * 3

        def failing(*arguments: object) -> list[Delivery]:
            if failures:
                raise failures.pop()
            return claim(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(store, "claim", failing)
        arrived = asyncio.Event()
        channel.arrived = arrived.set
        answer(store, "một")
        async with self.running(worker):
            await asyncio.wait_for(arrived.wait(), 5)
        assert channel.texts == ["một"]
        assert "outbox could not be worked off" in caplog.text

    async def test_sent_but_not_crossed_off_is_sent_again_not_lost(
        self, worker: DeliveryWorker, store: Store, channel: FakeChannel, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The promise is at least once: better twice than never."""

        def failing(delivery_id: int) -> None:
            raise OSError("disk full")

        answer(store, "một")
        with monkeypatch.context() as broken:
            broken.setattr(store, "delivered", failing)
            with pytest.raises(OSError, match="disk full"):
                await worker.deliver_due()
        clock.wait(LEASE)
        await deliver_all(worker)
        assert channel.texts == ["một", "một"]
        assert store.outbox_counts()["waiting"] == 0
