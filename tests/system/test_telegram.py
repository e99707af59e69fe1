"""The whole program on Telegram, as a citizen meets it, with the Bot API played on loopback."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import segno

from tests.channels.fake_telegram import BOT, CO_BA, FakeTelegram, Refused, eventually, membership, message, tap
from tests.running import Program

TOKEN = "8123456789:AAFakeFakeFakeFakeFakeFakeFakeFake0"
SECRET = "bi-mat-cua-webhook"
ASKED = "kich hoat vneid"
STEPS_LIMIT = 40  # taps, more than any guide takes

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Service:
    """The program and the Telegram that it talks to."""

    def __init__(self, telegram: FakeTelegram, folder: Path, mode: str) -> None:
        self.telegram = telegram
        self.mode = mode
        block = f"{{token: '{TOKEN}', mode: {mode}, webhook_secret: {SECRET}, api_base: '{telegram.base_url}'}}"
        self.program = Program(folder, f"channels: {{telegram: {block}}}\n")
        self.people = itertools.count(1000)
        self.updates = itertools.count(1)

    async def start(self) -> None:
        """Started, and in touch with Telegram."""
        method = "setWebhook" if self.mode == "webhook" else "deleteWebhook"
        before = len(self.telegram.called(method))
        await asyncio.to_thread(self.program.start)
        await self.telegram.until(method, before + 1)

    async def waiting(self) -> int:
        """Replies still to be sent."""
        return int(json.loads(await asyncio.to_thread(self.program.get, "/readyz"))["outbox"]["waiting"])


class Chat:
    """Somebody's Telegram: what they see, and what they do."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.person = next(service.people)

    async def say(self, text: str) -> None:
        await self.deliver(self.said(text))

    async def show(self, code: str) -> None:
        """Send a picture of a QR code, and a smaller one of it, as Telegram does."""
        picture = io.BytesIO()
        segno.make(code, micro=False).save(picture, kind="png", scale=6)
        number = next(self.service.updates)
        self.service.telegram.files[f"photo-{number}"] = picture.getvalue()
        photo = [{"file_id": "thumbnail"}, {"file_id": f"photo-{number}"}]
        await self.deliver(self._mine(message(number, photo=photo)))

    def said(self, text: str) -> dict[str, Any]:
        return self._mine(message(next(self.service.updates), text))

    async def tap(self, label: str) -> None:
        """On the newest message that has such a button."""
        number, data = next(
            (shown["message_id"], data)
            for shown in reversed(self.shown)
            for text, data in _buttons(shown).items()
            if text == label
        )
        await self.deliver(self._mine(tap(next(self.service.updates), data, message_id=number)))

    async def block(self) -> None:
        await self.deliver(self._mine(membership(next(self.service.updates), "kicked")))

    async def deliver(self, update: dict[str, Any]) -> None:
        """Until the program is done with it, replies included."""
        assert set(await self.service.telegram.push(update)) <= {200}
        await self.settled(update)

    async def settled(self, update: dict[str, Any]) -> None:
        await eventually(lambda: update["update_id"] not in self.service.telegram.pending)
        async with asyncio.timeout(10):
            while await self.service.waiting():  # noqa: ASYNC110 - another process's outbox: nothing wakes us
                await asyncio.sleep(0.02)

    def _mine(self, update: dict[str, Any]) -> dict[str, Any]:
        """The same update from this person."""
        theirs, mine = (f'"id": {person},' for person in (CO_BA["id"], self.person))
        return dict(json.loads(json.dumps(update).replace(theirs, mine)))

    @property
    def shown(self) -> list[dict[str, Any]]:
        return [one for one in self.service.telegram.messages.values() if one["chat"]["id"] == self.person]

    @property
    def texts(self) -> list[str]:
        return [one["text"] for one in self.shown]

    @property
    def labels(self) -> list[str]:
        return list(_buttons(self.shown[-1]))


def _buttons(shown: dict[str, Any]) -> dict[str, str]:
    rows = shown.get("reply_markup", {}).get("inline_keyboard", [])
    return {key["text"]: key.get("callback_data", "") for row in rows for key in row}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["polling", "webhook"])
async def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    telegram = FakeTelegram(TOKEN)
    await telegram.start()
    service = Service(telegram, tmp_path_factory.mktemp(request.param), request.param)
    await service.start()
    yield service
    code = await asyncio.to_thread(service.program.stop)
    await telegram.stop()
    log = service.program.log
    assert code == 0
    assert "Traceback" not in log
    for kept in (TOKEN, TOKEN.partition(":")[2], SECRET, ASKED):
        assert kept not in log, "the log holds a secret, or what a person wrote"


@pytest.fixture
def chat(service: Service) -> Chat:
    return Chat(service)


async def test_a_citizen_is_led_to_the_end_of_a_guide(chat: Chat) -> None:
    await chat.say("/start")
    assert chat.texts[-1].startswith("Chào")
    await chat.say(ASKED)
    assert chat.texts[-1].startswith("Kích hoạt tài khoản VNeID")
    piled = len(chat.texts)
    await chat.tap("Bắt đầu")
    assert chat.texts[-1].startswith("Bước 1/")
    await chat.tap("Có tin nhắn rồi")
    for _ in range(STEPS_LIMIT):
        if "Xong, bước tiếp" not in chat.labels:
            break
        await chat.tap("Xong, bước tiếp")
    assert "Tài khoản VNeID đã mở" in chat.texts[-1]
    assert len(chat.texts) == piled, "steps take each other's place, they do not pile up"


async def test_a_guides_page_leads_to_the_bot(service: Service) -> None:
    page = await asyncio.to_thread(service.program.get, "/g/vneid-kich-hoat")
    assert f"https://t.me/{BOT['username']}?start=vneid-kich-hoat" in page


async def test_who_blocks_us_holds_up_nothing_and_is_answered_on_coming_back(chat: Chat) -> None:
    chat.service.telegram.fail("sendMessage", Refused(403, "Forbidden: bot was blocked by the user"))
    await chat.say(ASKED)
    await chat.block()
    assert chat.texts == []
    assert await chat.service.waiting() == 0
    await chat.say("/start")
    assert len(chat.texts) == 1


async def test_a_power_cut_between_two_updates_loses_nothing_and_says_nothing_twice(chat: Chat) -> None:
    service = chat.service
    await chat.say("/start")
    first, second = chat.said(ASKED), chat.said("2")
    await chat.deliver(first)
    told = list(chat.texts)
    await asyncio.to_thread(service.program.kill)
    # Telegram may not know that the first was taken, and delivers both: at once when asked, or after it failed to.
    if service.mode == "polling":
        await service.telegram.push(first, second)
    await service.start()
    if service.mode == "webhook":
        assert await service.telegram.push(first, second) == [200, 200]
    await chat.settled(second)
    assert chat.texts[:-1] == told
    assert "VNeID – định danh điện tử" in chat.labels, "the second choice of what was offered before is the menu"


async def test_a_forged_delivery_is_refused(chat: Chat) -> None:
    service = chat.service
    address = service.telegram.webhook.get("url") or f"{service.program.url}/webhook/telegram"
    async with aiohttp.ClientSession() as stranger, stranger.post(address, json=chat.said(ASKED)) as answer:
        assert answer.status == 403
    assert await service.waiting() == 0
    assert chat.texts == []


async def test_a_code_in_a_picture_is_told_and_a_citizen_card_taken_away(service: Service) -> None:
    chat = Chat(service)
    await chat.show("http://vietcombank-sinhtrac.top")
    assert "mã QR" in chat.texts[0]
    assert "vietcombank-sinhtrac . top" in chat.texts[1]
    assert not [chat_id for chat_id, _ in service.telegram.deleted if chat_id == chat.person]
    await chat.show("056055001234||Nguyễn Thị Ba|01011955|Nữ|Thôn Phú Nghĩa, Khánh Hòa|01012021")
    assert "Ở đây không giữ lại" in chat.texts[3]
    await service.telegram.until("deleteMessage")
    assert [chat_id for chat_id, _ in service.telegram.deleted if chat_id == chat.person] == [chat.person]
