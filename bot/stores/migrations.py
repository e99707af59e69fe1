"""The SQLite schema, as numbered steps. A step that was released is never edited: add the next one.

sqlite-utils records in `_sqlite_migrations` which steps a database has taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlite_utils import Database, Migrations

from bot.errors import ConfigError, Problem

MIGRATIONS = Migrations("hocvuso")


@contextmanager
def writing(db: Database) -> Iterator[Database]:
    """One transaction that holds the write lock from its start.

    sqlite-utils' own `atomic()` begins as a reader, so two of them could read the same row before either writes.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.commit()
    except BaseException:
        db.rollback()
        raise


def migrate(db: Database, path: str) -> None:
    """Bring the database to this program's schema, one transaction a step.

    Raises ConfigError when a newer program has written it: we would not know what its columns mean.
    """
    pending = True
    while pending:
        with writing(db):  # read again under the lock: another process may be migrating too
            _refuse_newer(db, path)
            steps = [step.name for step in MIGRATIONS.pending(db)]
            MIGRATIONS.apply(db, stop_before=steps[1:])
            pending = len(steps) > 1


def _refuse_newer(db: Database, path: str) -> None:
    known = {step.name for step in MIGRATIONS.pending(Database(memory=True))}
    unknown = sorted(step.name for step in MIGRATIONS.applied(db) if step.name not in known)
    if unknown:
        message = (
            f"cơ sở dữ liệu do phiên bản mới hơn của chương trình ghi (có bước {', '.join(unknown)}); "
            "hãy cập nhật chương trình, hoặc đặt store.url sang tệp khác"
        )
        raise ConfigError((Problem(path, 0, message),))


@MIGRATIONS()
def m001_sessions(db: Database) -> None:
    db.execute("""
        CREATE TABLE sessions (
            channel TEXT NOT NULL, user_id TEXT NOT NULL,
            version INTEGER NOT NULL, data TEXT NOT NULL, updated_at TEXT NOT NULL,
            PRIMARY KEY (channel, user_id)
        ) WITHOUT ROWID""")
    db.execute("CREATE INDEX sessions_age ON sessions (updated_at)")


@MIGRATIONS()
def m002_seen(db: Database) -> None:
    db.execute("""
        CREATE TABLE seen (
            channel TEXT NOT NULL, update_id TEXT NOT NULL, at TEXT NOT NULL,
            PRIMARY KEY (channel, update_id)
        ) WITHOUT ROWID""")
    db.execute("CREATE INDEX seen_age ON seen (at)")


@MIGRATIONS()
def m003_outbox(db: Database) -> None:
    # AUTOINCREMENT: an id used again would be taken for one that the person's device already has.
    db.execute("""
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            channel TEXT NOT NULL, user_id TEXT NOT NULL,
            reply TEXT NOT NULL, origin TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0, due_at TEXT NOT NULL, leased_until TEXT,
            last_error TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL
        )""")
    db.execute("CREATE INDEX outbox_order ON outbox (channel, user_id, id)")
    db.execute("""
        CREATE TABLE dead (
            id INTEGER PRIMARY KEY,
            channel TEXT NOT NULL, user_id TEXT NOT NULL,
            reply TEXT NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL
        )""")


@MIGRATIONS()
def m004_events(db: Database) -> None:
    db.execute("""
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL, channel TEXT NOT NULL, person TEXT NOT NULL, kind TEXT NOT NULL,
            topic TEXT NOT NULL, guide TEXT NOT NULL, step TEXT NOT NULL,
            volunteer TEXT NOT NULL, value TEXT NOT NULL, text TEXT NOT NULL
        )""")
    db.execute("CREATE INDEX events_age ON events (at)")


@MIGRATIONS()
def m005_vault(db: Database) -> None:
    # Readable like the rest of the file: its mode, 0600, is what guards the tokens in here.
    db.execute("""
        CREATE TABLE vault (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL, version INTEGER NOT NULL
        ) WITHOUT ROWID""")
