"""What is the Official Account's own: events, buttons, pictures, error codes, windows."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.channels.base import trouble_of
from bot.channels.zalo_oa import inbound
from bot.channels.zalo_oa.inbound import TAP
from bot.channels.zalo_oa.outbound import render
from bot.delivery import DeliveryWorker
from bot.engine.library import Library
from bot.engine.model import Address, Button, EventKind, Reply, Session, Turn, Update, UpdateKind
from bot.errors import ConnectionFailed, RateLimited, RecipientGone, Rejected, SendError
from bot.stores.base import Delivery
from bot.turns import Turns

from .adapters import ZaloOaAdapter
from .fake_zalo import CO_BA, GRANT, JPG, MESSAGES, PNG, UPLOAD, Refused, attached, event, message, text

HERE = Address("zalo_oa", CO_BA)


def delivery(reply: Reply, number: int = 1, attempts: int = 1) -> Delivery:
    return Delivery(number, HERE, reply, "", attempts)


def sent(reply: Reply) -> list[dict[str, Any]]:
    return [one.body["message"] for one in render(delivery(reply))]


class TestInbound:
    @pytest.mark.parametrize(
        ("payload", "kind", "said"),
        [
            (text("m1", " vneid ko vào dc "), UpdateKind.TEXT, "vneid ko vào dc"),
            (message("user_send_image", text="cái này là gì"), UpdateKind.PICTURE, "cái này là gì"),
            (message("user_send_gif"), UpdateKind.PICTURE, ""),
            (message("user_send_audio"), UpdateKind.VOICE, ""),
            (message("user_send_sticker"), UpdateKind.STICKER, ""),
            (message("user_send_location"), UpdateKind.LOCATION, ""),
            (message("user_send_video"), UpdateKind.FILE, ""),
            (attached("user_send_file", "file", {"type": "pdf"}), UpdateKind.FILE, ""),
            (attached("user_send_file", "file", {"type": "image/png"}), UpdateKind.PICTURE, ""),
            (attached("user_send_file", "file", {"type": "JPG"}), UpdateKind.PICTURE, ""),
            (message("user_send_business_card"), UpdateKind.FILE, ""),
            (event("user_submit_info", sender={"id": CO_BA}, info={"name": "Ba"}), UpdateKind.FILE, ""),
            (event("follow", follower={"id": CO_BA}), UpdateKind.START, ""),
            (event("user_click_chatnow", user_id=CO_BA), UpdateKind.START, ""),
            (event("unfollow", follower={"id": CO_BA}), UpdateKind.LEFT, ""),
            (event("user_withdraw", user_id=CO_BA), UpdateKind.WITHDRAWN, ""),
        ],
    )
    def test_events(self, payload: dict[str, Any], kind: UpdateKind, said: str) -> None:
        [update] = inbound.read(payload)
        assert (update.address, update.kind, update.text) == (HERE, kind, said)

    def test_a_message_has_its_own_id_and_an_event_one_that_stays_the_same(self) -> None:
        assert inbound.read(text("m1", "menu"))[0].id == "m1"
        withdrawn = event("user_withdraw", user_id=CO_BA)
        assert inbound.read(withdrawn)[0].id == inbound.read(withdrawn)[0].id
        assert inbound.read(withdrawn)[0].id != inbound.read(event("user_withdraw", user_id="9"))[0].id

    def test_a_forwarded_link_can_be_inspected(self) -> None:
        link = {"url": "https://vneid-gov.top", "description": "Nhận quà"}
        assert inbound.read(attached("user_send_link", "link", link))[0].text == "https://vneid-gov.top"
        said = attached("user_send_link", "link", link, text="thật không https://vneid-gov.top")
        assert inbound.read(said)[0].text == "thật không https://vneid-gov.top"

    def test_a_tap_is_told_from_typing_by_its_mark(self) -> None:
        [update] = inbound.read(text("m1", f"{TAP}n:vneid:1"))
        assert (update.kind, update.data, update.text) == (UpdateKind.BUTTON, "n:vneid:1", "")
        assert inbound.read(text("m1", "n:vneid:1"))[0].kind is UpdateKind.TEXT


class TestOutbound:
    def test_buttons_send_links_and_phones_and_are_all_in_the_text_too(self) -> None:
        buttons = (
            Button("Xong", postback="n:vneid:1"),
            Button("Mở trang", url="https://vneid.gov.vn"),
            Button("Gọi tổng đài", phone="1900 0368"),
            Button("Gọi công an", phone="0258.3691.234"),
        )
        [content] = sent(Reply("Bấm **Gửi**", buttons))
        assert content["text"] == (
            "Bấm Gửi\n\nMở trang: https://vneid.gov.vn\nGọi tổng đài: 1900 0368\nGọi công an: 0258.3691.234\n1. Xong"
        )
        assert content["attachment"]["payload"]["buttons"] == [
            {"title": "Xong", "type": "oa.query.hide", "payload": f"{TAP}n:vneid:1"},
            {"title": "Mở trang", "type": "oa.open.url", "payload": {"url": "https://vneid.gov.vn"}},
            {"title": "Gọi tổng đài", "type": "oa.open.phone", "payload": {"phone_code": "19000368"}},
            {"title": "Gọi công an", "type": "oa.open.phone", "payload": {"phone_code": "842583691234"}},
        ]

    def test_more_than_five_choices_are_all_numbered(self) -> None:
        [content] = sent(Reply("Cần gì?", tuple(Button(f"Mục {n}", postback=f"t:{n}") for n in range(1, 9))))
        assert content["text"].endswith("7. Mục 7\n8. Mục 8")
        assert len(content["attachment"]["payload"]["buttons"]) == 5

    def test_a_caption_stands_beside_its_picture_and_buttons_below(self) -> None:
        [alone] = render(delivery(Reply("Mẫu đơn", picture="a.png")))
        assert (alone.body["message"], alone.picture) == ({"text": "Mẫu đơn"}, "a.png")
        picture, words = render(delivery(Reply("Mẫu đơn", (Button("Xong", postback="n"),), "a.png")))
        assert (picture.body["message"], picture.picture) == ({}, "a.png")
        assert words.picture == ""
        assert "attachment" in words.body["message"]

    def test_the_longest_guide_fits(self, library: Library) -> None:
        for guide in library.content.guides.values():
            for step in guide.steps:
                assert all(len(part["text"]) <= 2000 for part in sent(Reply(step.say or step.choose or "x")))


@pytest_asyncio.fixture
async def zalo() -> AsyncIterator[ZaloOaAdapter]:
    adapter = ZaloOaAdapter()
    await adapter.start()
    yield adapter
    await adapter.stop()


@pytest_asyncio.fixture
async def channel(zalo: ZaloOaAdapter, tmp_path: Path) -> AsyncIterator[Any]:
    channel = zalo.channel(tmp_path)
    yield channel
    await channel.stop()


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            (-32, RateLimited),
            (-200, ConnectionFailed),
            *((code, Rejected) for code in (-201, -210, -211, -213, -217, -218, -233, -238, -244, -248, -249, -9999)),
            *((code, RecipientGone) for code in (-227, -230, -232)),
            *((code, ConnectionFailed) for code in (-204, -205, -209, -212, -219, -221, -223, -224, -242, -320, -321)),
        ],
    )
    async def test_the_table(self, zalo: ZaloOaAdapter, channel: Any, code: int, kind: type[SendError]) -> None:
        zalo.api.fail(MESSAGES, Refused(code))
        with pytest.raises(SendError) as caught:
            await channel.send(delivery(Reply("chào")))
        assert type(caught.value) is kind
        assert caught.value.code == str(code)

    async def test_a_failed_send_is_tried_once_more_and_given_up(self, zalo: ZaloOaAdapter, channel: Any) -> None:
        zalo.api.fail(MESSAGES, Refused(-200))
        with pytest.raises(Rejected):
            await channel.send(delivery(Reply("chào"), attempts=2))

    @pytest.mark.parametrize("code", [-216, -220])
    async def test_a_refused_token_is_replaced_and_the_message_sent(
        self, zalo: ZaloOaAdapter, channel: Any, code: int
    ) -> None:
        await channel.send(delivery(Reply("một")))
        zalo.now += timedelta(hours=1)
        zalo.api.fail(MESSAGES, Refused(code))
        await channel.send(delivery(Reply("hai")))
        assert zalo.shown() == ["một", "hai"]
        assert zalo.api.grants == 2

    async def test_a_fresh_token_that_is_refused_is_no_reason_for_another(
        self, zalo: ZaloOaAdapter, channel: Any
    ) -> None:
        await channel.send(delivery(Reply("một")))
        zalo.api.fail(MESSAGES, *[Refused(-216)] * 9)
        for _ in range(3):
            with pytest.raises(ConnectionFailed):
                await channel.send(delivery(Reply("hai")))
        assert zalo.api.grants == 1

    async def test_a_reply_that_failed_halfway_goes_on_where_it_stopped(
        self, zalo: ZaloOaAdapter, channel: Any
    ) -> None:
        long = delivery(Reply("Bấm vào ô Đăng nhập. " * 150))
        zalo.api.fail(MESSAGES, None, Refused(-32))
        with pytest.raises(RateLimited):
            await channel.send(long)
        await channel.send(long)
        assert len(zalo.shown()) == len(render(long)) == 2


class TestWindows:
    def saw(self, zalo: ZaloOaAdapter, ago: timedelta) -> None:
        update = Update("m1", HERE, UpdateKind.TEXT, "menu")
        zalo.store.commit(update, Turn(Session(seen_at=zalo.now - ago)), zalo.now - ago)

    async def test_after_seven_days_nothing_is_sent(self, zalo: ZaloOaAdapter, channel: Any) -> None:
        self.saw(zalo, timedelta(days=7, seconds=1))
        with pytest.raises(RecipientGone):
            await channel.send(delivery(Reply("chào")))
        assert zalo.api.calls == []

    async def test_after_two_days_it_is_sent_and_flagged(
        self, zalo: ZaloOaAdapter, channel: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.saw(zalo, timedelta(hours=47))
        await channel.send(delivery(Reply("chào")))
        assert "billed" not in caplog.text
        zalo.now += timedelta(hours=2)
        await channel.send(delivery(Reply("chào")))
        assert "reply 1 may be billed" in caplog.text
        assert len(zalo.shown()) == 2

    async def test_a_window_that_zalo_says_is_closed_ends_what_waits(self, zalo: ZaloOaAdapter, channel: Any) -> None:
        zalo.api.closed.add(CO_BA)
        turn = Turn(Session(), (Reply("một"), Reply("hai")))
        zalo.store.commit(Update("m1", HERE, UpdateKind.TEXT), turn, zalo.now)
        await DeliveryWorker(zalo.store, {channel.name: channel}, lambda: zalo.now).deliver_due()
        assert zalo.store.outbox_counts() == {"waiting": 0, "dead": 2}


class TestPictures:
    @pytest.fixture
    def picture(self, tmp_path: Path) -> Delivery:
        (tmp_path / "a.png").write_bytes(PNG + b"a")
        return delivery(Reply("Mẫu đơn", picture="a.png"))

    async def test_uploaded_once_in_six_days(self, zalo: ZaloOaAdapter, channel: Any, picture: Delivery) -> None:
        await channel.send(picture)
        await channel.send(picture)
        assert zalo.api.called(UPLOAD) == 1
        zalo.now += timedelta(days=6)
        await channel.send(picture)
        assert zalo.api.called(UPLOAD) == 2
        shown = [body["message"]["attachment"]["payload"]["elements"][0] for body in zalo.api.messages]
        assert [one["attachment_id"] in zalo.api.uploads for one in shown] == [True] * 3

    async def test_the_same_picture_by_another_name_is_not_uploaded_again_nor_after_a_restart(
        self, zalo: ZaloOaAdapter, channel: Any, picture: Delivery, tmp_path: Path
    ) -> None:
        await channel.send(picture)
        (tmp_path / "b.png").write_bytes(PNG + b"a")
        again = zalo.channel(tmp_path)
        await again.send(delivery(Reply("Mẫu đơn", picture="b.png")))  # type: ignore[arg-type]
        await again.stop()
        assert zalo.api.called(UPLOAD) == 1

    async def test_one_that_zalo_forgot_is_uploaded_again(
        self, zalo: ZaloOaAdapter, channel: Any, picture: Delivery
    ) -> None:
        await channel.send(picture)
        zalo.api.uploads.clear()
        await channel.send(picture)
        assert len(zalo.api.messages) == 2

    @pytest.mark.parametrize(("name", "content"), [("a.jpg", JPG + b"a" * 1024 * 1024), ("a.gif", b"GIF89a")])
    async def test_what_zalo_would_not_take_is_left_out(
        self, zalo: ZaloOaAdapter, channel: Any, tmp_path: Path, name: str, content: bytes
    ) -> None:
        (tmp_path / name).write_bytes(content)
        await channel.send(delivery(Reply("Mẫu đơn", picture=name)))
        await channel.send(delivery(Reply("Mẫu đơn", picture="khong-co.png")))
        assert zalo.shown() == ["Mẫu đơn"] * 2


class TestWithdrawal:
    async def test_the_person_is_forgotten_and_not_answered(
        self, zalo: ZaloOaAdapter, channel: Any, library: Library
    ) -> None:
        turns = Turns(zalo.store, lambda: library, lambda: zalo.now)
        for payload in (text("m1", "menu"), event("user_withdraw", user_id=CO_BA)):
            for update in inbound.read(payload):
                await turns.accept(update)
        assert zalo.store.session(HERE) == Session()
        assert zalo.store.outbox_counts() == {"waiting": 0, "dead": 0}

    async def test_who_writes_again_begins_anew(self, zalo: ZaloOaAdapter, library: Library) -> None:
        turns = Turns(zalo.store, lambda: library, lambda: zalo.now)
        withdrawal = event("user_withdraw", user_id=CO_BA)
        for payload in (text("m1", "menu"), withdrawal, text("m2", "menu")):
            await turns.accept(inbound.read(payload)[0])
        assert zalo.store.session(HERE).version == 1


async def test_a_citizen_walks_a_guide_from_the_greeting_to_its_end(
    zalo: ZaloOaAdapter, channel: Any, library: Library
) -> None:
    turns = Turns(zalo.store, lambda: library, lambda: zalo.now)
    worker = DeliveryWorker(zalo.store, {channel.name: channel}, lambda: zalo.now)

    async def post(body: bytes) -> None:
        for update in channel.parse(zalo.signed(body), body):
            await turns.accept(update)
        while await worker.deliver_due():
            pass

    await post(zalo.text(1, "số 14"))
    for number in range(2, 60):
        if any(one.event.kind is EventKind.FINISHED for one in zalo.store.events(zalo.now)):
            break
        buttons = zalo.api.messages[-1]["message"]["attachment"]["payload"]["buttons"]
        forward = next(one["payload"] for one in buttons if one["type"] == "oa.query.hide")
        await post(zalo.text(number, forward))
    kinds = [one.event.kind for one in zalo.store.events(zalo.now)]
    assert EventKind.OPENED in kinds
    assert EventKind.FINISHED in kinds
    assert zalo.store.outbox_counts() == {"waiting": 0, "dead": 0}


async def test_a_message_waits_while_there_is_no_token_and_goes_once_there_is(
    zalo: ZaloOaAdapter, channel: Any
) -> None:
    zalo.api.fail(GRANT, Refused(-14003))
    with pytest.raises(ConnectionFailed) as caught:
        await channel.send(delivery(Reply("chào")))
    assert caught.value.retryable
    assert "hocvuso zalo login" in trouble_of(channel)


async def test_no_token_of_any_age_is_in_a_log(
    zalo: ZaloOaAdapter, channel: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = Reply("Chào cô Ba ở Cam Ranh")
    await channel.send(delivery(answer))
    first = (zalo.api.access_token, zalo.api.refresh_token)
    zalo.now += timedelta(hours=30)
    await channel.send(delivery(answer))
    logging.getLogger("anyone").error("tokens: %s", [*first, zalo.api.access_token, zalo.api.refresh_token])
    zalo.api.fail(MESSAGES, Refused(-201))
    with pytest.raises(Rejected) as caught:
        await channel.send(delivery(answer))
    logging.getLogger("anyone").error("failed", exc_info=caught.value)
    for hidden in (*first, zalo.api.access_token, zalo.api.refresh_token, answer.text):
        assert hidden not in caplog.text
