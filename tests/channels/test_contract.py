"""What every channel of the registry promises, whatever its platform is like."""

from __future__ import annotations

import asyncio
import logging
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.channels.base import PICTURE_LIMIT, PictureChannel, WebhookChannel, degrade
from bot.channels.registry import CHANNELS
from bot.engine.model import Address, Button, Reply, Update, UpdateKind
from bot.errors import BadSignature, ConnectionFailed, InvalidUpdate, RateLimited, RecipientGone, Rejected
from bot.stores.base import Delivery

from .adapters import ADAPTERS, Adapter

STOPS_WITHIN = 4  # seconds
SENTENCE = "Bà con bấm vào ô Đăng nhập, rồi nhập mật khẩu đã đặt hôm trước. "
BUTTONS = (
    Button("Xong, bước tiếp", postback="n:vneid-kich-hoat:nhap-otp:4"),
    Button("Tôi bị vướng", postback="x:vneid-kich-hoat:nhap-otp:4"),
)


def test_every_channel_has_an_adapter() -> None:
    assert set(ADAPTERS) == set(CHANNELS)


@pytest_asyncio.fixture(params=sorted(ADAPTERS))
async def platform(request: pytest.FixtureRequest) -> AsyncIterator[Adapter]:
    adapter = ADAPTERS[request.param]()
    await adapter.start()
    yield adapter
    await adapter.stop()


@pytest_asyncio.fixture
async def channel(platform: Adapter, tmp_path: Path) -> AsyncIterator[WebhookChannel]:
    channel = platform.channel(tmp_path)
    yield channel
    await channel.stop()


def delivery(channel: WebhookChannel, platform: Adapter, text: str, buttons: tuple[Button, ...] = ()) -> Delivery:
    return Delivery(1, Address(channel.name, platform.user_id), Reply(text, buttons), origin="", attempts=1)


def parse(channel: WebhookChannel, platform: Adapter, body: bytes) -> list[Update]:
    return channel.parse(platform.signed(body), body)


def tappable(channel: WebhookChannel) -> list[str]:
    """What BUTTONS send back; nothing where choices are numbered instead."""
    return [button.postback for button in BUTTONS] if channel.capabilities.buttons else []


def words_of(limit: int, channel: WebhookChannel) -> str:
    """A Vietnamese text of exactly this length."""
    text = (SENTENCE * (limit // len(SENTENCE) + 1))[: limit - 1].rstrip()
    text += "ạ" * (limit - len(text))
    assert channel.capabilities.measure(text) == limit
    return text


class TestChannelContract:
    async def test_a_text_comes_as_it_was_typed(self, channel: WebhookChannel, platform: Adapter) -> None:
        [update] = parse(channel, platform, platform.text(7, "vneid ko vào dc 😢"))
        assert update.kind is UpdateKind.TEXT
        assert update.text == "vneid ko vào dc 😢"
        assert update.address == Address(channel.name, platform.user_id)

    async def test_same_update_twice_has_the_same_id(self, channel: WebhookChannel, platform: Adapter) -> None:
        body = platform.text(7, "xin chào")
        assert parse(channel, platform, body) == parse(channel, platform, body)
        assert parse(channel, platform, body)[0].id != parse(channel, platform, platform.text(8, "xin chào"))[0].id

    async def test_a_picture_that_was_sent_can_be_fetched(self, channel: WebhookChannel, platform: Adapter) -> None:
        assert isinstance(channel, PictureChannel)
        [update] = parse(channel, platform, platform.picture(7, b"\x89PNG of Co Ba"))
        assert update.kind is UpdateKind.PICTURE
        assert await channel.fetch(update.picture) == b"\x89PNG of Co Ba"

    async def test_a_picture_too_large_is_not_taken(self, channel: WebhookChannel, platform: Adapter) -> None:
        assert isinstance(channel, PictureChannel)
        [update] = parse(channel, platform, platform.picture(7, bytes(PICTURE_LIMIT + 1)))
        with pytest.raises(Rejected):
            await channel.fetch(update.picture)

    async def test_a_picture_that_is_gone_or_nowhere_of_the_platforms_is_refused(
        self, channel: WebhookChannel, platform: Adapter, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        assert isinstance(channel, PictureChannel)
        [update] = parse(channel, platform, platform.picture(7, b"x"))
        gone = update.picture.replace("photo7", "photo8")
        for picture in (
            gone,
            "https://zdn.vn.evil.example/a.jpg",
            "http://127.0.0.1:1/a.jpg",
            "file:///etc/passwd",
            "",
        ):
            with pytest.raises((Rejected, ConnectionFailed)) as caught:
                await channel.fetch(picture)
            assert not picture or picture not in str(caught.value)
            assert not picture or picture not in caplog.text

    async def test_a_wrong_signature_is_refused(self, channel: WebhookChannel, platform: Adapter) -> None:
        body = platform.text(7, "xin chào")
        for header, value in platform.signed(body).items():
            for wrong in ("", value[:-1], value + "x", "ố", "\udcff", value.swapcase()):
                with pytest.raises(BadSignature):
                    channel.parse({**platform.signed(body), header: wrong}, body)

    async def test_a_missing_signature_is_refused(self, channel: WebhookChannel, platform: Adapter) -> None:
        with pytest.raises(BadSignature):
            channel.parse({}, platform.text(7, "xin chào"))
        with pytest.raises(BadSignature):
            channel.parse({"X-Other": "x"}, b"not even JSON")

    async def test_header_names_have_no_case(self, channel: WebhookChannel, platform: Adapter) -> None:
        body = platform.text(7, "xin chào")
        assert channel.parse({name.upper(): value for name, value in platform.signed(body).items()}, body)

    async def test_an_unknown_event_is_nothing(self, channel: WebhookChannel, platform: Adapter) -> None:
        assert parse(channel, platform, platform.unknown) == []

    async def test_a_malformed_body_is_an_invalid_update(self, channel: WebhookChannel, platform: Adapter) -> None:
        for body in platform.malformed:
            with pytest.raises(InvalidUpdate):
                parse(channel, platform, body)

    async def test_what_no_store_takes_is_left_out(self, channel: WebhookChannel, platform: Adapter) -> None:
        [update] = parse(channel, platform, platform.text(7, "a\0b\ud800c"))
        assert update.text == "abc"

    async def test_postbacks_come_back_as_sent(self, channel: WebhookChannel, platform: Adapter) -> None:
        await channel.send(delivery(channel, platform, "Bước 4", BUTTONS))
        assert platform.postbacks() == tappable(channel)
        for number, postback in enumerate(platform.postbacks()):
            [update] = parse(channel, platform, platform.tap(number, postback))
            assert (update.kind, update.data) == (UpdateKind.BUTTON, postback)

    async def test_text_at_the_limit_is_one_message(self, channel: WebhookChannel, platform: Adapter) -> None:
        text = words_of(channel.capabilities.text_limit, channel)
        await channel.send(delivery(channel, platform, text))
        assert platform.shown() == [text]

    async def test_longer_text_is_split_and_nothing_lost(self, channel: WebhookChannel, platform: Adapter) -> None:
        text = words_of(channel.capabilities.text_limit * 3 + 1, channel)
        await channel.send(delivery(channel, platform, text, BUTTONS))
        text = degrade(Reply(text, BUTTONS), channel.capabilities).text  # with the choices where there are no buttons
        assert "".join("".join(platform.shown()).split()) == "".join(text.split())
        assert len(platform.shown()) >= 3
        assert platform.postbacks() == tappable(channel)

    async def test_decomposed_text_arrives_composed(self, channel: WebhookChannel, platform: Adapter) -> None:
        await channel.send(delivery(channel, platform, unicodedata.normalize("NFD", "Nhập mã số thuế")))
        assert platform.shown() == ["Nhập mã số thuế"]

    async def test_signs_of_markup_arrive_as_written(self, channel: WebhookChannel, platform: Adapter) -> None:
        text = "1 < 2 & 3 > 2, <b>không</b> &amp; [a](b) _c_ `d`"
        await channel.send(delivery(channel, platform, text))
        assert platform.shown() == [text]

    async def test_a_blocked_recipient_is_gone(self, channel: WebhookChannel, platform: Adapter) -> None:
        platform.block()
        with pytest.raises(RecipientGone):
            await channel.send(delivery(channel, platform, "Chào cô Ba"))

    async def test_a_rate_limit_says_how_long(self, channel: WebhookChannel, platform: Adapter) -> None:
        wait = platform.limit_rate(17)
        with pytest.raises(RateLimited) as caught:
            await channel.send(delivery(channel, platform, "Chào cô Ba"))
        assert caught.value.retryable
        assert caught.value.retry_after == wait

    async def test_a_broken_platform_is_tried_again(self, channel: WebhookChannel, platform: Adapter) -> None:
        platform.break_down()
        for _ in range(2):
            with pytest.raises(ConnectionFailed) as caught:
                await channel.send(delivery(channel, platform, "Chào cô Ba"))
            assert caught.value.retryable
        await channel.send(delivery(channel, platform, "Chào cô Ba"))
        assert platform.shown()[-1] == "Chào cô Ba"

    async def test_a_platform_that_is_down_is_tried_again(self, channel: WebhookChannel, platform: Adapter) -> None:
        await platform.stop()
        with pytest.raises(ConnectionFailed) as caught:
            await channel.send(delivery(channel, platform, "Chào cô Ba"))
        assert caught.value.retryable

    async def test_start_and_stop_while_the_platform_is_down(self, channel: WebhookChannel, platform: Adapter) -> None:
        async def accept(update: Update) -> None: ...

        await platform.stop()
        async with asyncio.timeout(STOPS_WITHIN):
            await channel.start(accept)
            await asyncio.sleep(0.05)
            await channel.stop()

    async def test_the_log_holds_no_secret_and_nothing_of_what_people_write(
        self, channel: WebhookChannel, platform: Adapter, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        said, answered = "tôi tên là Lê Thị Ba", "Chào cô Ba ở Cam Ranh"

        async def accept(update: Update) -> None: ...

        await channel.start(accept)
        await asyncio.sleep(0.1)
        parse(channel, platform, platform.text(7, said))
        parse(channel, platform, platform.tap(8, "m"))
        await channel.send(delivery(channel, platform, answered, BUTTONS))
        platform.block()
        platform.limit_rate(3)
        platform.break_down()
        for _ in range(4):
            with pytest.raises((RecipientGone, RateLimited, ConnectionFailed)) as caught:
                await channel.send(delivery(channel, platform, answered))
            logging.getLogger("anyone").error("send failed: %r", caught.value, exc_info=caught.value)
        await platform.stop()
        with pytest.raises(ConnectionFailed) as caught:
            await channel.send(delivery(channel, platform, answered))
        logging.getLogger("anyone").error("send failed: %s", caught.value, exc_info=caught.value)
        await channel.stop()
        for hidden in (*platform.secrets, said, answered):
            assert hidden not in caplog.text
            assert hidden.encode("unicode_escape").decode() not in caplog.text
