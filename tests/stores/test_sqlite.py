"""What only a file can promise."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot.engine.model import Address, Event, EventKind, Reply, Session, Turn, Update, UpdateKind
from bot.errors import ConfigError, StaleSession
from bot.stores.migrations import MIGRATIONS, migrate
from bot.stores.sqlite import SqliteStore

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PEOPLE = 5

COMMITTER = """
import sys
from itertools import count
from bot.stores.sqlite import SqliteStore
from test_sqlite import commit
store = SqliteStore(sys.argv[1])
for number in count(int(sys.argv[2])):
    commit(store, number)
    print(number, flush=True)
"""


def commit(store: SqliteStore, number: int) -> None:
    """Turn `number`: one more session version, two replies and one event, all telling the number."""
    address = Address("web", str(number % PEOPLE))
    replies = (Reply(f"{number} a"), Reply(f"{number} b"))
    events = (Event(EventKind.ASKED, guide=str(number)),)
    store.commit(Update(str(number), address, UpdateKind.TEXT), Turn(store.session(address), replies, events), NOW)


def test_a_killed_process_leaves_whole_turns_only(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    printed: list[int] = []
    for lines in (3, 40, 11, 90, 25):
        start = max(printed, default=0) + 1000  # clear of a turn that was committed and not printed
        command = [sys.executable, "-c", COMMITTER, str(path), str(start)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            printed += [int(process.stdout.readline()) for _ in range(lines)]
            process.kill()
            printed += [int(line) for line in process.stdout.read().split("\n")[:-1]]

        store = SqliteStore(path)
        seen = {int(row["update_id"]) for row in Database(path).query("SELECT update_id FROM seen")}
        assert set(printed) <= seen
        per_person = Counter(number % PEOPLE for number in seen)
        for person in range(PEOPLE):
            address = Address("web", str(person))
            turns = sorted(number for number in seen if number % PEOPLE == person)
            assert store.session(address).version == per_person[person]
            texts = [delivery.reply.text for delivery in store.waiting(address, 0)]
            assert texts == [f"{number} {part}" for number in turns for part in "ab"]
        assert sorted(int(one.event.guide) for one in store.events(LONG_AGO)) == sorted(seen)
        store.check()
        store.close()


def schema(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


@pytest.mark.parametrize("step", [migration.name for migration in MIGRATIONS.pending(Database(memory=True))])
def test_a_migrated_database_is_like_a_fresh_one(tmp_path: Path, step: str) -> None:
    old = Database(tmp_path / "old.db")
    MIGRATIONS.apply(old, stop_before=step)
    old.close()
    SqliteStore(tmp_path / "old.db").close()
    SqliteStore(tmp_path / "fresh.db").close()
    assert schema(tmp_path / "old.db") == schema(tmp_path / "fresh.db")


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    db = Database(tmp_path / "store.db")
    migrate(db, "store.db")
    steps = MIGRATIONS.applied(db)
    migrate(db, "store.db")
    assert MIGRATIONS.applied(db) == steps


def test_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    SqliteStore(path).close()
    db = Database(path)
    db.table("_sqlite_migrations").insert(
        {"migration_set": MIGRATIONS.name, "name": "m999_later", "applied_at": str(NOW)}
    )
    db.close()
    before = schema(path)
    with pytest.raises(ConfigError, match="m999_later"):
        SqliteStore(path)
    assert schema(path) == before


def test_processes_that_start_together_on_a_new_file_take_turns(tmp_path: Path) -> None:
    code = "import sys; from bot.stores.sqlite import SqliteStore; SqliteStore(sys.argv[1]).check()"
    starting = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "store.db")]) for _ in range(4)]
    assert [process.wait(60) for process in starting] == [0, 0, 0, 0]


def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "store.db"
    store = SqliteStore(path)
    commit(store, 1)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    store.close()


def test_settings_that_make_a_commit_last(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    values = [store._db.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert values == ["wal", 2, 1, 10_000]
    store.close()


def test_a_store_that_cannot_be_written_to_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError):
        store.check()
    store.close()


def test_nothing_a_person_wrote_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path, "pepper")
    typed = Update("1", Address("web", "co-ba"), UpdateKind.TEXT, text="bí mật của tôi", data="riêng tư")
    store.commit(typed, Turn(Session(), (Reply("Dạ"),), (Event(EventKind.ASKED),)), NOW)
    with pytest.raises(StaleSession) as stale:
        store.commit(Update("2", typed.address, UpdateKind.TEXT, text="bí mật"), Turn(Session()), NOW)
    store.erase(typed.address)
    store.close()  # folds the -wal into the file
    content = path.read_bytes()
    for word in ("bí mật của tôi", "riêng tư", "co-ba"):
        assert word.encode() not in content
        assert word not in str(stale.value)
