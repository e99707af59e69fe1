"""What Telegram, or somebody who pretends to be it, may deliver: each case has a label and a known end.

Every one goes through the real route to a store: none is answered 5xx, none that is refused changes anything.
"""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.channels.base import WebhookChannel
from bot.engine.library import Library

from .adapters import TelegramAdapter
from .fake_telegram import BOT, CO_BA, membership, message, tap
from .gate import Case, Delivery, as_bytes, check

SECRET = TelegramAdapter.secrets[1]
HEADER = "X-Telegram-Bot-Api-Secret-Token"
GROUP = {"id": -1001, "type": "supergroup", "title": "Thôn Phú Nghĩa"}
PRIVATE = {"id": 42, "type": "private"}
MEBIBYTE = 1024 * 1024


def case(label: str, *payloads: Any, turns: int = 0, status: int = 200) -> Case:
    """Signed as Telegram signs."""
    return Case(label, tuple(Delivery(as_bytes(one), {HEADER: SECRET}) for one in payloads), turns, status)


def forged(label: str, headers: dict[str, str], payload: Any = None) -> Case:
    return Case(label, (Delivery(as_bytes(payload or message(1, "menu")), headers),), status=403)


def transported(label: str, body: bytes, headers: dict[str, str], turns: int = 0, status: int = 200) -> Case:
    return Case(label, (Delivery(body, {HEADER.lower(): SECRET, **headers}),), turns, status)


def without(payload: dict[str, Any], *path: str) -> dict[str, Any]:
    """The payload with one field left out."""
    copy = dict(payload)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = without(copy[path[0]], *path[1:])
    return copy


def event(name: str, **content: Any) -> dict[str, Any]:
    return {"update_id": 1, name: content}


FORGED = [
    forged("no secret", {}),
    forged("an empty secret", {HEADER: ""}),
    forged("another secret", {HEADER: "webhook-secret-of-others"}),
    forged("a secret cut short", {HEADER: SECRET[:-1]}),
    forged("a secret with more behind it", {HEADER: SECRET + "x"}),
    forged("a secret in capitals", {HEADER: SECRET.upper()}),
    forged("a secret twice", {HEADER: f"{SECRET}, {SECRET}"}),
    forged("a secret in a header of Zalo", {"X-Bot-Api-Secret-Token": SECRET}),
    forged("a secret as a bearer's", {"Authorization": f"Bearer {SECRET}"}),
    forged("the bot's token in place of the secret", {HEADER: TelegramAdapter.secrets[0]}),
    forged("a secret of other letters", {HEADER: "bí-mật-của-ai"}),
    forged("a tap without secret", {}, tap(1, "m")),
    forged("a start without secret", {}, message(1, "/start vneid-kich-hoat")),
    forged("somebody's leaving without secret", {}, membership(1, "kicked")),
    forged("rubbish without secret", {}, b"\x00\xff"),
]

MALFORMED = [
    case("an empty body", b""),
    case("white space", b" \r\n"),
    case("not JSON", b"update_id=1&text=menu"),
    case("half of a JSON", as_bytes(message(1, "menu"))[:-9]),
    case("two JSONs", as_bytes(message(1, "menu")) * 2),
    case("bytes that are no UTF-8", b'{"update_id": 1, "message": "\xff\xfe"}'),
    case("UTF-16", '{"update_id": 1}'.encode("utf-16-le")),
    case("null", b"null"),
    case("a number", b"5"),
    case("a text", b'"menu"'),
    case("a list of updates", [message(1, "menu")]),
    case("an empty object", {}),
    case("nested a hundred thousand deep", b"[" * 100_000),
    case("nested deep within an update", b'{"update_id": 1, "message": ' + b'{"a":' * 50_000),
    case("a number of five thousand digits", b'{"update_id": ' + b"9" * 5_000 + b"}"),
    case("update_id is NaN", b'{"update_id": NaN, "message": {}}'),
    case("update_id is a text", {**message(1, "menu"), "update_id": "1"}),
    case("update_id is a fraction", {**message(1, "menu"), "update_id": 1.5}),
    case("message is a text", event("message") | {"message": "menu"}),
    case("message is a list", event("message") | {"message": [1]}),
    case("chat is a number", message(1, "menu", chat=5)),  # type: ignore[arg-type]
    case("chat's id is a text", message(1, "menu", chat={"id": "42", "type": "private"})),
    case("chat's type is a number", message(1, "menu", chat={"id": 42, "type": 1})),
    case("text is an object", message(1, text={"a": 1})),  # type: ignore[arg-type]
    case("caption is a number", message(1, photo=[{}], caption=7)),
    case("entities are no list", message(1, "menu", entities="bold")),
    case("a tap's data is a number", event("callback_query", id="q", **{"from": CO_BA}, data=5)),
    case("a tap's message is a text", event("callback_query", id="q", **{"from": CO_BA}, data="m", message="x")),
    case("a membership's status is missing", event("my_chat_member", chat=PRIVATE, new_chat_member={})),
]

MISSING = [
    case("no update_id", without(message(1, "menu"), "update_id")),
    case("no content at all", {"update_id": 1}),
    case("a message without chat", without(message(1, "menu"), "message", "chat")),
    case("a message without chat's id", message(1, "menu", chat={"type": "private"})),
    case("a message without chat's type", message(1, "menu", chat={"id": 42})),
    case("a message without text or anything else", message(1)),
    case("a message without sender is answered", without(message(1, "menu"), "message", "from"), turns=1),
    case("a message without date is answered", without(message(1, "menu"), "message", "date"), turns=1),
    case("a tap without sender", without(tap(1, "m"), "callback_query", "from")),
    case("a tap without data", without(tap(1, "m"), "callback_query", "data")),
    case("a tap without id is answered", without(tap(1, "m"), "callback_query", "id"), turns=1),
    case("a tap without message is answered", without(tap(1, "m"), "callback_query", "message"), turns=1),
    case("a tap on a message without date", without(tap(1, "m"), "callback_query", "message", "date")),
]

UNKNOWN = [
    case("an event of the future", event("hologram", chat=PRIVATE)),
    case("an edited message", event("edited_message", chat=PRIVATE, text="menu")),
    case("a channel's post", event("channel_post", chat={"id": -5, "type": "channel"}, text="menu")),
    case("an inline query", event("inline_query", id="1", query="menu", **{"from": CO_BA})),
    case("a poll's answer", event("poll_answer", poll_id="1")),
    case("a member's change of somebody else", event("chat_member", chat=GROUP)),
    case("somebody joined a group", message(1, chat=GROUP, new_chat_members=[CO_BA])),
    case("a message was pinned", message(1, chat=GROUP, pinned_message={"message_id": 4})),
    case("talk in a group", message(1, "menu", chat=GROUP)),
    case("a command to another bot", message(1, "/menu@other_bot", chat=GROUP)),
    case("a command in a group is answered", message(1, "/menu", chat=GROUP), turns=1),
    case("a message in a channel", message(1, "menu", chat={"id": -5, "type": "channel"})),
    case("the bot was added", membership(1, "member")),
    case("the bot was blocked", membership(1, "kicked"), turns=1),
    case("a tap of no meaning shows the menu", tap(1, "?:?"), turns=1),
    case("a tap on a guide that is gone", tap(1, "g:khong-co-bai-nay"), turns=1),
    case("a start with a payload of no meaning", message(1, "/start ../../etc/passwd"), turns=1),
    case("a kind of attachment not known", message(1, story={"id": 1})),
    case("a reply to the bot in a group before its name is known", message(1, "ừ", chat=GROUP, reply_to_message=BOT)),
]

OVERSIZE = [
    case("a body over a mebibyte", b" " * (MEBIBYTE + 1), status=413),
    case("an update over a mebibyte", message(1, "a" * MEBIBYTE), status=413),
    case("a body of exactly a mebibyte", as_bytes(message(1, "menu")).ljust(MEBIBYTE), turns=1),
    case("the longest text of Telegram", message(1, "ạ" * 4096), turns=1),
    case("a text of two hundred thousand", message(1, "vneid " * 33_000), turns=1),
    case("one word of two hundred thousand", message(1, "a" * 200_000), turns=1),
    case(
        "ten thousand entities", message(1, "menu", entities=[{"type": "url", "url": "http://a.vn"}] * 10_000), turns=1
    ),
    case("a tap's data of a hundred thousand", tap(1, "g:" + "a" * 100_000), turns=1),
    case("a start's payload of a hundred thousand", message(1, "/start " + "a" * 100_000), turns=1),
    case("an update_id of four hundred digits", message(10**400, "menu"), turns=1),
    case("a chat's id of four hundred digits", message(1, "menu", chat={"id": 10**400, "type": "private"}), turns=1),
]

REPEATED = [
    case("the same delivery twice", *[message(1, "menu")] * 2, turns=1),
    case("the same delivery ten times", *[message(1, "menu")] * 10, turns=1),
    case("the same id with other words", message(1, "menu"), message(1, "vneid"), turns=1),
    case("the same id as a message and as a tap", message(1, "menu"), tap(1, "m"), turns=1),
    case(
        "the same id from another person", message(1, "menu"), message(1, "menu", chat={**PRIVATE, "id": 43}), turns=1
    ),
    case("the same words with another id", message(1, "menu"), message(2, "menu"), turns=2),
    case("a double tap", tap(1, "m"), tap(2, "m"), turns=2),
    case("a redelivery after others", message(1, "menu"), message(2, "vneid"), message(1, "menu"), turns=2),
    case("blocked twice", membership(1, "kicked"), membership(1, "kicked"), turns=1),
    case("a repeated delivery of nothing", *[message(1)] * 3),
    case("in the wrong order", message(12, "ba"), message(10, "một"), message(11, "hai"), turns=3),
    case("backwards", *(message(number, "menu") for number in range(5, 0, -1)), turns=5),
    case("a tap before the message it stands under", tap(2, "m"), message(1, "/start"), turns=2),
    case("a tap of last month", tap(1, "m", date=0), turns=1),
    case("words after being blocked", membership(2, "kicked"), message(1, "menu"), turns=2),
    case(
        "a bad one between good ones", message(1, "menu"), {"update_id": 2, "message": 5}, message(3, "menu"), turns=2
    ),
]

MENU = as_bytes(message(1, "menu"))
TRANSPORT = [
    transported("compressed", gzip.compress(MENU), {"Content-Encoding": "gzip"}, turns=1),
    transported("said to be compressed", MENU, {"Content-Encoding": "gzip"}, status=400),
    transported("a bomb", gzip.compress(b" " * MEBIBYTE * 8), {"Content-Encoding": "gzip"}, status=413),
    transported("said to be plain text", MENU, {"Content-Type": "text/plain"}, turns=1),
    transported("a header in small letters", MENU, {}, turns=1),
]

CASES = [*FORGED, *MALFORMED, *MISSING, *UNKNOWN, *OVERSIZE, *REPEATED, *TRANSPORT]


def test_there_are_enough_cases_and_each_has_a_label_of_its_own() -> None:
    assert len({one.label for one in CASES}) == len(CASES) >= 60


@pytest_asyncio.fixture
async def channel(tmp_path: Path) -> AsyncIterator[WebhookChannel]:
    """Telegram itself is down, which no delivery may notice."""
    adapter = TelegramAdapter()
    await adapter.start()
    await adapter.stop()
    channel = adapter.channel(tmp_path)
    yield channel
    await channel.stop()


@pytest.mark.parametrize("one", CASES, ids=str)
async def test_a_delivery_is_answered_and_changes_what_it_may(
    one: Case, channel: WebhookChannel, library: Library
) -> None:
    await check(one, channel, library)
