"""Fixtures for all: the real content, a person who talks, and no way out to the network."""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.content.load import load_content
from bot.engine import codec
from bot.engine.library import Library
from bot.engine.model import Address, Event, Reply, Session, Update, UpdateKind
from bot.engine.respond import respond
from bot.learnt import LearntFolder

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/conversations from what the bot says")


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches another machine, and none sees a real token."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
    for name in ("TELEGRAM_TOKEN", "ZALO_OA_APP_SECRET", "ZALO_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)


KEPT_LEARNT = ROOT / ".pytest_cache" / "learnt"  # from one run to the next, and for programs that tests start


@pytest.fixture(scope="session")
def library() -> Library:
    return Library(load_content(ROOT / "scenarios", ROOT / "knowledge", TODAY).content, LearntFolder(KEPT_LEARNT))


class Talk:
    """One person's conversation. The session goes through JSON at every turn, as in a store."""

    def __init__(self, library: Library, now: datetime = NOON) -> None:
        self.library = library
        self.now = now
        self.session = Session()
        self.replies: tuple[Reply, ...] = ()
        self.events: list[Event] = []
        self._count = 0

    def send(self, kind: UpdateKind, text: str = "", data: str = "", **more: Any) -> str:
        self._count += 1
        self.now += timedelta(seconds=30)
        update = Update(str(self._count), Address("console", "co-ba"), kind, text, data, **more)
        turn = respond(update, self.session, self.library, self.now)
        saved = codec.load_session(codec.dump_session(turn.session))
        assert saved == turn.session
        self.session = Session(**{**vars(saved), "version": saved.version + 1})
        self.replies = turn.replies
        self.events += turn.events
        return "\n\n".join(reply.text for reply in turn.replies)

    def say(self, text: str) -> str:
        return self.send(UpdateKind.TEXT, text)

    def open(self, payload: str = "") -> str:
        return self.send(UpdateKind.START, data=payload)

    def tap(self, label: str) -> str:
        """Tap a button of the last replies by its label."""
        button = next(one for reply in self.replies for one in reply.buttons if one.label == label)
        assert button.postback, f"{label} sends nothing"
        return self.send(UpdateKind.BUTTON, data=button.postback)

    def wait(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    @property
    def labels(self) -> list[str]:
        return [button.label for reply in self.replies for button in reply.buttons]

    @property
    def event_kinds(self) -> list[str]:
        return [event.kind.value for event in self.events]


@pytest.fixture
def talk(library: Library) -> Talk:
    return Talk(library)
