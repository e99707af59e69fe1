"""The web channel: nothing is lost and nothing is said twice, over sockets and over plain requests."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from bot.channels.base import PICTURE_LIMIT
from bot.engine.model import Address, UpdateKind
from bot.web import chat as web_chat
from bot.web import protocol

from .site import Site

Message = dict[str, Any]


async def open_page(site: Site) -> str:
    """What opening the page gives: the cookie. Sent by hand, since the client rightly keeps a Secure one from http."""
    async with site.client.get("/") as response:
        return response.cookies["chat"].value


async def connect(site: Site, cookie: str, after: int | None = 0, **headers: str) -> ClientWebSocketResponse:
    socket = await site.client.ws_connect("/chat/socket", headers={"Cookie": f"chat={cookie}", **headers})
    if after is not None:
        await socket.send_json({"type": "hello", "after": after})
    return socket


async def hear(socket: ClientWebSocketResponse, count: int) -> list[Message]:
    async with asyncio.timeout(3):
        return [await socket.receive_json() for _ in range(count)]


async def silent(socket: ClientWebSocketResponse) -> bool:
    try:
        await socket.receive(timeout=0.2)
    except TimeoutError:
        return True
    return False


def say(text: str) -> Message:
    return {"type": "say", "id": str(uuid4()), "text": text}


async def post(site: Site, cookie: str, message: Message, **headers: str) -> tuple[int, Message | None]:
    async with site.client.post(
        "/chat/send", json=message, headers={"Cookie": f"chat={cookie}", **headers}
    ) as response:
        return response.status, await response.json() if response.status not in {204, 403, 401, 429} else None


async def replies(site: Site, cookie: str, after: int, wait: float = 0) -> list[Message]:
    path = f"/chat/replies?after={after}&wait={wait}"
    async with site.client.get(path, headers={"Cookie": f"chat={cookie}"}) as response:
        assert response.status == 200
        return list((await response.json())["replies"])


class TestSocket:
    async def test_a_message_is_taken_and_answered(self, site: Site) -> None:
        socket = await connect(site, await open_page(site))
        message = say("quên <b> mật khẩu")
        await socket.send_json(message)
        heard = {one["type"]: one for one in await hear(socket, 2)}
        assert heard["taken"]["id"] == message["id"]
        assert heard["reply"] == {
            "type": "reply",
            "id": 1,
            "html": "<strong>text</strong> &lt;quên &lt;b&gt; mật khẩu&gt;<br>xong",
            "speak": "text <quên <b> mật khẩu>\nxong",
            "buttons": [{"label": "Tiếp", "postback": "n:1"}, {"label": "Gọi", "phone": "19000368"}],
            "picture": "",
            "replaces": True,
            "origin": "",
        }

    async def test_each_kind_becomes_its_update(self, site: Site) -> None:
        socket = await connect(site, await open_page(site), after=None)
        for message in (
            {"type": "tap", "data": "n:vneid", "origin": "12"},
            {"type": "start", "data": "vneid-kich-hoat_an"},
            {"type": "start"},
            {"type": "file"},
        ):
            await socket.send_json({**message, "id": str(uuid4())})
        assert [one["type"] for one in await hear(socket, 4)] == ["taken"] * 4
        assert [(one.kind, one.data, one.origin) for one in site.updates] == [
            (UpdateKind.BUTTON, "n:vneid", "12"),
            (UpdateKind.START, "vneid-kich-hoat_an", ""),
            (UpdateKind.START, "", ""),
            (UpdateKind.PICTURE, "", ""),
        ]

    async def test_sent_again_with_the_same_id_is_answered_once(self, site: Site) -> None:
        socket = await connect(site, await open_page(site))
        message = say("menu")
        await socket.send_json(message)
        await hear(socket, 2)
        await socket.send_json(message)
        assert await hear(socket, 1) == [{"type": "taken", "id": message["id"]}]
        assert await silent(socket)

    async def test_the_same_id_of_another_person_is_another_message(self, site: Site) -> None:
        message = say("menu")
        for _ in range(2):
            socket = await connect(site, await open_page(site))
            await socket.send_json(message)
            assert {one["type"] for one in await hear(socket, 2)} == {"taken", "reply"}

    async def test_who_comes_back_gets_what_they_do_not_hold(self, site: Site) -> None:
        cookie = await open_page(site)
        socket = await connect(site, cookie)
        for text in ("một", "hai", "ba"):
            await socket.send_json(say(text))
        await hear(socket, 6)
        await socket.close()
        again = await connect(site, cookie, after=1)
        assert [one["id"] for one in await hear(again, 2)] == [2, 3]

    async def test_acknowledged_replies_are_forgotten(self, site: Site) -> None:
        cookie = await open_page(site)
        socket = await connect(site, cookie)
        await socket.send_json(say("một"))
        await socket.send_json(say("hai"))
        await hear(socket, 4)
        await socket.send_json({"type": "ack", "upto": 1})
        await socket.send_json(say("ba"))
        await hear(socket, 2)
        assert [one["id"] for one in await replies(site, cookie, after=0)] == [2, 3]

    async def test_all_tabs_hear_a_reply_that_one_acknowledges(self, site: Site) -> None:
        cookie = await open_page(site)
        tabs = [await connect(site, cookie) for _ in range(3)]
        await tabs[0].send_json(say("menu"))
        for tab in tabs[1:]:
            assert [one["type"] for one in await hear(tab, 1)] == ["reply"]

    async def test_nobody_hears_another_persons_replies(self, site: Site) -> None:
        co_ba = await connect(site, await open_page(site))
        binh = await connect(site, await open_page(site))
        await co_ba.send_json(say("chuyện riêng"))
        await hear(co_ba, 2)
        assert await silent(binh)

    async def test_replies_of_another_process_come_by_themselves(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(web_chat, "POLL", 0.05)
        socket = await connect(site, await open_page(site))
        await socket.send_json(say("một"))
        await hear(socket, 2)
        site.commit(replace(site.updates[0], id="elsewhere"))
        assert [one["id"] for one in await hear(socket, 1)] == [2]

    async def test_a_turn_that_was_not_committed_can_be_sent_again(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        socket = await connect(site, await open_page(site))
        message = say("menu")
        site.broken = True
        await socket.send_json(message)
        assert await hear(socket, 1) == [{"type": "failed", "id": message["id"]}]
        site.broken = False
        await socket.send_json(message)
        assert {one["type"] for one in await hear(socket, 2)} == {"taken", "reply"}
        assert "cô Ba" not in caplog.text

    @pytest.mark.parametrize(
        "body",
        [
            "không phải JSON",
            "[]",
            '{"type":"shout"}',
            '{"type":"say","id":"1","text":"a"}',
            '{"type":"say","id":"5b2f0a52-25a1-4f5e-9d5a-6f6f6b1f3f10","text":""}',
            '{"type":"say","id":"5b2f0a52-25a1-4f5e-9d5a-6f6f6b1f3f10","text":"\\ud800"}',
            '{"type":"start","id":"5b2f0a52-25a1-4f5e-9d5a-6f6f6b1f3f10","data":"<script>"}',
            '{"type":"tap","id":"5b2f0a52-25a1-4f5e-9d5a-6f6f6b1f3f10","data":"' + "x" * 65 + '"}',
            '{"type":"ack","upto":-1}',
            '{"type":"hello","after":99999999999999999999}',
        ],
    )
    async def test_what_is_not_of_the_protocol_is_refused_and_the_line_stays(self, site: Site, body: str) -> None:
        socket = await connect(site, await open_page(site))
        await socket.send_str(body)
        assert await hear(socket, 1) == [{"type": "refused"}]
        await socket.send_json(say("menu"))
        assert len(await hear(socket, 2)) == 2

    async def test_a_long_text_is_cut(self, site: Site) -> None:
        socket = await connect(site, await open_page(site))
        await socket.send_json(say("ế" * 5000))
        await hear(socket, 2)
        assert site.updates[0].text == "ế" * protocol.TEXT_LIMIT

    async def test_an_oversized_frame_closes_the_line(self, site: Site) -> None:
        socket = await connect(site, await open_page(site))
        await socket.send_str("x" * (web_chat.BODY_LIMIT + 1))
        frame = await socket.receive(timeout=3)
        assert frame.type is WSMsgType.CLOSE
        assert frame.data == 1009

    async def test_a_flood_is_slowed_and_nothing_of_it_is_lost(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(web_chat, "RATE", 20.0)
        socket = await connect(site, await open_page(site), after=None)
        started = asyncio.get_running_loop().time()
        for number in range(20):
            await socket.send_json(say(str(number)))
        await hear(socket, 20)
        assert asyncio.get_running_loop().time() - started > 0.3
        assert [one.text for one in site.updates] == [str(number) for number in range(20)]

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://hoc.example.vn.evil.example"])
    async def test_a_page_of_another_site_cannot_connect(self, site: Site, origin: str) -> None:
        cookie = await open_page(site)
        with pytest.raises(WSServerHandshakeError) as refused:
            await connect(site, cookie, Origin=origin)
        assert refused.value.status == 403

    async def test_our_own_page_can(self, site: Site) -> None:
        cookie = await open_page(site)
        host = f"{site.client.host}:{site.client.port}"
        for origin in (f"http://{host}", "https://hoc.example.vn"):
            await (await connect(site, cookie, Origin=origin)).close()

    async def test_without_a_cookie_there_is_no_line(self, site: Site) -> None:
        with pytest.raises(WSServerHandshakeError) as refused:
            await site.client.ws_connect("/chat/socket")
        assert refused.value.status == 401

    async def test_one_person_cannot_hold_every_line(self, site: Site) -> None:
        cookie = await open_page(site)
        for _ in range(web_chat.LISTENERS):
            socket = await connect(site, cookie)
            await socket.send_json({"type": "?"})
            await hear(socket, 1)
        with pytest.raises(WSServerHandshakeError) as refused:
            await connect(site, cookie)
        assert refused.value.status == 429

    async def test_stopping_closes_lines_and_polls(self, site: Site) -> None:
        cookie = await open_page(site)
        socket = await connect(site, cookie)
        poll = asyncio.create_task(replies(site, cookie, after=0, wait=20))
        await asyncio.sleep(0.1)
        await site.chat.stop()
        assert await asyncio.wait_for(poll, 2) == []
        assert (await socket.receive(timeout=2)).data == 1001


class TestRequests:
    async def test_a_conversation_without_sockets(self, site: Site) -> None:
        cookie = await open_page(site)
        poll = asyncio.create_task(replies(site, cookie, after=0, wait=20))
        await asyncio.sleep(0.05)
        message = say("menu")
        assert await post(site, cookie, message) == (200, {"type": "taken", "id": message["id"]})
        assert [one["id"] for one in await asyncio.wait_for(poll, 2)] == [1]
        assert await post(site, cookie, message) == (200, {"type": "taken", "id": message["id"]})
        assert [one["id"] for one in await replies(site, cookie, after=0)] == [1]
        assert await post(site, cookie, {"type": "ack", "upto": 1}) == (204, None)
        assert await replies(site, cookie, after=0) == []

    async def test_a_poll_ends_when_its_time_is_over(self, site: Site) -> None:
        assert await asyncio.wait_for(replies(site, await open_page(site), after=0, wait=0.2), 2) == []

    @pytest.mark.parametrize("query", ["after=x", "after=-1", "wait=nan", "wait=-1", f"after={2**60}"])
    async def test_a_strange_poll_is_refused(self, site: Site, query: str) -> None:
        headers = {"Cookie": f"chat={await open_page(site)}"}
        async with site.client.get(f"/chat/replies?{query}", headers=headers) as response:
            assert response.status == 400

    async def test_status_says_what_to_do_next(self, site: Site) -> None:
        cookie = await open_page(site)
        assert await post(site, cookie, {"type": "shout"}) == (400, {"type": "refused"})
        assert await post(site, cookie, {"type": "hello"}) == (400, {"type": "refused"})
        assert (await post(site, cookie, say("a"), Origin="https://evil.example"))[0] == 403
        assert (await post(site, "short", say("a")))[0] == 401
        site.broken = True
        assert (await post(site, cookie, say("a")))[0] == 503

    @pytest.mark.parametrize("chunked", [True, False])
    async def test_an_oversized_body_is_refused(self, site: Site, chunked: bool) -> None:
        async def body() -> Any:
            for _ in range(web_chat.BODY_LIMIT // 1024 + 1):
                yield b"x" * 1024

        data: Any = body() if chunked else b"x" * (web_chat.BODY_LIMIT + 1)
        headers = {"Cookie": f"chat={await open_page(site)}"}
        async with site.client.post("/chat/send", data=data, headers=headers) as response:
            assert response.status == 413

    async def test_a_flood_is_told_when_to_come_back(self, site: Site) -> None:
        cookie = await open_page(site)
        statuses = [(await post(site, cookie, say("a")))[0] for _ in range(web_chat.BURST + 5)]
        assert statuses[: web_chat.BURST] == [200] * web_chat.BURST
        assert 429 in statuses

    async def test_forgetting_leaves_nothing(self, site: Site) -> None:
        cookie = await open_page(site)
        await post(site, cookie, say("menu"))
        async with site.client.post("/chat/forget", headers={"Cookie": f"chat={cookie}"}) as response:
            assert response.status == 204
            assert response.cookies["chat"]["max-age"] == "0"
        assert await replies(site, cookie, after=0) == []
        assert site.store.session(site.updates[0].address).version == 0


class TestCookie:
    async def test_flags(self, site: Site) -> None:
        async with site.client.get("/") as response:
            cookie = response.cookies["chat"]
        assert len(cookie.value) >= 22  # 128 bits and more
        assert cookie["httponly"]
        assert cookie["secure"]
        assert cookie["samesite"] == "Lax"
        assert cookie["max-age"] == str(90 * 24 * 3600)

    async def test_it_is_prolonged_not_replaced(self, site: Site) -> None:
        cookie = await open_page(site)
        async with site.client.get("/", headers={"Cookie": f"chat={cookie}"}) as response:
            assert response.cookies["chat"].value == cookie

    async def test_the_address_does_not_tell_the_cookie(self, site: Site, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        cookie = await open_page(site)
        await post(site, cookie, say("chuyện riêng"))
        address = site.updates[0].address
        assert address.channel == "web"
        assert len(address.user_id) == 32
        assert cookie not in str(site.updates)
        assert cookie not in caplog.text
        assert address.user_id not in caplog.text
        assert "chuyện riêng" not in caplog.text


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8080"])
async def test_on_plain_http_the_cookie_is_sent_too(site: Site) -> None:
    async with site.client.get("/") as response:
        assert not response.cookies["chat"]["secure"]


class TestPictures:
    async def send(self, site: Site, cookie: str, content: bytes | BytesIO, name: str = "", **headers: str) -> int:
        path = f"/chat/pictures/{name or uuid4()}"
        async with site.client.post(path, data=content, headers={"Cookie": f"chat={cookie}", **headers}) as response:
            return response.status

    async def test_a_picture_is_answered_and_looked_at(self, site: Site) -> None:
        cookie, name = await open_page(site), str(uuid4())
        assert await self.send(site, cookie, b"jpeg", name) == 204
        [update] = site.updates
        assert (update.kind, update.text, update.picture) == (UpdateKind.PICTURE, "", "")
        assert site.looked_at == [(update, b"jpeg")]
        assert len(await replies(site, cookie, 0)) == 1

    async def test_told_again_under_its_id_it_is_answered_once(self, site: Site) -> None:
        cookie, name = await open_page(site), str(uuid4())
        await self.send(site, cookie, b"jpeg", name)
        await self.send(site, cookie, b"jpeg", name)
        await post(site, cookie, {"type": "file", "id": name})
        assert len(await replies(site, cookie, 0)) == 1

    async def test_what_is_not_committed_is_not_looked_at(self, site: Site) -> None:
        site.broken = True
        assert await self.send(site, await open_page(site), b"jpeg") == 503
        assert site.looked_at == []

    async def test_strangers_other_sites_and_strange_names_are_refused(self, site: Site) -> None:
        cookie = await open_page(site)
        assert await self.send(site, "", b"jpeg") == 401
        assert await self.send(site, cookie, b"jpeg", Origin="https://evil.example") == 403
        assert await self.send(site, cookie, b"jpeg", "-" * 36) == 400
        assert await self.send(site, cookie, b"jpeg", "1") == 404
        assert site.updates == []

    async def test_a_picture_too_large_is_refused(self, site: Site) -> None:
        assert await self.send(site, await open_page(site), BytesIO(bytes(PICTURE_LIMIT + 1))) == 413
        assert site.updates == []

    async def test_a_flood_is_slowed_down(self, site: Site) -> None:
        cookie = await open_page(site)
        answers = [await self.send(site, cookie, b"jpeg") for _ in range(web_chat.BURST + 2)]
        assert answers[0] == 204
        assert answers[-1] == 429


async def test_waking_somebody_elses_address_is_no_error(site: Site) -> None:
    site.chat.wake(Address("telegram", "co-ba"))
