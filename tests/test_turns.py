"""One update, one transaction: whatever is delivered twice or at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot import turns as turns_module
from bot.engine.library import Library
from bot.engine.model import Address, Session, Turn, Update, UpdateKind
from bot.errors import StaleSession
from bot.stores.base import Store
from bot.stores.memory import MemoryStore
from bot.stores.sqlite import SqliteStore
from bot.turns import TRIES, Turns
from tests.conftest import NOON

CO_BA = Address("telegram", "co-ba")
CHU_TU = Address("telegram", "chu-tu")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "store.db")
    yield made
    made.close()


@pytest.fixture
def turns(store: Store, library: Library) -> Turns:
    return make_turns(store, library)


def make_turns(store: Store, library: Library) -> Turns:
    return Turns(store, lambda: library, lambda: NOON)


def said(number: int, text: str, address: Address = CO_BA) -> Update:
    return Update(str(number), address, UpdateKind.TEXT, text)


def replies(store: Store, address: Address = CO_BA) -> list[str]:
    return [delivery.reply.text for delivery in store.waiting(address, 0)]


class BusyStore:
    """A store on which somebody else is faster: `meanwhile` runs before each of the first `times` commits."""

    def __init__(self, store: Store, meanwhile: Callable[[], object], times: int) -> None:
        self._store = store
        self._meanwhile = meanwhile
        self._left = times
        self.commits = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def commit(self, update: Update, turn: Turn, now: datetime) -> bool:
        self.commits += 1
        if self._left:
            self._left -= 1
            self._meanwhile()
        return self._store.commit(update, turn, now)


async def test_an_update_is_answered_and_remembered(turns: Turns, store: Store) -> None:
    await turns.accept(said(1, "kích hoạt vneid"))
    assert replies(store)
    assert store.session(CO_BA).version == 1
    assert store.has_seen(said(1, "kích hoạt vneid"))


async def test_a_redelivered_update_does_nothing(turns: Turns, store: Store) -> None:
    await turns.accept(said(1, "kích hoạt vneid"))
    before = replies(store), store.session(CO_BA), store.events(NOON)
    await turns.accept(said(1, "kích hoạt vneid"))
    assert (replies(store), store.session(CO_BA), store.events(NOON)) == before


async def test_a_redelivery_during_the_turn_does_nothing(store: Store, library: Library) -> None:
    """Two copies of the program get the same update: the second finds it committed when it wants to commit."""
    other = make_turns(store, library)
    busy = BusyStore(store, lambda: other.play(said(1, "kích hoạt vneid")), times=1)
    await make_turns(busy, library).accept(said(1, "kích hoạt vneid"))  # type: ignore[arg-type]
    assert store.session(CO_BA).version == 1
    alone = MemoryStore()
    make_turns(alone, library).play(said(1, "kích hoạt vneid"))
    assert replies(store) == replies(alone)


async def test_who_loses_reads_again_and_answers_what_is_true_now(store: Store, library: Library) -> None:
    """Cô Ba opens a guide while her "tiếp" is being answered: it takes her to the first step, not to the menu."""
    other = make_turns(store, library)
    busy = BusyStore(store, lambda: other.play(said(1, "kích hoạt vneid")), times=1)
    await make_turns(busy, library).accept(said(2, "tiếp"))  # type: ignore[arg-type]
    assert busy.commits == 2
    alone = MemoryStore()
    in_order = make_turns(alone, library)
    in_order.play(said(1, "kích hoạt vneid"))
    in_order.play(said(2, "tiếp"))
    assert replies(store) == replies(alone)
    assert store.session(CO_BA) == alone.session(CO_BA)
    assert store.session(CO_BA).guide_id == "vneid-kich-hoat"


async def test_another_person_is_in_nobodys_way(store: Store, library: Library) -> None:
    other = make_turns(store, library)
    busy = BusyStore(store, lambda: other.play(said(1, "kích hoạt vneid", CHU_TU)), times=1)
    await make_turns(busy, library).accept(said(2, "tiếp"))  # type: ignore[arg-type]
    assert busy.commits == 1


async def test_after_so_many_tries_it_is_given_back_and_nothing_is_committed(store: Store, library: Library) -> None:
    numbers = iter(range(100, 100 + TRIES))
    other = make_turns(store, library)
    busy = BusyStore(store, lambda: other.play(said(next(numbers), "menu")), times=TRIES)
    heard: list[Address] = []
    turns = make_turns(busy, library)  # type: ignore[arg-type]
    turns.on_commit(heard.append)
    with pytest.raises(StaleSession):
        await turns.accept(said(1, "kích hoạt vneid"))
    assert busy.commits == TRIES
    assert not store.has_seen(said(1, "kích hoạt vneid"))
    assert store.session(CO_BA).guide_id == ""
    assert heard == []


async def test_a_store_that_is_down_is_told_to_who_delivered(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Address] = []
    turns.on_commit(heard.append)

    def down(*_: object) -> Session:
        raise OSError("disk full")

    monkeypatch.setattr(turns._store, "commit", down)
    with pytest.raises(OSError, match="disk full"):
        await turns.accept(said(1, "menu"))
    assert heard == []


async def test_turns_of_one_person_at_the_same_time_lose_nothing(turns: Turns, store: Store) -> None:
    updates = [said(number, "menu") for number in range(8)]
    await asyncio.gather(*(turns.accept(update) for update in updates))
    assert all(store.has_seen(update) for update in updates)
    assert store.session(CO_BA).version == len(updates)
    assert len(replies(store)) == len(updates)


async def test_turns_of_many_people_at_the_same_time_stay_apart(turns: Turns, store: Store) -> None:
    people = [Address("telegram", str(number)) for number in range(20)]
    texts = ("kích hoạt vneid", "tiếp", "tiếp")
    for number, text in enumerate(texts):
        await asyncio.gather(*(turns.accept(said(at * 10 + number, text, one)) for at, one in enumerate(people)))
    sessions = {store.session(one) for one in people}
    assert len(sessions) == 1
    assert sessions.pop().version == len(texts)


async def test_listeners_hear_who_was_answered_in_the_event_loop(turns: Turns) -> None:
    heard: list[tuple[Address, asyncio.AbstractEventLoop]] = []
    for _ in range(2):
        turns.on_commit(lambda address: heard.append((address, asyncio.get_running_loop())))
    await turns.accept(said(1, "menu"))
    assert heard == [(CO_BA, asyncio.get_running_loop())] * 2


async def test_the_log_holds_no_text_and_no_person(turns: Turns, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", turns_module.__name__)
    await turns.accept(said(1, "mật khẩu của tôi là cáRô123"))
    (line,) = caplog.messages
    assert line.startswith("turn channel=telegram kind=text ms=")
    assert "co-ba" not in line


async def test_who_withdraws_is_forgotten_and_not_answered(turns: Turns, store: Store) -> None:
    await turns.accept(said(1, "kích hoạt vneid"))
    await turns.accept(Update("2", CO_BA, UpdateKind.WITHDRAWN))
    assert store.session(CO_BA) == Session()
    assert replies(store) == []
