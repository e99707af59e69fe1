"""What Zalo, or somebody who pretends to be it, may deliver to an Official Account: each case has a known end.

Every one goes through the real route to a store: none is answered 5xx, none that is refused changes anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.channels.base import WebhookChannel
from bot.channels.zalo_oa.inbound import TAP
from bot.engine.library import Library

from .adapters import ZaloOaAdapter
from .fake_zalo import APP_ID, CO_BA, OA_ID, SENT_AT, attached, event, message, signed, text
from .gate import Case, Delivery, as_bytes, check

SECRET = ZaloOaAdapter.secrets[1]
HEADER, TIMESTAMP = "X-ZEvent-Signature", "X-ZEvent-Timestamp"
MINUTE = 60_000  # milliseconds
HOUR = 60 * MINUTE
MEBIBYTE = 1024 * 1024
HELLO = text("m1", "menu")
MAC = signed(as_bytes(HELLO), SECRET)[HEADER]


def delivery(payload: Any, variant: Any = "body") -> Delivery:
    """Signed as Zalo signs; what has no timestamp in its body has one in a header."""
    body = as_bytes(payload)
    has_timestamp = isinstance(payload, dict) and "timestamp" in payload
    return Delivery(body, signed(body, SECRET, variant if has_timestamp else "header"))


def case(label: str, *payloads: Any, turns: int = 0, status: int = 200) -> Case:
    return Case(label, tuple(delivery(one) for one in payloads), turns, status)


def forged(label: str, headers: dict[str, str], payload: Any = HELLO) -> Case:
    return Case(label, (Delivery(as_bytes(payload), headers),), status=403)


def without(payload: dict[str, Any], *path: str) -> dict[str, Any]:
    """The payload with one field left out."""
    copy = dict(payload)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = without(copy[path[0]], *path[1:])
    return copy


def follow(at: int = SENT_AT) -> dict[str, Any]:
    return event("follow", at, oa_id=OA_ID, follower={"id": CO_BA}, source="oa_profile")


def chat_opened(at: int = SENT_AT) -> dict[str, Any]:
    return event("user_click_chatnow", at, oa_id=OA_ID, user_id=CO_BA)


OF_ANOTHER_APP = {**HELLO, "app_id": "9"}
FORGED = [
    forged("no signature", {}),
    forged("an empty signature", {HEADER: ""}),
    forged("a mark without signature", {HEADER: "mac="}),
    forged("a signature of another body", signed(as_bytes(text("m2", "menu")), SECRET)),
    forged("a signature with another key", signed(as_bytes(HELLO), "secret-of-another-oa")),
    forged("a signature with the app's secret", signed(as_bytes(HELLO), ZaloOaAdapter.secrets[0])),
    forged("a signature with no key", signed(as_bytes(HELLO), "")),
    forged("a signature with the account's id in place of the app's", signed(as_bytes(HELLO), SECRET, app_id=OA_ID)),
    forged("a signature with another timestamp", signed(as_bytes(HELLO), SECRET, timestamp=str(SENT_AT + 1))),
    forged("a header's timestamp changed", {**signed(as_bytes(HELLO), SECRET, "header"), TIMESTAMP: "1"}),
    forged("a header's timestamp missing", {HEADER: signed(as_bytes(HELLO), SECRET, "header")[HEADER]}),
    forged("a signature cut short", {HEADER: MAC[:-1]}),
    forged("a signature with more behind it", {HEADER: MAC + "0"}),
    forged("a signature of other letters", {HEADER: "mac=chữ-ký"}),
    forged("a signature in another header", {"X-Zalo-Signature": MAC}),
    forged("the secret in place of a signature", {HEADER: f"mac={SECRET}"}),
    forged("a body changed on the way", {HEADER: MAC}, as_bytes(HELLO).replace(b"menu", b"stop")),
    forged("a body written anew with other spaces", {HEADER: MAC}, as_bytes(HELLO).replace(b", ", b",")),
    forged("of another app, signed for ours", signed(as_bytes(OF_ANOTHER_APP), SECRET), OF_ANOTHER_APP),
    forged("a withdrawal without signature", {}, event("user_withdraw", user_id=CO_BA)),
    forged("rubbish without signature", {}, b"\x00\xff"),
    forged("a probe with something in it", {}, b'{"a":1}'),
]  # fmt: skip

PROBES = [
    Case("the console's probe", (Delivery(b"{}", {}),)),
    Case("a probe with white space", (Delivery(b" {}\n", {}),)),
    Case("a signed probe", (Delivery(b"{}", signed(b"{}", SECRET, "header")),)),
]

SIGNED = [
    Case("the body's timestamp signed", (delivery(HELLO, "body"),), 1),
    Case("a header's timestamp signed", (delivery(HELLO, "header"),), 1),
    Case("both, and the body's is signed", (Delivery(as_bytes(HELLO), {HEADER: MAC, TIMESTAMP: "1"}),), 1),
    Case("a signature in capitals", (Delivery(as_bytes(HELLO), {HEADER: "mac=" + MAC[4:].upper()}),), 1),
    Case("a signature without its mark", (Delivery(as_bytes(HELLO), {HEADER: MAC[4:]}),), 1),
    Case("a header in small letters", (Delivery(as_bytes(HELLO), {HEADER.lower(): MAC}),), 1),
    case("an app's id as a number", {**HELLO, "app_id": int(APP_ID)}, turns=1),
    case("a timestamp as a number", {**HELLO, "timestamp": SENT_AT}, turns=1),
]

REPLAYED = [
    case("three hours old", text("m1", "menu", SENT_AT - 3 * HOUR)),
    case("a second over two hours old", text("m1", "menu", SENT_AT - 2 * HOUR - 1000)),
    case("Zalo's last retry", text("m1", "menu", SENT_AT - 111 * MINUTE), turns=1),
    case("a little ahead of our clock", text("m1", "menu", SENT_AT + MINUTE), turns=1),
    case("three hours ahead", text("m1", "menu", SENT_AT + 3 * HOUR)),
    case("of last year", text("m1", "menu", SENT_AT - 365 * 24 * HOUR)),
    case("of the year 1970", text("m1", "menu", 0)),
    case("seconds in place of milliseconds", text("m1", "menu", SENT_AT // 1000)),
    case("before time began", text("m1", "menu", -1)),
    case("after time ends", text("m1", "menu", 10**40)),
    case("an old withdrawal", event("user_withdraw", SENT_AT - 3 * HOUR, user_id=CO_BA)),
]

MALFORMED = [
    case("an empty body", b""),
    case("white space", b" \r\n"),
    case("not JSON", b"event_name=user_send_text&text=menu"),
    case("half of a JSON", as_bytes(HELLO)[:-9]),
    case("two JSON objects", as_bytes(HELLO) * 2),
    case("not UTF-8", b'{"event_name": "\xff\xfe"}'),
    case("null", b"null"),
    case("a number", b"5"),
    case("a list of events", as_bytes([HELLO])),
    case("brackets without end", b"[" * 100_000),
    case("a message that is a text", {**HELLO, "message": "menu"}),
    case("a message that is a list", {**HELLO, "message": [HELLO["message"]]}),
    case("a text that is a number", {**HELLO, "message": {"msg_id": "m1", "text": 5}}),
    case("a text that is an object", {**HELLO, "message": {"msg_id": "m1", "text": {"a": "menu"}}}),
    case("attachments that are no list", message("user_send_image", attachments="x")),
    case("attachments of strange things", message("user_send_image", attachments=[5, None, {"payload": 3}]), turns=1),
    case("a sender that is a text", {**HELLO, "sender": CO_BA}),
    case("a sender's id that is a list", {**HELLO, "sender": {"id": [CO_BA]}}),
    case("a sender's id that is true", {**HELLO, "sender": {"id": True}}),
    case("an event_name that is a list", {**HELLO, "event_name": ["user_send_text"]}),
    case("a timestamp that is a word", {**HELLO, "timestamp": "hôm nay"}),
    case("a timestamp of other digits", {**HELLO, "timestamp": "١٧٩٥٦٠٨٠٠٠٠٠٠"}),
]

MISSING = [
    case("without event_name", without(HELLO, "event_name")),
    case("without sender", without(HELLO, "sender")),
    case("without the sender's id", without(HELLO, "sender", "id")),
    case("without message", without(HELLO, "message")),
    case("without text", without(HELLO, "message", "text")),
    case("with an empty text", text("m1", "")),
    case("with a blank text", text("m1", " \n ")),
    case("without msg_id", without(HELLO, "message", "msg_id"), turns=1),
    case("without msg_id, twice", *[without(HELLO, "message", "msg_id")] * 2, turns=1),
    case("without recipient", without(HELLO, "recipient"), turns=1),
    case("without user_id_by_app", without(HELLO, "user_id_by_app"), turns=1),
    case("without app_id", without(HELLO, "app_id"), turns=1),
    case("a follow without follower", without(follow(), "follower")),
    case("a chat opened by nobody", without(chat_opened(), "user_id")),
    case("a withdrawal of nobody", event("user_withdraw")),
    Case("without timestamp in the body", (Delivery(
        as_bytes(without(HELLO, "timestamp")),
        signed(as_bytes(without(HELLO, "timestamp")), SECRET, "header")),), 1),
]  # fmt: skip

DROPPED = [
    *(
        case(f"an echo {name}", event(name, sender={"id": OA_ID}, recipient={"id": CO_BA}, message=HELLO["message"]))
        for name in ("oa_send_text", "oa_send_image", "oa_send_list", "oa_send_file", "oa_send_sticker")
    ),
    case("a receipt", message("user_received_message", person=OA_ID)),
    case("a message seen", event("user_seen_message", sender={"id": OA_ID}, message={"msg_ids": ["m1"]})),
    case("a reaction", message("user_reacted_message", react_icon="/-heart")),
    case("a tag added", event("add_user_to_tag", user_id=CO_BA)),
    case("a group's message", message("user_send_group_text", text="menu")),
    case("a consent to calls", event("oa_send_consent", user_id=CO_BA)),
    case("a template's new status", event("change_template_status")),
    case("somebody without account", message("anonymous_send_text", text="menu", conversation_id="c")),
    case("an event of next year", event("user_dreams", sender={"id": CO_BA})),
    case("an event without name", event("")),
    case("an event's name in capitals", {**HELLO, "event_name": "USER_SEND_TEXT"}),
]

TAKEN = [
    case("a text", HELLO, turns=1),
    case("a reply to an earlier message", message("user_send_text", text="menu", quote_msg_id="m0"), turns=1),
    case("a tap", text("m1", TAP + "m"), turns=1),
    case("a tap of a button nobody has", text("m1", TAP + "zz:::"), turns=1),
    case("a tap of nothing", text("m1", TAP), turns=1),
    case("a tap with a guide that is gone", text("m1", f"{TAP}g:bai-da-xoa"), turns=1),
    case("a picture", attached("user_send_image", "image", {"url": "https://a.zdn.vn/1.jpg"}), turns=1),
    case("a link", attached("user_send_link", "link", {"url": "https://vneid-gov.top"}), turns=1),
    case("a voice", attached("user_send_audio", "audio", {"url": "https://a.zdn.vn/1.amr"}), turns=1),
    case("a sticker", attached("user_send_sticker", "sticker", {"id": "1"}), turns=1),
    case("a location", attached("user_send_location", "location", {"coordinates": {}}), turns=1),
    case("a file", attached("user_send_file", "file", {"name": "a.pdf", "type": "pdf"}), turns=1),
    case("a film", attached("user_send_video", "video", {"url": "https://a.zdn.vn/1.mp4"}), turns=1),
    case("a name card", attached("user_send_business_card", "link", {"description": '{"phone": "0905"}'}), turns=1),
    case("a form filled in", event("user_submit_info", sender={"id": CO_BA}, info={"phone": "84905"}), turns=1),
    case("a follow", follow(), turns=1),
    case("a chat opened", chat_opened(), turns=1),
    case("an unfollow", event("unfollow", follower={"id": CO_BA}), turns=1),
    case("a withdrawal of somebody unknown", event("user_withdraw", user_id=CO_BA)),
]

OVERSIZE = [
    case("a body over a mebibyte", b" " * (MEBIBYTE + 1), status=413),
    case("a text over a mebibyte", text("m1", "a" * MEBIBYTE), status=413),
    case("a text of a hundred thousand", text("m1", "vneid " * 16_000), turns=1),
    case("a tap's payload of a hundred thousand", text("m1", TAP + "g:" + "a" * 100_000), turns=1),
    case("a sender's id of four hundred digits", {**HELLO, "sender": {"id": "9" * 400}}, turns=1),
    case("a msg_id of a hundred thousand", text("m" * 100_000, "menu"), turns=1),
    case("ten thousand attachments", message("user_send_image", attachments=[{"payload": {}}] * 10_000), turns=1),
]

REPEATED = [
    case("the same delivery twice", *[HELLO] * 2, turns=1),
    case("the same delivery ten times", *[HELLO] * 10, turns=1),
    case("a retry with another timestamp", HELLO, text("m1", "menu", SENT_AT + 30_000), turns=1),
    Case("the same delivery, signed both ways", (delivery(HELLO), delivery(HELLO, "header")), 1),
    case("the same words with another id", HELLO, text("m2", "menu"), turns=2),
    case("a double tap", text("m1", TAP + "m"), text("m2", TAP + "m"), turns=2),
    case("a follow twice", *[follow()] * 2, turns=1),
    case("followed and opened at once: greeted once", follow(), chat_opened(SENT_AT + 900), turns=1),
    case("opened again an hour later", chat_opened(), chat_opened(SENT_AT + HOUR), turns=2),
    case("an unfollow twice", *[event("unfollow", follower={"id": CO_BA})] * 2, turns=1),
    case("in the wrong order", *(text(f"m{at}", "menu", SENT_AT + at) for at in (30, 10, 20)), turns=3),
    case("backwards", *(text(f"m{at}", "menu", SENT_AT - at * MINUTE) for at in range(5)), turns=5),
    case("a tap before the greeting", text("m1", TAP + "m", SENT_AT + 5), follow(), turns=2),
    case("words after an unfollow", event("unfollow", follower={"id": CO_BA}), HELLO, turns=2),
    case("an unfollow that comes late", HELLO, event("unfollow", SENT_AT - HOUR, follower={"id": CO_BA}), turns=2),
    case("a bad one between good ones", HELLO, {**HELLO, "message": 5}, text("m2", "menu"), turns=2),
    case("an echo between a message and its retry", HELLO, event("oa_send_text", message={}), HELLO, turns=1),
]

CASES = [
    *FORGED, *PROBES, *SIGNED, *REPLAYED, *MALFORMED, *MISSING, *DROPPED, *TAKEN, *OVERSIZE, *REPEATED,
]  # fmt: skip


def test_there_are_enough_cases_and_each_has_a_label_of_its_own() -> None:
    assert len({one.label for one in CASES}) == len(CASES) >= 60


@pytest_asyncio.fixture
async def channel(tmp_path: Path) -> AsyncIterator[WebhookChannel]:
    """Zalo itself is down, which no delivery may notice."""
    adapter = ZaloOaAdapter()
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
