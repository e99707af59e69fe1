"""What is the Zalo Bot Platform's own: no buttons, styles by place, polling without acknowledgement, groups."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer

from bot.channels import retrying
from bot.channels.base import WebhookChannel
from bot.channels.zalo_bot import client, inbound
from bot.channels.zalo_bot.client import ZaloBotChannel
from bot.channels.zalo_bot.outbound import render
from bot.engine.library import Library
from bot.engine.model import Address, Button, Reply, Update, UpdateKind
from bot.errors import ConnectionFailed, RateLimited, RecipientGone, Rejected
from bot.stores.base import Delivery

from .adapters import ZaloBotAdapter
from .fake_telegram import eventually
from .fake_zalo_bot import CO_BA, GROUP, FakeZaloBot, Refused, event, text, wrapped
from .gate import Case, as_bytes, check, gate
from .gate import Delivery as Posted

TOKEN, SECRET = ZaloBotAdapter.secrets
HEADER = "X-Bot-Api-Secret-Token"
MEBIBYTE = 1024 * 1024
NAMES = ("bot.VDKy", "Bot Học Vụ Số")
PRIVATE = {"id": CO_BA, "chat_type": "PRIVATE"}
PHOTO = {"photo_url": "https://f.zdn.vn/a.jpg"}


def delivery(reply: Reply, number: int = 1) -> Delivery:
    return Delivery(number, Address("zalo_bot", CO_BA), reply, origin="", attempts=1)


def case(label: str, *payloads: Any, turns: int = 0, status: int = 200) -> Case:
    """With the secret of ours."""
    return Case(label, tuple(Posted(as_bytes(one), {HEADER: SECRET}) for one in payloads), turns, status)


def posted(label: str, headers: dict[str, str], payload: Any, status: int = 403) -> Case:
    return Case(label, (Posted(as_bytes(payload), headers),), status=status)


def without(payload: dict[str, Any], key: str) -> dict[str, Any]:
    """The event with one field of its message left out."""
    return payload | {"message": {name: value for name, value in payload["message"].items() if name != key}}


FORGED = [
    posted("no secret", {}, text(1, "menu")),
    posted("an empty secret", {HEADER: ""}, text(1, "menu")),
    posted("another secret", {HEADER: "webhook-secret-of-others"}, text(1, "menu")),
    posted("a secret cut short", {HEADER: SECRET[:-1]}, text(1, "menu")),
    posted("a secret with more behind it", {HEADER: SECRET + "x"}, text(1, "menu")),
    posted("a secret in capitals", {HEADER: SECRET.upper()}, text(1, "menu")),
    posted("a secret in a header of Telegram", {"X-Telegram-Bot-Api-Secret-Token": SECRET}, text(1, "menu")),
    posted("a secret of other letters", {HEADER: "bí-mật-của-ai"}, text(1, "menu")),
    posted("the bot's token in place of the secret", {HEADER: TOKEN}, text(1, "menu")),
    posted("rubbish without secret", {}, b"\x00\xff"),
    posted("the body of the OA", {}, {"event_name": "user_send_text", "message": {"msg_id": "1", "text": "menu"}}),
]
PROBES = [
    posted("an empty probe", {}, b"", status=200),
    posted("an empty object as a probe", {}, b"{}\n", status=200),
    case("a probe with the secret", b""),
]
SHAPES = [
    case("flat", text(1, "menu"), turns=1),
    case("wrapped", wrapped(text(1, "menu")), turns=1),
    case("flat and wrapped are one", text(1, "menu"), wrapped(text(1, "menu")), turns=1),
    case("an image", event("image", **PHOTO), turns=1),
    case("an image as documents have it", event("image", photo="https://f.zdn.vn/a.jpg", caption="vneid"), turns=1),
    case("an image with an empty caption", event("image", **PHOTO, caption=None), turns=1),
    case("a sticker", event("sticker", sticker="2d75", url="https://stickers.zaloapp.com/a"), turns=1),
    case("a voice", event("voice", voice_url="https://f.zdn.vn/a.aac", message_type="CHAT_VOICE"), turns=1),
    case("unsupported", event("unsupported"), turns=1),
    case("unsupported without message", {"event_name": "message.unsupported.received"}),
    case("unsupported without message_id", without(event("unsupported"), "message_id"), turns=1),
    case("a link", event("link", url="https://vneid-gov.top"), turns=1),
    case("a text of blanks opens the chat", text(1, "  "), turns=1),
]
UNKNOWN = [
    case("an event of the future", event("hologram")),
    case("a reaction", event("reaction", reaction="heart")),
    case("an event of the OA with the secret", {"event_name": "user_send_text", "message": {"text": "menu"}}),
    case("another bot", text(1, "menu", **{"from": {"id": "b", "is_bot": True}})),
]
MISSING = [
    case("no event_name", {"message": text(1, "menu")["message"]}),
    case("no message", {"event_name": "message.text.received"}),
    case("no chat", without(text(1, "menu"), "chat")),
    case("no text", event("text")),
    case("no sender is answered", without(text(1, "menu"), "from"), turns=1),
    case("no date is answered", without(text(1, "menu"), "date"), turns=1),
    case("no chat_type is a private chat", text(1, "menu", chat={"id": CO_BA}), turns=1),
    case("no message_id is known again", *[without(text(1, "menu"), "message_id")] * 2, turns=1),
]
MALFORMED = [
    case(f"malformed {number}", body) for number, body in enumerate(ZaloBotAdapter.malformed, 1)
]  # fmt: skip
OVERSIZE = [
    case("a body over a mebibyte", b" " * (MEBIBYTE + 1), status=413),
    case("an update over a mebibyte", text(1, "a" * MEBIBYTE), status=413),
    case("a text of two hundred thousand", text(1, "vneid " * 33_000), turns=1),
    case("a message_id of a hundred thousand", event("text", text="menu", message_id="a" * 100_000), turns=1),
]
GROUPS = [
    case("talk in a group", text(1, "menu", group=True)),
    case("another person is named", text(1, "@Bốt nhà menu, @An ơi", group=True)),
    case("an address of mail", text(1, "gửi an@bot.vn nhé", group=True)),
    case("named", text(1, "@Bot Học Vụ Số menu", group=True), turns=1),
    case("named in the middle", text(1, "nhờ @bot.VDKy chỉ vneid", group=True), turns=1),
    case("named and nothing else", text(1, "@Bot", group=True), turns=1),
    case("an answer to us", text(1, "2", group=True, reply_to_message={"message_id": "m1"}), turns=1),
    case("a sticker in a group", event("sticker", group=True)),
    case("an image in a group", event("image", group=True, **PHOTO, caption="@Bot đây là gì")),
    case("unsupported in a group", event("unsupported", group=True)),
    case("a kind of chat not known", text(1, "menu", chat={"id": "c", "chat_type": "CHANNEL"})),
]
REPEATED = [
    case("the same delivery twice", *[text(1, "menu")] * 2, turns=1),
    case("the same message_id with other words", text(1, "menu"), text(1, "vneid"), turns=1),
    case("the same words with another message_id", text(1, "menu"), text(2, "menu"), turns=2),
    case("a redelivery after others", text(1, "menu"), text(2, "vneid"), text(1, "menu"), turns=2),
    case("in the wrong order", text(12, "ba"), text(10, "một"), text(11, "hai"), turns=3),
    case("a bad one between good ones", text(1, "menu"), event("text"), text(3, "menu"), turns=2),
]
CASES = [*FORGED, *PROBES, *SHAPES, *UNKNOWN, *MISSING, *MALFORMED, *OVERSIZE, *GROUPS, *REPEATED]


@pytest_asyncio.fixture
async def adapter() -> AsyncIterator[ZaloBotAdapter]:
    adapter = ZaloBotAdapter()
    await adapter.start()
    yield adapter
    await adapter.stop()


@pytest.fixture
def api(adapter: ZaloBotAdapter) -> FakeZaloBot:
    return adapter.api


MakeChannel = Callable[..., ZaloBotChannel]


@pytest_asyncio.fixture
async def make(adapter: ZaloBotAdapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakeChannel]:
    """A channel of this mode, stopped at the end. Nothing waits as long as in earnest."""
    monkeypatch.setattr(retrying, "RETRY_FIRST", 0.01)
    monkeypatch.setattr(retrying, "ACCEPT_DELAYS", (0.01, 0.01))
    monkeypatch.setattr(client, "POLL_LEAST", 0.01)
    made: list[ZaloBotChannel] = []

    def make(mode: str = "polling", **more: str) -> ZaloBotChannel:
        channel = adapter.channel(tmp_path, mode, **more)
        assert isinstance(channel, ZaloBotChannel)
        made.append(channel)
        return channel

    yield make
    for channel in made:
        await channel.stop()


class Inbox:
    """Takes updates as the program does; may be told to fail, or to be slow."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.tries = 0
        self.poison = ""
        self.free = asyncio.Event()
        self.free.set()

    async def accept(self, update: Update) -> None:
        self.tries += 1
        await self.free.wait()
        if self.poison and self.poison in update.text:
            raise ValueError(update.text)
        self.texts.append(update.text)

    async def until(self, *texts: str) -> None:
        await eventually(lambda: self.texts == list(texts))


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


class TestInbound:
    def test_there_are_enough_cases_and_each_has_a_label_of_its_own(self) -> None:
        assert len({one.label for one in CASES}) == len(CASES) >= 60

    @pytest.mark.parametrize("one", CASES, ids=str)
    async def test_a_delivery_is_answered_and_changes_what_it_may(
        self, one: Case, make: MakeChannel, library: Library
    ) -> None:
        await check(one, make("webhook"), library)

    @pytest.mark.parametrize(
        ("payload", "kind", "said"),
        [
            (text(1, "  vneid ko vào dc "), UpdateKind.TEXT, "vneid ko vào dc"),
            (text(1, ""), UpdateKind.START, ""),
            (event("image", **PHOTO, caption="cái này là gì"), UpdateKind.PICTURE, "cái này là gì"),
            (event("sticker", sticker="2d75"), UpdateKind.STICKER, ""),
            (event("voice", voice_url="https://f.zdn.vn/a.aac"), UpdateKind.VOICE, ""),
            (event("link", text="https://vneid-gov.top"), UpdateKind.FILE, "https://vneid-gov.top"),
            (event("unsupported"), UpdateKind.FILE, ""),
        ],
    )
    def test_kinds(self, payload: dict[str, Any], kind: UpdateKind, said: str) -> None:
        number = payload["message"]["message_id"]
        [update] = inbound.read(payload, NAMES)
        assert (update.id, update.address) == (number, Address("zalo_bot", CO_BA))
        assert (update.kind, update.text) == (kind, said)

    def test_a_picture_is_named_by_its_address_whatever_that_is_called(self) -> None:
        for key in ("photo_url", "photo"):
            [update] = inbound.read(event("image", **{key: "https://f.zdn.vn/a.jpg"}), NAMES)
            assert update.picture == "https://f.zdn.vn/a.jpg"
        assert inbound.read(event("image", photo={"url": 5}), NAMES)[0].picture == ""

    @pytest.mark.parametrize(
        ("said", "meant"),
        [
            ("@Bot Học Vụ Số vneid ko vào dc", "vneid ko vào dc"),
            ("@bot học vụ số", ""),
            ("chỉ giúp @bot.VDKy vneid", "chỉ giúp  vneid"),
            ("@Bot vneid", "vneid"),
        ],
    )
    def test_in_a_group_our_name_is_not_part_of_the_question(self, said: str, meant: str) -> None:
        [update] = inbound.read(text(1, said, group=True), NAMES)
        assert (update.address, update.text) == (Address("zalo_bot", GROUP), meant)

    def test_without_message_id_other_words_are_another_update(self) -> None:
        ids = {inbound.read(without(text(1, words), "message_id"))[0].id for words in ("một", "hai", "một")}
        assert len(ids) == 2


class TestOutbound:
    def test_bold_is_placed_in_utf16_units(self) -> None:
        [call] = render(delivery(Reply("😢 Bấm **Gửi 😀** rồi **Đợi**")), "")
        assert call.params == {
            "chat_id": CO_BA,
            "text": "😢 Bấm Gửi 😀 rồi Đợi",
            "text_styles": [{"start": 7, "len": 6, "st": ["b"]}, {"start": 18, "len": 3, "st": ["b"]}],
        }

    def test_choices_are_numbered_and_contacts_spelled_out(self) -> None:
        buttons = (Button("Xong", postback="n"), Button("Gọi VNeID", phone="19000368"), Button("Vướng", postback="x"))
        [call] = render(delivery(Reply("Được chưa?", buttons)), "")
        assert call.params["text"] == "Được chưa?\n\nGọi VNeID: 19000368\n1. Xong\n2. Vướng"

    def test_a_picture_is_an_address_that_zalo_can_fetch(self) -> None:
        reply = Reply("Bấm **Gửi**", picture="vneid/ảnh 2.png")
        photo, words = render(delivery(reply), "https://hoc.vn/pictures")
        assert photo.params["photo"] == "https://hoc.vn/pictures/vneid/%E1%BA%A3nh%202.png"
        assert render(delivery(reply), "") == [words]


class TestSending:
    async def test_a_refused_picture_or_style_does_not_hold_up_the_words(
        self, make: MakeChannel, api: FakeZaloBot
    ) -> None:
        api.fail("sendPhoto", Refused(400))
        api.fail("sendMessage", Refused(400))
        await make(public_url="https://hoc.vn").send(delivery(Reply("Bấm **Gửi**", picture="a.png")))
        assert api.messages == [{"chat_id": CO_BA, "text": "Bấm Gửi"}]

    async def test_a_long_reply_goes_on_where_it_failed(self, make: MakeChannel, api: FakeZaloBot) -> None:
        channel = make()
        long = delivery(Reply("Bấm tiếp. " * 500))
        api.fail("sendMessage", None, Refused(429))
        with pytest.raises(RateLimited):
            await channel.send(long)
        await channel.send(delivery(Reply("Khác"), number=2))
        await channel.send(long)
        shown = [one["text"] for one in api.messages if one["text"] != "Khác"]
        assert " ".join(shown) == long.reply.text.rstrip()

    @pytest.mark.parametrize(
        ("code", "error", "told"),
        [
            (400, Rejected, "400"),
            (401, ConnectionFailed, "the token is refused"),
            (403, ConnectionFailed, "403"),
            (404, RecipientGone, "404"),
            (408, ConnectionFailed, "408"),
            (426, Rejected, "426"),
            (429, RateLimited, "the plan's messages of this month"),
            (500, ConnectionFailed, "500"),
        ],
    )
    async def test_refusals_are_sorted_by_what_to_do(
        self, make: MakeChannel, api: FakeZaloBot, code: int, error: type[Exception], told: str
    ) -> None:
        api.fail("sendMessage", Refused(code, 'cannot send "Chào cô Ba"'))
        with pytest.raises(error) as caught:
            await make().send(delivery(Reply("Chào cô Ba")))
        assert told in str(caught.value)
        assert "Chào" not in str(caught.value)

    async def test_a_choice_is_answered_by_its_number(
        self, make: MakeChannel, api: FakeZaloBot, library: Library
    ) -> None:
        channel = make("webhook")
        async with gate(channel, library) as site:
            for number, words in enumerate(["menu", "1"], 1):
                posted = Posted(as_bytes(text(number, words)), {HEADER: SECRET})
                assert await site.deliver(posted) == 200
            for waiting in site.store.waiting(Address("zalo_bot", CO_BA), 0):
                await channel.send(waiting)
        first = library.content.topics[0]
        assert f"1. {first.title}" in api.messages[0]["text"]
        assert library.content.guides[first.guides[0]].title in api.messages[-1]["text"]


class TestPolling:
    async def test_updates_are_fetched_one_by_one_without_offset(
        self, make: MakeChannel, api: FakeZaloBot, inbox: Inbox
    ) -> None:
        api.push(text(1, "một"), wrapped(text(2, "hai"))["result"])
        await make().start(inbox.accept)
        await inbox.until("một", "hai")
        api.push(text(3, "ba"))
        await inbox.until("một", "hai", "ba")
        assert api.called("deleteWebhook")
        assert {tuple(params) for params in api.called("getUpdates")} == {("timeout",)}

    async def test_nothing_waiting_is_no_fault(
        self, make: MakeChannel, api: FakeZaloBot, inbox: Inbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        api.fail("getUpdates", *[Refused(408)] * 5)
        api.push(text(1, "một"))
        await make().start(inbox.accept)
        await inbox.until("một")
        assert "failed" not in caplog.text

    async def test_polls_that_are_not_held_open_are_asked_slower(
        self, make: MakeChannel, api: FakeZaloBot, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "POLL_LEAST", 0.2)
        api.fail("getUpdates", *[Refused(408)] * 100)
        await make().start(inbox.accept)
        await asyncio.sleep(0.5)
        assert 1 <= len(api.called("getUpdates")) <= 4

    async def test_the_next_is_asked_for_only_after_this_one_is_committed(
        self, make: MakeChannel, api: FakeZaloBot, inbox: Inbox
    ) -> None:
        inbox.free.clear()
        api.push(text(1, "một"), text(2, "hai"))
        await make().start(inbox.accept)
        await eventually(lambda: inbox.tries == 1)
        await asyncio.sleep(0.05)
        assert len(api.queue) == 1
        inbox.free.set()
        await inbox.until("một", "hai")

    async def test_what_was_fetched_is_finished_before_a_stop(
        self, make: MakeChannel, api: FakeZaloBot, inbox: Inbox
    ) -> None:
        inbox.free.clear()
        api.push(text(1, "một"), text(2, "hai"))
        channel = make()
        await channel.start(inbox.accept)
        await eventually(lambda: inbox.tries == 1)
        stopping = asyncio.create_task(channel.stop())
        await asyncio.sleep(0.05)
        inbox.free.set()
        await stopping
        assert inbox.texts == ["một"]
        assert len(api.queue) == 1  # for the next start
        await make().start(inbox.accept)
        await inbox.until("một", "hai")

    async def test_what_cannot_be_finished_is_told(
        self,
        make: MakeChannel,
        api: FakeZaloBot,
        inbox: Inbox,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(client, "STOP_LIMIT", 0.05)
        inbox.free.clear()
        api.push(text(1, "một"))
        channel = make()
        await channel.start(inbox.accept)
        await eventually(lambda: inbox.tries == 1)
        await channel.stop()
        assert "it is lost" in caplog.text

    async def test_a_poisoned_update_is_tried_and_then_given_up(
        self, make: MakeChannel, api: FakeZaloBot, inbox: Inbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        inbox.poison = "thuốc độc"
        api.push(text(1, "thuốc độc"), {"event_name": 5}, [], None, text(2, "lành"))
        await make().start(inbox.accept)
        await inbox.until("lành")
        assert inbox.tries == len(retrying.ACCEPT_DELAYS) + 1
        assert "given up" in caplog.text
        assert "ValueError at test_zalo_bot.py:" in caplog.text
        assert "thuốc độc" not in caplog.text

    async def test_a_short_fault_of_ours_loses_nothing(
        self, make: MakeChannel, api: FakeZaloBot, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inbox.poison = "một"
        monkeypatch.setattr(retrying, "ACCEPT_DELAYS", (0.01,) * 100)
        api.push(text(1, "một"))
        await make().start(inbox.accept)
        await eventually(lambda: inbox.tries == 2)
        inbox.poison = ""
        await inbox.until("một")

    async def test_it_goes_on_after_an_outage(self, make: MakeChannel, api: FakeZaloBot, inbox: Inbox) -> None:
        await make().start(inbox.accept)
        await eventually(lambda: bool(api.called("getUpdates")))
        await api.stop()
        await asyncio.sleep(0.05)
        await api.start()
        api.push(text(1, "một"))
        await inbox.until("một")

    async def test_a_wrong_token_is_told_in_plain_words(
        self, make: MakeChannel, api: FakeZaloBot, inbox: Inbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        api.fail("getMe", Refused(401, "Unauthorized"))
        api.push(text(1, "một"))
        await make().start(inbox.accept)
        await inbox.until("một")
        assert "the token is refused (401)" in caplog.text
        assert TOKEN not in caplog.text


class TestWebhook:
    async def test_it_registers_until_zalo_reaches_us(
        self,
        make: MakeChannel,
        api: FakeZaloBot,
        inbox: Inbox,
        library: Library,
        caplog: pytest.LogCaptureFixture,
        unused_tcp_port_factory: Callable[[], int],
    ) -> None:
        caplog.set_level(logging.INFO)
        port = unused_tcp_port_factory()
        channel = make("webhook", public_url=f"http://127.0.0.1:{port}")
        await channel.start(inbox.accept)  # as in earnest, before the server listens
        await eventually(lambda: "Zalo cannot reach" in caplog.text)
        async with gate(channel, library) as site:
            server = TestServer(site.client.server.app, port=port)  # type: ignore[union-attr]
            async with server:
                await eventually(lambda: channel._running is not None and channel._running.done())
        assert api.webhook == {"url": f"http://127.0.0.1:{port}/webhook/zalo-bot", "secret_token": SECRET}
        assert not api.called("getUpdates")
        assert SECRET not in caplog.text


def test_it_is_a_webhook_channel(make: MakeChannel) -> None:
    assert isinstance(make(), WebhookChannel)
