"""Pictures: read for QR codes, answered once, and never in the way of anything else."""

from __future__ import annotations

import asyncio
import io
import logging
import struct
import zlib

import pytest
import segno
from PIL import Image

from bot import pictures as pictures_module
from bot.channels import retrying
from bot.channels.base import Accept, Capabilities
from bot.delivery import DeliveryWorker
from bot.engine.library import Library
from bot.engine.model import Address, EventKind, Update, UpdateKind
from bot.errors import ConnectionFailed, Rejected
from bot.pictures import Pictures, UnreadablePicture, codes_in
from bot.stores.base import Delivery, Store
from bot.stores.memory import MemoryStore
from bot.stores.sqlite import SqliteStore
from bot.turns import Turns
from tests.channels.fake_telegram import eventually
from tests.conftest import NOON
from tests.safety.test_codes import CARD, NAMED

CO_BA = Address("telegram", "42")
BAD, GOOD = "https://vietcombank-sinhtrac.top/dang-nhap", "https://vneid.gov.vn"
TAKES_SHORT = 0.2  # seconds, LOOK_LIMIT in tests that wait for it


def qr(content: str, **options: object) -> Image.Image:
    made = io.BytesIO()
    segno.make(content, micro=False).save(made, kind="png", scale=6, **options)
    return Image.open(made)


def as_file(picture: Image.Image, kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    picture.save(made, kind)
    return made.getvalue()


def beside(*codes: Image.Image) -> Image.Image:
    paper = Image.new("L", (sum(code.width for code in codes), max(code.height for code in codes)), 255)
    at = 0
    for code in codes:
        paper.paste(code.convert("L"), (at, 0))
        at += code.width
    return paper


def on_paper(content: str, side: int) -> Image.Image:
    paper = Image.new("L", (side, side), 230)
    paper.paste(qr(content).convert("L"), (side // 2, side // 3))
    return paper


def bomb(side: int) -> bytes:
    """A small PNG that says it is a huge one."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


class TestReading:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
    def test_a_code_is_read_in_every_kind_of_picture(self, kind: str) -> None:
        assert codes_in(as_file(qr(BAD).convert("L"), kind)) == (BAD,)

    @pytest.mark.parametrize(
        "options",
        [
            {"dark": "black", "light": None},
            {"dark": "white", "light": "black"},
            {"dark": "#00499b", "light": "#fff3c4"},
        ],
    )
    def test_a_code_is_read_on_nothing_inverted_and_in_colours(self, options: dict[str, object]) -> None:
        assert codes_in(as_file(qr(BAD, **options))) == (BAD,)

    def test_vietnamese_is_read(self) -> None:
        assert codes_in(as_file(qr(CARD))) == (CARD,)

    def test_two_codes_are_read_and_the_same_one_twice_is_one(self) -> None:
        assert set(codes_in(as_file(beside(qr(BAD), qr(GOOD), qr(BAD))))) == {BAD, GOOD}

    def test_without_a_code_there_is_nothing(self) -> None:
        assert codes_in(as_file(Image.effect_noise((300, 300), 90))) == ()

    def test_a_large_picture_is_read(self) -> None:
        assert codes_in(as_file(on_paper(BAD, 5000))) == (BAD,)

    @pytest.mark.parametrize("side", [5001, 12_000, 60_000])
    def test_a_picture_of_too_many_pixels_is_not_even_unpacked(self, side: int) -> None:
        with pytest.raises(UnreadablePicture):
            codes_in(bomb(side))

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"not a picture",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            as_file(qr(BAD))[:200],
            as_file(qr(BAD).convert("L"), "BMP"),
            bomb(100),
        ],
        ids=["empty", "text", "svg", "cut", "bmp", "hollow"],
    )
    def test_what_is_broken_or_of_another_kind_is_told(self, content: bytes) -> None:
        with pytest.raises(UnreadablePicture):
            codes_in(content)


class FakeChannel:
    """Serves pictures by their name; an exception in its place is raised."""

    name = CO_BA.channel
    capabilities = Capabilities(text_limit=4096, buttons=8, label_limit=64)

    def __init__(self) -> None:
        self.pictures: dict[str, bytes | Exception] = {}
        self.fetched: list[str] = []
        self.sent: list[str] = []
        self.release = asyncio.Event()
        self.release.set()

    async def start(self, accept: Accept) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, delivery: Delivery) -> None:
        self.sent.append(delivery.reply.text)

    async def fetch(self, picture: str) -> bytes:
        self.fetched.append(picture)
        await self.release.wait()
        found = self.pictures[picture]
        if isinstance(found, Exception):
            raise found
        return found


class Chat:
    """Cô Ba on a channel, with the real turns and the real delivery in between."""

    def __init__(self, store: Store, library: Library, look: bool = True) -> None:
        self.store = store
        self.channel = FakeChannel()
        self.turns = Turns(store, lambda: library, lambda: NOON)
        channels = {self.channel.name: self.channel}
        pictures = Pictures(channels, self.turns.accept)
        self.worker = DeliveryWorker(store, channels, lambda: NOON, pictures.look if look else None)

    async def send(self, content: bytes | Exception, number: int = 1, text: str = "") -> list[str]:
        """What is answered to a picture, in order."""
        self.channel.pictures["photo"] = content
        await self.turns.accept(Update(str(number), CO_BA, UpdateKind.PICTURE, text, message="7", picture="photo"))
        return await self.settle()

    async def say(self, text: str, number: int) -> None:
        await self.turns.accept(Update(str(number), CO_BA, UpdateKind.TEXT, text))

    async def settle(self) -> list[str]:
        while self.store.outbox_counts()["waiting"]:
            await self.worker.deliver_due()
            await asyncio.sleep(0.01)
        return self.channel.sent


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: pytest.TempPathFactory) -> Store:
    return MemoryStore() if request.param == "memory" else SqliteStore(f"{tmp_path}/store.db")


@pytest.fixture
def chat(store: Store, library: Library) -> Chat:
    return Chat(store, library)


class TestAnswering:
    async def test_a_picture_is_answered_at_once_and_its_code_after(self, chat: Chat, library: Library) -> None:
        first, second = await chat.send(as_file(qr(BAD)))
        assert first == library.say(library.phrases.picture)
        assert "vietcombank-sinhtrac . top" in second
        assert "lừa đảo" in second
        [event] = [logged.event for logged in chat.store.events(NOON)]
        assert (event.kind, event.value) == (EventKind.INSPECTED, "dangerous")

    async def test_a_code_in_a_picture_with_a_caption_is_looked_at_too(self, chat: Chat) -> None:
        answers = await chat.send(as_file(qr(GOOD)), text="kích hoạt vneid")
        assert "Kích hoạt" in answers[0]
        assert "vneid.gov.vn" in answers[1]

    async def test_without_a_code_nothing_more_is_said(self, chat: Chat) -> None:
        assert len(await chat.send(as_file(Image.effect_noise((300, 300), 90)))) == 1

    async def test_a_citizen_card_leaves_nothing_anywhere(self, chat: Chat) -> None:
        await chat.send(as_file(beside(qr(GOOD), qr(CARD))))
        assert "Ở đây không giữ lại" in chat.channel.sent[1]
        assert chat.store.events(NOON) == []
        assert len(chat.channel.sent) == 2

    async def test_a_payment_names_the_bank_and_the_receiver(self, chat: Chat) -> None:
        answer = (await chat.send(as_file(qr(NAMED))))[1]
        for told in ("Vietcombank", "NGUYEN THI A", "7890", "500.000 đồng", "Kiểm tra tên người nhận"):
            assert told in answer
        assert "0123456" not in answer

    async def test_the_same_picture_again_does_nothing(self, chat: Chat) -> None:
        await chat.send(as_file(qr(BAD)))
        assert len(await chat.send(as_file(qr(BAD)))) == 2

    async def test_a_look_cut_off_by_a_crash_is_had_again(self, store: Store, library: Library) -> None:
        """The first program dies while it fetches: its lease runs out, and the next one looks."""
        first, second = Chat(store, library), Chat(store, library)
        first.channel.release.clear()
        first.channel.pictures["photo"] = second.channel.pictures["photo"] = as_file(qr(BAD))
        await first.turns.accept(Update("1", CO_BA, UpdateKind.PICTURE, picture="photo"))
        running = asyncio.create_task(first.worker.run())
        await eventually(lambda: bool(first.channel.fetched))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        second.worker = DeliveryWorker(
            store,
            {CO_BA.channel: second.channel},
            lambda: NOON.replace(hour=13),
            Pictures({CO_BA.channel: second.channel}, second.turns.accept).look,
        )
        assert "sinhtrac . top" in (await second.settle())[0]

    @pytest.mark.parametrize(
        "broken", [b"broken", Rejected("picture on a foreign host"), ConnectionFailed("TimeoutError"), OSError("x")]
    )
    async def test_what_cannot_be_had_or_read_is_let_be(self, chat: Chat, broken: bytes | Exception) -> None:
        assert len(await chat.send(broken)) == 1

    async def test_a_platform_that_hangs_does_not_hold_up_the_person_for_long(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pictures_module, "LOOK_LIMIT", TAKES_SHORT)
        chat.channel.release.clear()
        await chat.turns.accept(Update("1", CO_BA, UpdateKind.PICTURE, picture="photo"))
        await chat.say("menu", 2)
        assert len(await chat.settle()) == 2

    async def test_others_are_answered_while_a_picture_is_looked_at(self, chat: Chat) -> None:
        chat.channel.release.clear()
        await chat.turns.accept(Update("1", CO_BA, UpdateKind.PICTURE, picture="photo"))
        await chat.worker.deliver_due()
        await chat.worker.deliver_due()
        await chat.turns.accept(Update("2", Address(CO_BA.channel, "chu-tu"), UpdateKind.TEXT, "menu"))
        await chat.worker.deliver_due()
        assert len(chat.channel.sent) == 2
        chat.channel.pictures["photo"] = as_file(qr(GOOD))
        chat.channel.release.set()
        assert len(await chat.settle()) == 3

    async def test_a_commit_that_fails_is_tried_again(self, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(retrying, "ACCEPT_DELAYS", (0.01, 0.01))
        play, tries = chat.turns.play, []

        def breaks_once(update: Update) -> None:
            tries.append(update)
            if update.kind is UpdateKind.SCANNED and len(tries) == 2:
                raise OSError("database is locked")
            play(update)

        monkeypatch.setattr(chat.turns, "play", breaks_once)
        assert len(await chat.send(as_file(qr(GOOD)))) == 2

    async def test_without_eyes_the_picture_is_answered_all_the_same(self, store: Store, library: Library) -> None:
        assert len(await Chat(store, library, look=False).send(as_file(qr(BAD)))) == 1

    async def test_no_log_line_holds_a_name_or_an_address_of_a_picture(
        self, chat: Chat, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for number, content in enumerate((as_file(qr(BAD)), b"broken", Rejected("refused"), ValueError("photo"))):
            await chat.send(content, number)
        for hidden in ("photo", "sinhtrac"):
            assert hidden not in caplog.text
