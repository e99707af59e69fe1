"""A store that a process takes with it: for tests and the terminal. It keeps every promise but durability.

Sessions and replies still go through JSON, so what could not be stored fails here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from bot.engine.codec import dump_reply, dump_session, load_reply, load_session
from bot.engine.model import Address, Event, Session, Turn, Update
from bot.errors import StaleSession
from bot.stores.base import Delivery, Kept, LoggedEvent
from bot.stores.persons import person_key


@dataclass(frozen=True)
class _Waiting:
    id: int
    address: Address
    reply: str
    origin: str
    created_at: datetime
    due_at: datetime
    leased_until: datetime | None = None
    attempts: int = 0
    last_error: str = ""

    def is_free(self, now: datetime) -> bool:
        return self.due_at <= now and (self.leased_until is None or self.leased_until <= now)

    def delivery(self) -> Delivery:
        return Delivery(self.id, self.address, load_reply(self.reply), self.origin, self.attempts)


@dataclass(frozen=True)
class _Dead:
    letter: _Waiting
    reason: str
    at: datetime


class MemoryStore:
    def __init__(self, pepper: str = "") -> None:
        self._pepper = pepper
        self._lock = Lock()
        self._sessions: dict[Address, tuple[str, datetime]] = {}
        self._seen: dict[tuple[str, str], datetime] = {}
        self._outbox: dict[int, _Waiting] = {}  # in the order of ids
        self._last_id = 0
        self._dead: list[_Dead] = []
        self._events: list[LoggedEvent] = []
        self._vault: dict[str, Kept] = {}

    def session(self, address: Address) -> Session:
        with self._lock:
            return self._session(address)

    def has_seen(self, update: Update) -> bool:
        with self._lock:
            return _key(update) in self._seen

    def commit(self, update: Update, turn: Turn, now: datetime) -> bool:
        version = turn.session.version
        # Made before anything is changed: what does not fit in JSON must leave nothing behind.
        session = dump_session(replace(turn.session, version=version + 1))
        replies = [dump_reply(reply) for reply in turn.replies]
        with self._lock:
            if _key(update) in self._seen:
                return False
            if self._session(update.address).version != version:
                raise StaleSession(f"{update.address.channel}: read as version {version}")
            self._seen[_key(update)] = now
            self._sessions[update.address] = session, now
            for reply in replies:
                self._last_id += 1
                self._outbox[self._last_id] = _Waiting(self._last_id, update.address, reply, update.origin, now, now)
            for event in turn.events:
                self._log(update.address, event, now)
            return True

    def record(self, address: Address | None, event: Event, now: datetime) -> None:
        with self._lock:
            self._log(address, event, now)

    def claim(self, channels: Iterable[str], now: datetime, lease: float, limit: int) -> list[Delivery]:
        wanted = set(channels)
        until = now + timedelta(seconds=lease)
        with self._lock:
            oldest: dict[Address, _Waiting] = {}
            for waiting in self._outbox.values():
                oldest.setdefault(waiting.address, waiting)
            free = [one for one in oldest.values() if one.address.channel in wanted and one.is_free(now)]
            claimed = [replace(one, leased_until=until, attempts=one.attempts + 1) for one in free[:limit]]
            self._outbox.update((one.id, one) for one in claimed)
        return [one.delivery() for one in claimed]

    def delivered(self, delivery_id: int) -> None:
        with self._lock:
            self._outbox.pop(delivery_id, None)

    def retry(self, delivery_id: int, at: datetime, reason: str) -> None:
        with self._lock:
            if waiting := self._outbox.get(delivery_id):
                self._outbox[delivery_id] = replace(waiting, due_at=at, leased_until=None, last_error=reason)

    def bury(self, delivery_id: int, reason: str, now: datetime) -> None:
        with self._lock:
            self._bury(lambda one: one.id == delivery_id, reason, now)

    def bury_all(self, address: Address, reason: str, now: datetime) -> int:
        with self._lock:
            return self._bury(lambda one: one.address == address, reason, now)

    def waiting(self, address: Address, after: int) -> list[Delivery]:
        with self._lock:
            return [one.delivery() for one in self._outbox.values() if one.address == address and one.id > after]

    def acknowledge(self, address: Address, upto: int) -> None:
        with self._lock:
            self._take(lambda one: one.address == address and one.id <= upto)

    def outbox_counts(self) -> Mapping[str, int]:
        with self._lock:
            return {"waiting": len(self._outbox), "dead": len(self._dead)}

    def events(self, since: datetime) -> list[LoggedEvent]:
        with self._lock:
            return sorted((logged for logged in self._events if logged.at >= since), key=lambda logged: logged.at)

    def erase(self, address: Address) -> None:
        with self._lock:
            self._sessions.pop(address, None)
            self._take(lambda one: one.address == address)
            self._dead = [dead for dead in self._dead if dead.letter.address != address]

    def purge(self, before: datetime) -> None:
        with self._lock:
            self._sessions = {address: saved for address, saved in self._sessions.items() if saved[1] >= before}
            self._seen = {key: at for key, at in self._seen.items() if at >= before}
            self._take(lambda one: one.created_at < before)
            self._dead = [dead for dead in self._dead if dead.at >= before]
            self._events = [
                logged if logged.at >= before else replace(logged, event=replace(logged.event, text=""))
                for logged in self._events
            ]

    def recall(self, name: str) -> Kept:
        with self._lock:
            return self._vault.get(name, Kept())

    def keep(self, name: str, value: str, version: int) -> bool:
        with self._lock:
            if self._vault.get(name, Kept()).version != version:
                return False
            self._vault[name] = Kept(value, version + 1)
            return True

    def check(self) -> None:
        """Memory can always be written to."""

    def close(self) -> None: ...

    def _session(self, address: Address) -> Session:
        saved = self._sessions.get(address)
        return load_session(saved[0]) if saved else Session()

    def _log(self, address: Address | None, event: Event, now: datetime) -> None:
        channel = address.channel if address else ""
        person = person_key(address, now, self._pepper) if address else ""
        self._events.append(LoggedEvent(now, channel, person, event))

    def _take(self, which: Callable[[_Waiting], bool]) -> list[_Waiting]:
        taken = [one for one in self._outbox.values() if which(one)]
        for one in taken:
            del self._outbox[one.id]
        return taken

    def _bury(self, which: Callable[[_Waiting], bool], reason: str, now: datetime) -> int:
        taken = self._take(which)
        self._dead += [_Dead(one, reason, now) for one in taken]
        return len(taken)


def _key(update: Update) -> tuple[str, str]:
    return update.address.channel, update.id
