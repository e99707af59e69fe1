"""What every store promises, run over every store. A new store is one more entry in OPENERS."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from bot.engine.model import Address, Button, Event, EventKind, Reply, Round, Session, Turn, Update, UpdateKind
from bot.errors import StaleSession
from bot.stores.base import Kept, Store
from bot.stores.memory import MemoryStore
from bot.stores.persons import person_key
from bot.stores.sqlite import SqliteStore

NOW = datetime(2026, 11, 20, 8, 0, 0, 123456, tzinfo=UTC)
LEASE = 30.0  # seconds
CO_BA = Address("zalo_oa", "co-ba")
CHU_TU = Address("zalo_oa", "chu-tu")
CO_BA_ON_WEB = Address("web", "co-ba")
CHANNELS = ("zalo_oa", "web")
FULL_SESSION = Session(
    guide_id="vneid-kich-hoat",
    step_id="ios",
    step_index=3,
    trail=("mo-ung-dung", "chọn máy"),
    offered=(Button("Gọi tổng đài", phone="19000368"), Button("Làm tiếp", postback="g:vneid:next")),
    paused=True,
    stuck=True,
    misses=2,
    pronoun="bác",
    round=Round("quiz-that-hay-lua", 8, 8, ("qr-de-len",), ("lay-lai-tien",)),
    path="tieu-thuong",
    finished=("thanh-toan-quet-qr",),
    volunteer="dt01",
    seen_at=NOW,
)

Reopen = Callable[[], Store]


def _memory(request: pytest.FixtureRequest, folder: Path) -> Store:
    return MemoryStore("pepper")


def _sqlite(request: pytest.FixtureRequest, folder: Path) -> Store:
    return SqliteStore(folder / "store.db", "pepper")


OPENERS = {"memory": _memory, "sqlite": _sqlite}  # the next store is a line here
DURABLE = ["sqlite"]


@pytest.fixture(params=list(OPENERS))
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Each call is one more store object on the same data, as another process would have."""
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(OPENERS[request.param](request, tmp_path))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Reopen) -> Store:
    return open_store()


def update(number: int | str, address: Address = CO_BA, origin: str = "") -> Update:
    return Update(str(number), address, UpdateKind.TEXT, text="vneid ko vao dc", origin=origin)


def say(store: Store, number: int | str, *texts: str, address: Address = CO_BA, now: datetime = NOW) -> bool:
    """One whole turn that answers with these texts."""
    turn = Turn(store.session(address), tuple(Reply(text) for text in texts), (Event(EventKind.ASKED),))
    return store.commit(update(number, address), turn, now)


def claim(store: Store, now: datetime = NOW, limit: int = 100, channels: tuple[str, ...] = CHANNELS) -> list[str]:
    return [delivery.reply.text for delivery in store.claim(channels, now, LEASE, limit)]


def waiting(store: Store, address: Address = CO_BA, after: int = 0) -> list[str]:
    return [delivery.reply.text for delivery in store.waiting(address, after)]


def first_id(store: Store, address: Address = CO_BA) -> int:
    return store.waiting(address, 0)[0].id


class TestCommit:
    def test_unknown_address_has_a_new_session(self, store: Store) -> None:
        assert store.session(CO_BA) == Session()

    def test_session_gets_the_next_version(self, store: Store) -> None:
        say(store, 1)
        say(store, 2)
        assert store.session(CO_BA).version == 2

    def test_the_sample_session_fills_every_field(self) -> None:
        """Or the next test would not notice a new field that no store can keep."""
        left = {each.name for each in fields(Session) if getattr(FULL_SESSION, each.name) == each.default}
        assert left == {"version"}

    def test_session_comes_back_with_every_field(self, store: Store) -> None:
        store.commit(update(1), Turn(FULL_SESSION), NOW)
        assert store.session(CO_BA) == replace(FULL_SESSION, version=1)

    def test_reply_comes_back_with_every_field(self, store: Store) -> None:
        reply = Reply("Bấm **Gửi**", (Button("Trang", url="https://vneid.gov.vn"),), "vneid/gui.png", True)
        store.commit(update(1, origin="message-7"), Turn(Session(), (reply,)), NOW)
        (delivery,) = store.claim(CHANNELS, NOW, LEASE, 10)
        assert (delivery.address, delivery.reply, delivery.origin) == (CO_BA, reply, "message-7")
        assert delivery.attempts == 1

    def test_event_comes_back_with_every_field(self, store: Store) -> None:
        event = Event(EventKind.RATED, "vneid", "vneid-kich-hoat", "ios", "dt01", "yes", "đã che")
        store.commit(update(1), Turn(Session(), events=(event,)), NOW)
        (logged,) = store.events(NOW)
        assert (logged.at, logged.channel, logged.event) == (NOW, "zalo_oa", event)
        assert logged.person == person_key(CO_BA, NOW, "pepper")

    def test_same_update_twice_changes_nothing(self, store: Store) -> None:
        assert say(store, 1, "một")
        assert not say(store, 1, "hai", now=NOW + timedelta(seconds=5))
        assert store.session(CO_BA).version == 1
        assert waiting(store) == ["một"]
        assert len(store.events(NOW)) == 1

    def test_seen_update_with_a_stale_session_is_still_only_seen(self, store: Store) -> None:
        """The platform redelivers what another process has just committed."""
        assert store.commit(update(1), Turn(Session()), NOW)
        assert not store.commit(update(1), Turn(Session()), NOW)

    def test_same_update_id_on_two_channels_is_two_updates(self, store: Store) -> None:
        assert say(store, 1, address=CO_BA)
        assert not store.has_seen(update(1, CO_BA_ON_WEB))
        assert say(store, 1, address=CO_BA_ON_WEB)

    def test_has_seen_only_what_was_committed(self, store: Store) -> None:
        assert not store.has_seen(update(1))
        say(store, 1)
        assert store.has_seen(update(1))

    @pytest.mark.parametrize("version", [0, 2, 7])
    def test_stale_session_is_refused_and_leaves_nothing(self, store: Store, version: int) -> None:
        say(store, 1, "một")
        turn = Turn(Session(version=version, pronoun="bác"), (Reply("thừa"),), (Event(EventKind.ASKED),))
        with pytest.raises(StaleSession):
            store.commit(update(2), turn, NOW)
        assert not store.has_seen(update(2))
        assert store.session(CO_BA) == Session(version=1)
        assert waiting(store) == ["một"]
        assert len(store.events(NOW)) == 1

    def test_session_that_was_forgotten_is_stale(self, store: Store) -> None:
        with pytest.raises(StaleSession):
            store.commit(update(1), Turn(Session(version=3)), NOW)
        assert store.session(CO_BA) == Session()

    def test_two_turns_on_one_session_cannot_both_win(self, open_store: Reopen) -> None:
        first = open_store()
        second = first if isinstance(first, MemoryStore) else open_store()
        barrier = Barrier(2)

        def race(store: Store, number: int) -> bool:
            session = store.session(CO_BA)
            barrier.wait()
            try:
                return store.commit(update(number), Turn(session, (Reply(str(number)),)), NOW)
            except StaleSession:
                return False

        with ThreadPoolExecutor(2) as pool:
            for round_ in range(20):
                wins = list(pool.map(race, (first, second), (round_ * 2, round_ * 2 + 1)))
                assert sum(wins) == 1
        assert first.session(CO_BA).version == len(waiting(first)) == 20


class TestDelivery:
    def test_order_is_kept_for_one_address(self, store: Store) -> None:
        say(store, 1, "một", "hai")
        say(store, 2, "ba")
        order = []
        while deliveries := store.claim(CHANNELS, NOW, LEASE, 10):
            (delivery,) = deliveries
            assert claim(store) == []
            order.append(delivery.reply.text)
            store.delivered(delivery.id)
        assert order == ["một", "hai", "ba"]

    def test_addresses_go_side_by_side_the_oldest_first(self, store: Store) -> None:
        say(store, 1, "ba 1", "ba 2")
        say(store, 2, "tư 1", "tư 2", address=CHU_TU)
        say(store, 3, "web 1", address=CO_BA_ON_WEB)
        assert claim(store, limit=2) == ["ba 1", "tư 1"]
        assert claim(store) == ["web 1"]

    def test_only_the_channels_asked_for(self, store: Store) -> None:
        say(store, 1, "zalo")
        say(store, 2, "web", address=CO_BA_ON_WEB)
        assert claim(store, channels=()) == []
        assert claim(store, channels=("web",)) == ["web"]
        assert claim(store, channels=("telegram",)) == []

    def test_two_workers_never_claim_the_same_reply(self, open_store: Reopen) -> None:
        first = open_store()
        second = first if isinstance(first, MemoryStore) else open_store()
        for person in range(60):
            say(first, person, f"{person}a", f"{person}b", address=Address("web", str(person)))
        barrier = Barrier(4)

        def work(store: Store) -> list[str]:
            mine = []
            barrier.wait()
            while deliveries := store.claim(CHANNELS, NOW, LEASE, 3):
                for delivery in deliveries:
                    mine.append(delivery.reply.text)
                    store.delivered(delivery.id)
            return mine

        with ThreadPoolExecutor(4) as pool:
            claimed = [text for mine in pool.map(work, (first, second) * 2) for text in mine]
        # A worker may stop while the others hold the last ones: what is left is claimed now, once.
        while rest := store_rest(first):
            claimed += rest
        assert Counter(claimed) == Counter(f"{person}{part}" for person in range(60) for part in "ab")
        assert first.outbox_counts() == {"waiting": 0, "dead": 0}

    def test_a_dead_workers_lease_lapses(self, store: Store) -> None:
        say(store, 1, "một", "hai")
        assert claim(store) == ["một"]
        assert claim(store, NOW + timedelta(seconds=LEASE - 1)) == []
        (delivery,) = store.claim(CHANNELS, NOW + timedelta(seconds=LEASE), LEASE, 10)
        assert (delivery.reply.text, delivery.attempts) == ("một", 2)

    def test_retry_keeps_later_replies_waiting_until_due(self, store: Store) -> None:
        say(store, 1, "một", "hai")
        claim(store)
        due = NOW + timedelta(minutes=5)
        store.retry(first_id(store), due, "503")
        say(store, 2, "ba")
        assert claim(store, due - timedelta(seconds=1)) == []
        assert claim(store, due) == ["một"]

    def test_retry_does_not_wait_for_the_lease(self, store: Store) -> None:
        say(store, 1, "một")
        claim(store)
        store.retry(first_id(store), NOW + timedelta(seconds=1), "503")
        assert claim(store, NOW + timedelta(seconds=1)) == ["một"]

    def test_bury_lets_later_ones_go(self, store: Store) -> None:
        say(store, 1, "một", "hai")
        claim(store)
        store.bury(first_id(store), "400", NOW)
        assert claim(store) == ["hai"]
        assert store.outbox_counts() == {"waiting": 1, "dead": 1}

    def test_bury_all_gives_up_one_person_only(self, store: Store) -> None:
        say(store, 1, "một", "hai")
        say(store, 2, "tư", address=CHU_TU)
        claim(store)
        assert store.bury_all(CO_BA, "403", NOW) == 2
        assert store.bury_all(CO_BA, "403", NOW) == 0
        assert store.outbox_counts() == {"waiting": 1, "dead": 2}
        assert waiting(store, CHU_TU) == ["tư"]

    def test_what_is_gone_can_be_delivered_retried_and_buried_again(self, store: Store) -> None:
        say(store, 1, "một")
        gone = first_id(store)
        store.delivered(gone)
        store.delivered(gone)
        store.retry(gone, NOW, "late")
        store.bury(gone, "late", NOW)
        assert store.outbox_counts() == {"waiting": 0, "dead": 0}

    def test_waiting_shows_one_address_in_order_after_an_id(self, store: Store) -> None:
        say(store, 1, "một", "hai", address=CO_BA_ON_WEB)
        say(store, 2, "khác")
        say(store, 3, "ba", address=CO_BA_ON_WEB)
        assert waiting(store, CO_BA_ON_WEB) == ["một", "hai", "ba"]
        assert waiting(store, CO_BA_ON_WEB, after=first_id(store, CO_BA_ON_WEB)) == ["hai", "ba"]

    def test_acknowledge_forgets_up_to_an_id_for_one_address(self, store: Store) -> None:
        say(store, 1, "khác")
        say(store, 2, "một", "hai", "ba", address=CO_BA_ON_WEB)
        store.acknowledge(CO_BA_ON_WEB, store.waiting(CO_BA_ON_WEB, 0)[1].id)
        assert waiting(store, CO_BA_ON_WEB) == ["ba"]
        assert waiting(store) == ["khác"]

    def test_outbox_ids_are_never_used_again(self, store: Store) -> None:
        used = 0
        for number, forget in enumerate((store.acknowledge, lambda *_: store.erase(CO_BA))):
            say(store, number, "một", "hai")
            ids = [delivery.id for delivery in store.waiting(CO_BA, 0)]
            assert min(ids) > used
            used = max(ids)
            forget(CO_BA, used)
        say(store, "sau", "ba")
        assert first_id(store) > used


class TestLog:
    def test_record_needs_no_person(self, store: Store) -> None:
        shared = Event(EventKind.SHARED, guide="vneid-kich-hoat", volunteer="dt01")
        store.record(None, shared, NOW)
        store.record(CO_BA, shared, NOW)
        nobody, someone = store.events(NOW)
        assert (nobody.channel, nobody.person, nobody.event) == ("", "", shared)
        assert (someone.channel, bool(someone.person)) == ("zalo_oa", True)

    def test_events_from_a_moment_on_oldest_first(self, store: Store) -> None:
        for seconds in (2, 0, 1, 3):
            store.record(None, Event(EventKind.ASKED, guide=str(seconds)), NOW + timedelta(seconds=seconds))
        assert [one.event.guide for one in store.events(NOW + timedelta(seconds=1))] == ["1", "2", "3"]

    def test_a_person_is_another_every_month(self) -> None:
        later = NOW + timedelta(days=20)
        assert person_key(CO_BA, NOW, "pepper") == person_key(CO_BA, NOW + timedelta(hours=9), "pepper")
        keys = {
            person_key(CO_BA, NOW, "pepper"),
            person_key(CO_BA, later, "pepper"),
            person_key(CO_BA, NOW, "salt"),
            person_key(CO_BA_ON_WEB, NOW, "pepper"),
            person_key(CHU_TU, NOW, "pepper"),
        }
        assert len(keys) == 5


class TestForgetting:
    def test_erase_forgets_one_person(self, store: Store) -> None:
        say(store, 1, "chết", "một")
        store.bury(first_id(store), "400", NOW)
        say(store, 2, "tư", address=CHU_TU)
        store.erase(CO_BA)
        assert store.session(CO_BA) == Session()
        assert store.outbox_counts() == {"waiting": 1, "dead": 0}
        assert store.session(CHU_TU).version == 1
        assert len(store.events(NOW)) == 2
        assert say(store, 3, "lại")

    def test_purge_forgets_what_is_older_and_nothing_else(self, store: Store) -> None:
        unanswered = Event(EventKind.UNANSWERED, text="đã che")
        for number, (address, at) in enumerate({CO_BA: NOW - timedelta(days=1), CHU_TU: NOW}.items()):
            say(store, number, "chết", "một", address=address, now=at)
            store.bury(first_id(store, address), "400", at)
            store.record(address, unanswered, at)
        store.purge(NOW)
        assert not store.has_seen(update(0))
        assert store.session(CO_BA) == Session()
        assert waiting(store, CO_BA) == []
        assert store.has_seen(update(1, CHU_TU))
        assert store.session(CHU_TU).version == 1
        assert waiting(store, CHU_TU) == ["một"]
        assert store.outbox_counts() == {"waiting": 1, "dead": 1}
        texts = [one.event.text for one in store.events(NOW - timedelta(days=9)) if one.event.kind == "unanswered"]
        assert texts == ["", "đã che"]

    def test_a_store_that_works_passes_its_check_and_is_unchanged(self, store: Store) -> None:
        say(store, 1, "một")
        store.check()
        assert store.session(CO_BA).version == 1
        assert waiting(store) == ["một"]


@pytest.mark.parametrize("open_store", DURABLE, indirect=True)
class TestDurableStores:
    def test_everything_is_there_after_reopening(self, open_store: Reopen) -> None:
        store = open_store()
        store.commit(update(1), Turn(FULL_SESSION, (Reply("một"),), (Event(EventKind.ASKED),)), NOW)
        store.close()
        store = open_store()
        assert store.session(CO_BA) == replace(FULL_SESSION, version=1)
        assert store.has_seen(update(1))
        assert waiting(store) == ["một"]
        assert len(store.events(NOW)) == 1

    def test_outbox_ids_are_never_used_again_after_reopening(self, open_store: Reopen) -> None:
        store = open_store()
        say(store, 1, "một", "hai")
        last = store.waiting(CO_BA, 0)[-1].id
        store.acknowledge(CO_BA, last)
        store.close()
        store = open_store()
        say(store, 2, "ba")
        assert first_id(store) > last


class TestVault:
    def test_what_was_never_kept_is_of_version_0(self, store: Store) -> None:
        assert store.recall("tokens") == Kept("", 0)

    def test_each_keeping_gets_the_next_version(self, store: Store) -> None:
        assert store.keep("tokens", "một", 0)
        assert store.keep("tokens", "hai", 1)
        assert store.recall("tokens") == Kept("hai", 2)
        assert store.recall("other") == Kept()

    def test_a_stale_version_changes_nothing(self, store: Store) -> None:
        store.keep("tokens", "một", 0)
        assert not store.keep("tokens", "hai", 0)
        assert not store.keep("tokens", "hai", 2)
        assert store.recall("tokens") == Kept("một", 1)

    def test_of_many_at_once_one_wins(self, store: Store) -> None:
        start = Barrier(8)

        def keep(number: int) -> bool:
            start.wait()
            return store.keep("tokens", str(number), 0)

        with ThreadPoolExecutor(8) as threads:
            won = list(threads.map(keep, range(8)))
        assert won.count(True) == 1
        assert store.recall("tokens") == Kept(str(won.index(True)), 1)

    def test_outlives_erasing_and_purging(self, store: Store) -> None:
        say(store, 1)
        store.keep("tokens", "một", 0)
        store.erase(CO_BA)
        store.purge(NOW + timedelta(days=999))
        assert store.recall("tokens") == Kept("một", 1)

    @pytest.mark.parametrize("open_store", DURABLE, indirect=True)
    def test_outlives_the_program(self, open_store: Reopen) -> None:
        store = open_store()
        store.keep("tokens", "một", 0)
        store.close()
        assert open_store().recall("tokens") == Kept("một", 1)


class TestProcesses:
    """Only a store with a file can be opened by a second process here."""

    WORKER = """
import sys
from datetime import datetime
from bot.stores.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
while deliveries := store.claim(["web"], datetime.fromisoformat(sys.argv[2]), 600, 2):
    for delivery in deliveries:
        print(delivery.reply.text, flush=True)
        store.delivered(delivery.id)
"""

    def test_two_processes_never_claim_the_same_reply(self, tmp_path: Path) -> None:
        path = tmp_path / "store.db"
        store = SqliteStore(path)
        for person in range(100):
            say(store, person, str(person), address=Address("web", str(person)))
        command = [sys.executable, "-c", self.WORKER, str(path), NOW.isoformat()]
        workers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        claimed = [text for worker in workers for text in worker.communicate(timeout=60)[0].split()]
        assert [worker.returncode for worker in workers] == [0, 0]
        assert sorted(claimed, key=int) == [str(person) for person in range(100)]
        assert store.outbox_counts()["waiting"] == 0
        store.close()


def store_rest(store: Store) -> list[str]:
    """Claim and deliver what is left, one round."""
    rest = store.claim(CHANNELS, NOW + timedelta(seconds=LEASE), LEASE, 100)
    for delivery in rest:
        store.delivered(delivery.id)
    return [delivery.reply.text for delivery in rest]
