"""What is Telegram's own: edits, polling, the webhook's registration, the token in addresses."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from bot.channels import retrying
from bot.channels.pace import Pace
from bot.channels.telegram import inbound
from bot.channels.telegram.client import BURST, MESSAGES_A_SECOND, TelegramChannel
from bot.channels.telegram.outbound import render
from bot.engine.model import Address, Button, Reply, Update, UpdateKind
from bot.errors import BadSignature, ConnectionFailed, RateLimited, RecipientGone, Rejected
from bot.stores.base import Delivery

from .adapters import TelegramAdapter
from .fake_telegram import BOT, CO_BA, FakeTelegram, Refused, bad_request, eventually, membership, message, tap

GROUP = {"id": -1001, "type": "supergroup", "title": "Thôn Phú Nghĩa"}
PNG = b"\x89PNG\r\n\x1a\n"
TOKEN, SECRET = TelegramAdapter.secrets


def delivery(reply: Reply, origin: str = "", number: int = 1) -> Delivery:
    return Delivery(number, Address("telegram", "42"), reply, origin, attempts=1)


def read(payload: dict[str, Any]) -> list[Update]:
    return inbound.parse(json.dumps(payload).encode(), "t_bot")


class TestInbound:
    @pytest.mark.parametrize(
        ("text", "kind", "said", "data"),
        [
            ("/start", UpdateKind.START, "", ""),
            ("/start vneid-kich-hoat_a1", UpdateKind.START, "", "vneid-kich-hoat_a1"),
            ("/start@t_bot 14", UpdateKind.START, "", "14"),
            ("/menu", UpdateKind.TEXT, "menu", ""),
            ("/Menu@t_bot ngay", UpdateKind.TEXT, "menu", ""),
            ("/home/co-ba", UpdateKind.TEXT, "/home/co-ba", ""),
            ("  vneid ko vào dc ", UpdateKind.TEXT, "vneid ko vào dc", ""),
        ],
    )
    def test_commands(self, text: str, kind: UpdateKind, said: str, data: str) -> None:
        [update] = read(message(3, text))
        assert (update.kind, update.text, update.data) == (kind, said, data)

    @pytest.mark.parametrize(
        ("attached", "kind"),
        [
            ({"photo": [{"file_id": "a"}]}, UpdateKind.PICTURE),
            ({"document": {"file_id": "a", "mime_type": "image/png"}}, UpdateKind.PICTURE),
            ({"document": {"file_id": "a", "mime_type": "application/pdf"}}, UpdateKind.FILE),
            ({"video": {"file_id": "a"}}, UpdateKind.FILE),
            ({"contact": {"phone_number": "0905"}}, UpdateKind.FILE),
            ({"sticker": {"file_id": "a"}}, UpdateKind.STICKER),
            ({"voice": {"file_id": "a"}}, UpdateKind.VOICE),
            ({"audio": {"file_id": "a"}}, UpdateKind.VOICE),
            ({"location": {"latitude": 12.2, "longitude": 109.2}}, UpdateKind.LOCATION),
        ],
    )
    def test_attachments(self, attached: dict[str, Any], kind: UpdateKind) -> None:
        [update] = read(message(3, **attached, caption="cái này là gì"))
        assert (update.kind, update.text) == (kind, "cái này là gì")

    def test_a_picture_is_named_by_its_largest_size(self) -> None:
        [photo] = read(message(3, photo=[{"file_id": "small"}, {"file_id": "large"}]))
        [screenshot] = read(message(3, document={"file_id": "file", "mime_type": "image/png"}))
        assert (photo.picture, screenshot.picture) == ("large", "file")
        assert read(message(3, document={"file_id": "file", "mime_type": "application/pdf"}))[0].picture == ""

    def test_a_message_tells_its_number_and_whether_it_was_passed_on(self) -> None:
        origin = {"type": "hidden_user", "sender_user_name": "Ai đó", "date": 1700000000}
        [own], [passed_on] = read(message(3, "chào")), read(message(3, "chào", forward_origin=origin))
        assert (own.message, own.is_passed_on, own.origin) == ("5", False, "")
        assert (passed_on.message, passed_on.is_passed_on, passed_on.origin) == ("5", True, "")

    def test_links_behind_words_are_seen(self) -> None:
        hidden = [{"type": "text_link", "offset": 0, "length": 3, "url": "http://vneid-gov.top"}]
        [update] = read(message(3, "Bấm vào đây", entities=hidden))
        assert update.text == "Bấm vào đây\nhttp://vneid-gov.top"

    def test_a_tap_names_the_message_it_was_made_on(self) -> None:
        [update] = read(tap(4, "m", message_id=7))
        assert update == Update("4", Address("telegram", "42"), UpdateKind.BUTTON, data="m", origin="7")

    def test_a_message_too_old_to_edit_is_no_origin(self) -> None:
        assert read(tap(4, "m", date=0))[0].origin == ""

    def test_a_tap_without_message_is_answered_in_private(self) -> None:
        payload = tap(4, "m")
        del payload["callback_query"]["message"]
        assert read(payload) == [Update("4", Address("telegram", "42"), UpdateKind.BUTTON, data="m")]

    def test_who_blocks_us_left_and_who_comes_back_says_so_themself(self) -> None:
        assert [update.kind for update in read(membership(5, "kicked"))] == [UpdateKind.LEFT]
        assert read(membership(6, "member")) == []

    @pytest.mark.parametrize(
        "payload",
        [
            {"update_id": 1, "edited_message": message(1, "sửa")["message"]},
            message(1, chat={"id": -1, "type": "channel"}, text="tin"),
            message(1, new_chat_members=[CO_BA]),
            message(1, "chuyện riêng", chat=GROUP),
            message(1, "/menu@other_bot", chat=GROUP),
            message(1, "@t_bot_khac chào", chat=GROUP),
            message(1, "ừ", chat=GROUP, reply_to_message={"from": {"is_bot": True, "username": "other_bot"}}),
        ],
    )
    def test_what_is_not_for_us_is_nothing(self, payload: dict[str, Any]) -> None:
        assert read(payload) == []

    @pytest.mark.parametrize(
        ("payload", "said"),
        [
            (message(1, "/menu", chat=GROUP), "menu"),
            (message(1, "/menu@t_bot", chat=GROUP), "menu"),
            (message(1, "@T_bot vneid ko vào dc", chat=GROUP), "vneid ko vào dc"),
            (message(1, "ừ", chat=GROUP, reply_to_message={"from": BOT}), "ừ"),
        ],
    )
    def test_in_a_group_we_answer_there_when_addressed(self, payload: dict[str, Any], said: str) -> None:
        [update] = read(payload)
        assert (update.address.user_id, update.kind, update.text) == ("-1001", UpdateKind.TEXT, said)

    def test_being_called_by_name_alone_opens_the_chat(self) -> None:
        assert read(message(1, "@t_bot", chat=GROUP))[0].kind is UpdateKind.START

    def test_no_secret_of_ours_means_nothing_is_believed(self) -> None:
        with pytest.raises(BadSignature):
            inbound.verify({inbound.HEADER: ""}, "")


class TestOutbound:
    def test_bold_and_escaping(self) -> None:
        [call] = render(delivery(Reply("Bấm **Gửi & nhận** khi x < 1")))
        assert call.method == "sendMessage"
        assert call.params["text"] == "Bấm <b>Gửi &amp; nhận</b> khi x &lt; 1"
        assert call.params["parse_mode"] == "HTML"
        assert call.params["link_preview_options"] == {"is_disabled": True}

    def test_short_labels_share_a_row(self) -> None:
        labels = ["Có", "Không", "Kích hoạt tài khoản VNeID", "Quay lại", "Mục khác", "Thôi"]
        [call] = render(delivery(Reply("?", tuple(Button(label, postback=label) for label in labels))))
        rows = call.params["reply_markup"]["inline_keyboard"]
        assert [[key["text"] for key in row] for row in rows] == [labels[:2], labels[2:3], labels[3:5], labels[5:]]

    def test_a_phone_is_a_line_of_text_and_a_link_a_button(self) -> None:
        buttons = (Button("Gọi VNeID", phone="19000368"), Button("Mở trang", url="https://vneid.gov.vn"))
        [call] = render(delivery(Reply("Cần giúp", buttons)))
        assert call.params["text"] == "Cần giúp\n\nGọi VNeID: 19000368"
        keys = [[{"text": "Mở trang", "url": "https://vneid.gov.vn"}]]
        assert call.params["reply_markup"] == {"inline_keyboard": keys}

    def test_callback_data_is_counted_in_bytes(self) -> None:
        render(delivery(Reply("?", (Button("a", postback="đ" * 32),))))
        with pytest.raises(Rejected):
            render(delivery(Reply("?", (Button("a", postback="đ" * 33),))))

    def test_the_keyboard_is_under_the_last_part(self) -> None:
        calls = render(delivery(Reply("Bấm tiếp. " * 1000, (Button("Xong", postback="n"),), replaces=True), "7"))
        assert [call.method for call in calls] == ["sendMessage"] * 3
        assert ["reply_markup" in call.params for call in calls] == [False, False, True]

    def test_a_picture_carries_a_short_text_and_precedes_a_long_one(self) -> None:
        [call] = render(delivery(Reply("Bấm **Gửi**", picture="a.png")))
        assert (call.method, call.params["caption"]) == ("sendPhoto", "Bấm <b>Gửi</b>")
        calls = render(delivery(Reply("ạ" * 1025, (Button("Xong", postback="n"),), picture="a.png")))
        assert [call.method for call in calls] == ["sendPhoto", "sendMessage"]
        assert "caption" not in calls[0].params
        assert "reply_markup" in calls[1].params


@pytest_asyncio.fixture
async def adapter() -> AsyncIterator[TelegramAdapter]:
    adapter = TelegramAdapter()
    await adapter.start()
    yield adapter
    await adapter.stop()


@pytest.fixture
def api(adapter: TelegramAdapter) -> FakeTelegram:
    return adapter.api


class Inbox:
    """Takes updates as the program does; may be told to fail."""

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self.tries = 0
        self.breaks: Callable[[Update], bool] = lambda update: False

    async def accept(self, update: Update) -> None:
        self.tries += 1
        if self.breaks(update):
            raise ValueError(update.text)
        self.updates.append(update)

    async def until(self, count: int) -> None:
        await eventually(lambda: len(self.updates) >= count)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


MakeChannel = Callable[..., TelegramChannel]


@pytest_asyncio.fixture
async def make(adapter: TelegramAdapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MakeChannel]:
    """A channel of this mode, stopped at the end. Nothing waits as long as in earnest."""
    monkeypatch.setattr(retrying, "RETRY_FIRST", 0.01)
    monkeypatch.setattr(retrying, "ACCEPT_DELAYS", (0.01, 0.01))
    made: list[TelegramChannel] = []

    def make(mode: str = "polling", **more: str) -> TelegramChannel:
        channel = adapter.channel(tmp_path, mode, **more)
        assert isinstance(channel, TelegramChannel)
        made.append(channel)
        return channel

    yield make
    for channel in made:
        await channel.stop()


class TestSending:
    async def test_a_tap_edits_instead_of_piling_up(self, make: MakeChannel, api: FakeTelegram) -> None:
        channel = make()
        await channel.send(delivery(Reply("Bước 1", (Button("Xong", postback="n"),))))
        [origin] = map(str, api.messages)
        second = delivery(Reply("Bước 2", (Button("Xong", postback="n2"),), replaces=True), origin)
        await channel.send(second)
        await channel.send(second)  # a double tap: Telegram says that nothing was modified
        assert [shown["text"] for shown in api.messages.values()] == ["Bước 2"]

    @pytest.mark.parametrize("gone", ["message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"])
    async def test_where_an_edit_is_impossible_a_new_message_comes(
        self, make: MakeChannel, api: FakeTelegram, gone: str
    ) -> None:
        api.fail("editMessageText", bad_request(gone))
        await make().send(delivery(Reply("Bước 2", (Button("Xong", postback="n"),), replaces=True), "7"))
        [shown] = api.messages.values()
        assert shown["text"] == "Bước 2"
        assert "reply_markup" in shown

    async def test_a_text_after_a_picture_is_a_new_message(
        self, make: MakeChannel, api: FakeTelegram, tmp_path: Path
    ) -> None:
        (tmp_path / "a.png").write_bytes(PNG)
        channel = make()
        await channel.send(delivery(Reply("Bước 1", picture="a.png")))
        await channel.send(delivery(Reply("Bước 2", replaces=True), "100"))
        assert [one["text"] for one in api.messages.values() if "text" in one] == ["Bước 2"]

    async def test_a_picture_is_uploaded_once(self, make: MakeChannel, api: FakeTelegram, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(PNG)
        channel = make()
        for number in range(2):
            await channel.send(delivery(Reply("Bước 1", picture="a.png"), number=number))
        api.forget_files()
        await channel.send(delivery(Reply("Bước 1", picture="a.png")))
        photos = [params["photo"] for params in api.called("sendPhoto")]
        assert [isinstance(photo, bytes) for photo in photos] == [True, False, False, True]
        assert photos[0] == PNG

    async def test_a_secret_disappears_from_the_chat(self, make: MakeChannel, api: FakeTelegram) -> None:
        await make().send(delivery(Reply("Đừng gửi mã OTP.", takes_away="5")))
        assert api.deleted == [(42, 5)]
        assert [message["text"] for message in api.messages.values()] == ["Đừng gửi mã OTP."]

    async def test_a_secret_that_cannot_be_taken_away_costs_nothing(self, make: MakeChannel, api: FakeTelegram) -> None:
        api.fail("deleteMessage", bad_request("message can't be deleted"))
        await make().send(delivery(Reply("Đừng gửi mã OTP.", takes_away="5")))
        assert len(api.messages) == 1
        assert api.called("deleteMessage")

    async def test_an_ordinary_reply_takes_nothing_away(self, make: MakeChannel, api: FakeTelegram) -> None:
        await make().send(delivery(Reply("Chào cô Ba."), origin="5"))
        assert not api.called("deleteMessage")

    async def test_a_picture_that_is_not_there_does_not_hold_up_its_text(
        self, make: MakeChannel, api: FakeTelegram
    ) -> None:
        await make().send(delivery(Reply("Bước 1", picture="mất.png")))
        assert [shown["text"] for shown in api.messages.values()] == ["Bước 1"]

    async def test_refused_html_is_sent_plain(self, make: MakeChannel, api: FakeTelegram) -> None:
        api.fail("sendMessage", bad_request("can't parse entities: Unsupported start tag"))
        await make().send(delivery(Reply("Bấm **Gửi** & <đợi>")))
        assert [shown["text"] for shown in api.messages.values()] == ["Bấm Gửi & <đợi>"]

    async def test_a_long_reply_goes_on_where_it_failed(self, make: MakeChannel, api: FakeTelegram) -> None:
        channel = make()
        long = delivery(Reply("Bấm tiếp. " * 1000))
        api.fail("sendMessage", None, Refused(429, "Too Many Requests: retry after 1", retry_after=1))
        with pytest.raises(RateLimited):
            await channel.send(long)
        assert len(api.messages) == 1
        await channel.send(delivery(Reply("Khác"), number=2))
        await channel.send(long)
        shown = [one["text"] for one in api.messages.values() if one["text"] != "Khác"]
        assert " ".join(shown) == long.reply.text.rstrip()

    @pytest.mark.parametrize(
        ("refusal", "error", "code"),
        [
            (bad_request("chat not found"), RecipientGone, "Chat not found"),
            (Refused(403, "Forbidden: user is deactivated"), RecipientGone, "user is deactivated"),
            (Refused(400, "Bad Request: group upgraded", migrate_to_chat_id=-5), RecipientGone, "Group migrated to"),
            (bad_request("BUTTON_DATA_INVALID"), Rejected, "Button_data_invalid"),
            (bad_request('strange "Chào cô Ba" here'), Rejected, "Strange "),
            (Refused(401, "Unauthorized"), ConnectionFailed, "Unauthorized"),
            (Refused(500, "Internal Server Error: restart"), ConnectionFailed, "Internal Server Error"),
        ],
    )
    async def test_refusals_are_sorted_by_what_to_do(
        self, make: MakeChannel, api: FakeTelegram, refusal: Exception, error: type[Exception], code: str
    ) -> None:
        api.fail("sendMessage", refusal)
        with pytest.raises(error) as caught:
            await make().send(delivery(Reply("Chào cô Ba")))
        assert str(caught.value).startswith(code)
        assert "Chào" not in str(caught.value)


class TestPace:
    """Telegram takes so many messages a second, whoever they are for."""

    LATE = 10  # messages beyond those that may be sent at once

    @pytest_asyncio.fixture
    async def rush(self, make: MakeChannel) -> AsyncIterator[tuple[TelegramChannel, list[asyncio.Task[None]]]]:
        """More than may be sent at once, all under way."""
        channel = make("webhook")
        replies = [delivery(Reply(f"Chào {number}"), number=number) for number in range(BURST + self.LATE)]
        sends = [asyncio.create_task(channel.send(reply)) for reply in replies]
        yield channel, sends
        for send in sends:
            send.cancel()

    async def test_a_rush_waits_for_its_places(
        self, rush: tuple[TelegramChannel, list[asyncio.Task[None]]], api: FakeTelegram
    ) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        await asyncio.gather(*rush[1])
        assert clock() - began >= (self.LATE - 1) / (MESSAGES_A_SECOND - BURST)
        assert len(api.messages) == BURST + self.LATE

    async def test_the_parts_of_a_reply_and_a_second_try_take_places_too(
        self, make: MakeChannel, api: FakeTelegram, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken: list[float] = []
        monkeypatch.setattr(Pace, "wait", lambda _, now: taken.append(now))
        api.fail("sendMessage", bad_request("can't parse entities: Unsupported start tag"))
        await make().send(delivery(Reply("Bấm tiếp. " * 1000)))
        assert (len(taken), len(api.messages)) == (4, 3)

    async def test_a_tap_is_answered_before_those_who_wait(
        self, rush: tuple[TelegramChannel, list[asyncio.Task[None]]], api: FakeTelegram, adapter: TelegramAdapter
    ) -> None:
        body = adapter.tap(10, "m")
        rush[0].parse(adapter.signed(body), body)
        await api.until("answerCallbackQuery")
        assert len(api.messages) < BURST + self.LATE

    async def test_typing_is_left_out_while_messages_wait(
        self, rush: tuple[TelegramChannel, list[asyncio.Task[None]]], api: FakeTelegram, adapter: TelegramAdapter
    ) -> None:
        channel, sends = rush
        await api.until("sendMessage")
        for number in (10, 11):
            body = adapter.text(number, "một")
            channel.parse(adapter.signed(body), body)
            await asyncio.gather(*sends)
            await asyncio.sleep(0.1)
        await api.until("sendChatAction")
        assert len(api.called("sendChatAction")) == 1

    async def test_who_still_waits_when_the_program_stops_is_sent_nothing(
        self, rush: tuple[TelegramChannel, list[asyncio.Task[None]]], api: FakeTelegram
    ) -> None:
        channel, sends = rush
        await eventually(lambda: len(api.messages) >= BURST)
        for send in sends:
            send.cancel()
        results = await asyncio.gather(*sends, return_exceptions=True)
        await channel.stop()
        assert sum(isinstance(result, asyncio.CancelledError) for result in results) > 0
        shown = len(api.called("sendMessage"))
        await asyncio.sleep(2 / (MESSAGES_A_SECOND - BURST))
        assert len(api.called("sendMessage")) == shown < BURST + self.LATE


class TestPolling:
    async def test_updates_are_fetched_and_confirmed(self, make: MakeChannel, api: FakeTelegram, inbox: Inbox) -> None:
        await api.push(message(10, "một"), message(11, "hai"))
        await make().start(inbox.accept)
        await inbox.until(2)
        await api.push(message(12, "ba"))
        await inbox.until(3)
        assert [update.id for update in inbox.updates] == ["10", "11", "12"]
        await eventually(lambda: not api.pending)

    async def test_a_webhook_left_from_before_is_removed_and_loses_nothing(
        self, make: MakeChannel, api: FakeTelegram, inbox: Inbox
    ) -> None:
        await api.push(message(10, "một"))
        api.webhook = {"url": "https://old.example/webhook/telegram"}
        await make().start(inbox.accept)
        await inbox.until(1)

    async def test_nothing_is_confirmed_before_it_is_accepted(
        self, make: MakeChannel, api: FakeTelegram, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started, never = asyncio.Event(), asyncio.Event()

        async def accept(update: Update) -> None:
            started.set()
            await never.wait()

        await api.push(message(10, "một"), message(11, "hai"))
        channel = make()
        await channel.start(accept)
        await started.wait()
        await channel.stop()
        assert api.pending == [10, 11]
        assert {params.get("offset") for params in api.called("getUpdates")} == {0}

    async def test_a_poisoned_update_is_tried_and_then_given_up(
        self, make: MakeChannel, api: FakeTelegram, inbox: Inbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        inbox.breaks = lambda update: update.id == "10"
        await api.push(message(10, "thuốc độc"), {"update_id": 11, "message": {}}, message(12, "lành"))
        await make().start(inbox.accept)
        await inbox.until(1)
        assert [update.id for update in inbox.updates] == ["12"]
        assert inbox.tries == len(retrying.ACCEPT_DELAYS) + 1
        assert "update 10 given up" in caplog.text
        assert "ValueError at test_telegram.py:" in caplog.text
        assert "thuốc độc" not in caplog.text

    async def test_a_short_fault_of_ours_loses_nothing(
        self, make: MakeChannel, api: FakeTelegram, inbox: Inbox
    ) -> None:
        inbox.breaks = lambda update: inbox.tries == 1
        await api.push(message(10, "một"))
        await make().start(inbox.accept)
        await inbox.until(1)

    async def test_it_goes_on_after_an_outage(self, make: MakeChannel, api: FakeTelegram, inbox: Inbox) -> None:
        await make().start(inbox.accept)
        await api.until("getUpdates")
        await api.stop()
        await asyncio.sleep(0.05)
        await api.start()
        await api.push(message(10, "một"))
        await inbox.until(1)

    async def test_taps_are_answered_and_texts_see_typing(
        self, make: MakeChannel, api: FakeTelegram, inbox: Inbox
    ) -> None:
        await api.push(tap(10, "m"), message(11, "một"))
        await make().start(inbox.accept)
        await api.until("answerCallbackQuery")
        await api.until("sendChatAction")
        assert api.called("answerCallbackQuery") == [{"callback_query_id": "q10"}]
        assert api.called("sendChatAction") == [{"chat_id": 42, "action": "typing"}]

    async def test_typing_is_shown_before_the_answer(
        self, make: MakeChannel, api: FakeTelegram, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[int] = []

        async def slow(params: dict[str, Any]) -> bool:
            await asyncio.sleep(0.1)
            seen.append(len(api.messages))
            return True

        monkeypatch.setattr(api, "_sendchataction", slow, raising=False)
        await api.push(message(10, "một"))
        channel = make()
        await channel.start(inbox.accept)
        await inbox.until(1)
        await channel.send(delivery(Reply("Chào cô Ba")))
        assert seen == [0]
        assert len(api.messages) == 1

    async def test_a_second_poller_is_told_in_plain_words(
        self, make: MakeChannel, api: FakeTelegram, inbox: Inbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        api.fail("getUpdates", Refused(409, "Conflict: terminated by other getUpdates request"))
        await api.push(message(10, "một"))
        await make().start(inbox.accept)
        await inbox.until(1)
        assert "another program receives this bot's updates (409)" in caplog.text


class TestWebhook:
    @pytest_asyncio.fixture
    async def hook(self) -> AsyncIterator[tuple[str, list[TelegramChannel], list[Update]]]:
        """A web server as thin as can be: its address, the channel it serves, what was parsed."""
        channels: list[TelegramChannel] = []
        updates: list[Update] = []

        async def receive(request: web.Request) -> web.Response:
            try:
                updates.extend(channels[0].parse(request.headers, await request.read()))
            except BadSignature:
                return web.Response(status=403)
            return web.Response()

        app = web.Application()
        app.router.add_post("/webhook/telegram", receive)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", channels, updates
        await runner.cleanup()

    async def test_it_registers_and_receives(
        self, make: MakeChannel, api: FakeTelegram, inbox: Inbox, hook: tuple[str, list[TelegramChannel], list[Update]]
    ) -> None:
        url, channels, updates = hook
        channels.append(make("webhook", public_url=url))
        await channels[0].start(inbox.accept)
        await api.until("setWebhook")
        await api.until("setMyCommands")
        assert api.webhook == {
            "url": f"{url}/webhook/telegram",
            "secret_token": SECRET,
            "allowed_updates": ["message", "callback_query", "my_chat_member"],
        }
        assert api.called("setMyCommands")[0]["commands"][0] == {"command": "menu", "description": "Xem các mục"}
        assert await api.push(message(10, "một"), tap(11, "m")) == [200, 200]
        assert await api.push(message(12, "giả"), secret="wrong") == [403]
        assert [update.id for update in updates] == ["10", "11"]
        await api.until("answerCallbackQuery")
        assert not api.called("getUpdates")

    async def test_it_registers_once_telegram_is_back(
        self, make: MakeChannel, api: FakeTelegram, inbox: Inbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        api.fail("getMe", Refused(401, "Unauthorized"))
        api.fail("setWebhook", bad_request("bad webhook: Failed to resolve host"))
        await make("webhook").start(inbox.accept)
        await api.until("setWebhook", times=2)
        assert "the token is refused (401)" in caplog.text
        assert "setWebhook failed" in caplog.text
        assert TOKEN not in caplog.text


class TestSecrecy:
    async def test_the_token_is_in_no_log_line_whoever_writes_it(
        self, make: MakeChannel, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        channel = make()
        log = logging.getLogger("some.library")
        log.info("GET https://api.telegram.org/bot%s/getMe", TOKEN)
        log.info(f"GET https://host/bot{TOKEN.replace(':', '%3A')}/getMe")
        try:
            raise ValueError(f"The token `{TOKEN}` was rejected")
        except ValueError:
            log.exception("failed")
        assert TOKEN not in caplog.text
        assert TOKEN.split(":")[1] not in caplog.text
        assert "The token `***` was rejected" in caplog.text
        assert TOKEN not in repr(channel)
