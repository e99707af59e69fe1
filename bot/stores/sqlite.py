"""The embedded store: one SQLite file. Read `commit` and `claim` first.

Every write is one BEGIN IMMEDIATE transaction, so a row read inside it cannot change before it is written back,
whichever thread or process else has the file open.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from sqlite_utils import Database

from bot.engine.codec import dump_reply, dump_session, load_reply, load_session
from bot.engine.model import Address, Event, EventKind, Session, Turn, Update
from bot.errors import StaleSession
from bot.stores.base import Delivery, Kept, LoggedEvent
from bot.stores.migrations import migrate, writing
from bot.stores.persons import person_key

BUSY_TIMEOUT = 10.0  # seconds to wait for another process's transaction

_OF_ADDRESS = "channel = :channel AND user_id = :user_id"

_CLAIMABLE = """
    SELECT * FROM outbox AS reply
    WHERE channel IN (SELECT value FROM json_each(:channels))
      AND due_at <= :now
      AND (leased_until IS NULL OR leased_until <= :now)
      AND NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE earlier.channel = reply.channel
                      AND earlier.user_id = reply.user_id AND earlier.id < reply.id)
    ORDER BY id LIMIT :limit"""


class SqliteStore:
    def __init__(self, path: str | Path, pepper: str = "") -> None:
        """Opens the file, making it and its folder if need be, and brings its schema up to date."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # before SQLite does, so that nobody else can ever read it; its -wal takes the same mode
        self._pepper = pepper
        self._lock = Lock()
        # No implicit transactions: each is begun by `writing`.
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        self._db = Database(connection)
        try:
            self._prepare(str(path))
        except BaseException:
            self._db.close()
            raise

    def _prepare(self, path: str) -> None:
        self._db.enable_wal()
        self._db.execute("PRAGMA synchronous = FULL")  # a commit that was answered outlives a power cut
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA secure_delete = ON")  # what is erased must not linger in free pages
        migrate(self._db, path)

    def session(self, address: Address) -> Session:
        rows = self._read(f"SELECT data FROM sessions WHERE {_OF_ADDRESS}", asdict(address))
        return load_session(rows[0]["data"]) if rows else Session()

    def has_seen(self, update: Update) -> bool:
        with self._lock:
            return _seen(self._db, update)

    def commit(self, update: Update, turn: Turn, now: datetime) -> bool:
        address = asdict(update.address)
        with self._writing() as db:
            if _seen(db, update):
                return False
            if _version(db, update.address) != turn.session.version:
                raise StaleSession(f"{update.address.channel}: read as version {turn.session.version}")
            session = replace(turn.session, version=turn.session.version + 1)
            db.execute(
                "INSERT OR REPLACE INTO sessions VALUES (:channel, :user_id, :version, :data, :now)",
                address | {"version": session.version, "data": dump_session(session), "now": _text(now)},
            )
            db.execute("INSERT INTO seen VALUES (?, ?, ?)", (update.address.channel, update.id, _text(now)))
            db.table("outbox").insert_all(
                address
                | {"reply": dump_reply(reply), "origin": update.origin, "due_at": _text(now), "created_at": _text(now)}
                for reply in turn.replies
            )
            db.table("events").insert_all(self._event_row(update.address, event, now) for event in turn.events)
            return True

    def record(self, address: Address | None, event: Event, now: datetime) -> None:
        with self._writing() as db:
            db.table("events").insert(self._event_row(address, event, now))

    def claim(self, channels: Iterable[str], now: datetime, lease: float, limit: int) -> list[Delivery]:
        where = {"channels": json.dumps(list(channels)), "now": _text(now), "limit": limit}
        until = _text(now + timedelta(seconds=lease))
        with self._writing() as db:
            rows = list(db.query(_CLAIMABLE, where))
            for row in rows:
                row["attempts"] += 1
                db.execute(
                    "UPDATE outbox SET attempts = ?, leased_until = ? WHERE id = ?", (row["attempts"], until, row["id"])
                )
        return [_delivery(row) for row in rows]

    def delivered(self, delivery_id: int) -> None:
        with self._writing() as db:
            db.execute("DELETE FROM outbox WHERE id = ?", (delivery_id,))

    def retry(self, delivery_id: int, at: datetime, reason: str) -> None:
        with self._writing() as db:
            db.execute(
                "UPDATE outbox SET due_at = ?, leased_until = NULL, last_error = ? WHERE id = ?",
                (_text(at), reason, delivery_id),
            )

    def bury(self, delivery_id: int, reason: str, now: datetime) -> None:
        self._bury("id = :id", {"id": delivery_id}, reason, now)

    def bury_all(self, address: Address, reason: str, now: datetime) -> int:
        return self._bury(_OF_ADDRESS, asdict(address), reason, now)

    def waiting(self, address: Address, after: int) -> list[Delivery]:
        sql = f"SELECT * FROM outbox WHERE {_OF_ADDRESS} AND id > :after ORDER BY id"
        return [_delivery(row) for row in self._read(sql, asdict(address) | {"after": after})]

    def acknowledge(self, address: Address, upto: int) -> None:
        with self._writing() as db:
            db.execute(f"DELETE FROM outbox WHERE {_OF_ADDRESS} AND id <= :upto", asdict(address) | {"upto": upto})

    def outbox_counts(self) -> Mapping[str, int]:
        with self._lock:
            return {"waiting": self._db.table("outbox").count, "dead": self._db.table("dead").count}

    def events(self, since: datetime) -> list[LoggedEvent]:
        rows = self._read("SELECT * FROM events WHERE at >= :since ORDER BY at, id", {"since": _text(since)})
        return [_logged(row) for row in rows]

    def erase(self, address: Address) -> None:
        with self._writing() as db:
            for table in ("sessions", "outbox", "dead"):
                db.execute(f"DELETE FROM {table} WHERE {_OF_ADDRESS}", asdict(address))

    def purge(self, before: datetime) -> None:
        age = {"sessions": "updated_at", "seen": "at", "outbox": "created_at", "dead": "at"}
        with self._writing() as db:
            for table, column in age.items():
                db.execute(f"DELETE FROM {table} WHERE {column} < ?", (_text(before),))
            db.execute("UPDATE events SET text = '' WHERE at < ? AND text <> ''", (_text(before),))

    def recall(self, name: str) -> Kept:
        rows = self._read("SELECT value, version FROM vault WHERE name = :name", {"name": name})
        return Kept(**rows[0]) if rows else Kept()

    def keep(self, name: str, value: str, version: int) -> bool:
        with self._writing() as db:
            row = db.execute("SELECT version FROM vault WHERE name = ?", (name,)).fetchone()
            if (row[0] if row else 0) != version:
                return False
            db.execute("INSERT OR REPLACE INTO vault VALUES (?, ?, ?)", (name, value, version + 1))
            return True

    def check(self) -> None:
        with self._writing() as db:
            db.execute("PRAGMA user_version = 1")  # means nothing, but a full or read-only disk refuses it

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        with self._lock, writing(self._db) as db:
            yield db

    def _read(self, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._db.query(sql, values))

    def _bury(self, which: str, values: dict[str, Any], reason: str, now: datetime) -> int:
        with self._writing() as db:
            db.execute(
                "INSERT INTO dead SELECT id, channel, user_id, reply, attempts, :reason, :now "
                f"FROM outbox WHERE {which}",
                values | {"reason": reason, "now": _text(now)},
            )
            return db.execute(f"DELETE FROM outbox WHERE {which}", values).rowcount

    def _event_row(self, address: Address | None, event: Event, now: datetime) -> dict[str, str]:
        return asdict(event) | {
            "at": _text(now),
            "channel": address.channel if address else "",
            "person": person_key(address, now, self._pepper) if address else "",
        }


def _seen(db: Database, update: Update) -> bool:
    key = (update.address.channel, update.id)
    return db.execute("SELECT 1 FROM seen WHERE channel = ? AND update_id = ?", key).fetchone() is not None


def _version(db: Database, address: Address) -> int:
    row = db.execute(f"SELECT version FROM sessions WHERE {_OF_ADDRESS}", asdict(address)).fetchone()
    return row[0] if row else 0


def _text(at: datetime) -> str:
    """Always of one width, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _delivery(row: dict[str, Any]) -> Delivery:
    address = Address(row["channel"], row["user_id"])
    return Delivery(row["id"], address, load_reply(row["reply"]), row["origin"], row["attempts"])


def _logged(row: dict[str, Any]) -> LoggedEvent:
    at = datetime.fromisoformat(row.pop("at"))
    del row["id"]
    channel, person, kind = row.pop("channel"), row.pop("person"), EventKind(row.pop("kind"))
    return LoggedEvent(at, channel, person, Event(kind, **row))
