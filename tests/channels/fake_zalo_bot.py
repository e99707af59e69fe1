"""The Zalo Bot Platform on loopback, as strict as its documents. Errors are scripted by method.

By hand: python -m tests.channels.fake_zalo_bot, then channels.zalo_bot.api_base is what it prints; a line typed there
is a message of Cô Ba.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from .loopback import BadGateway, Hangup, Loopback, broken

TEXT_LIMIT = 2000  # UTF-16 units, the stricter reading
LONGEST_WAIT = 0.2  # seconds a long poll is held open here
ME = {"id": "1459", "account_name": "bot.VDKy", "account_type": "BASIC", "can_join_groups": False}
CO_BA = "6ede9afa66b88fe6d6a9"
GROUP = "f414c8f76fa586fbdfb4"


class Refused(Exception):
    def __init__(self, code: int, description: str = "refused") -> None:
        super().__init__(description)
        self.code, self.description = code, description


@dataclass
class FakeZaloBot(Loopback):
    token: str
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)  # what people see
    queue: list[Any] = field(default_factory=list)  # what nobody fetched yet
    webhook: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)  # what people sent, by path

    def __post_init__(self) -> None:
        super().__post_init__()
        self._pushed = asyncio.Event()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._answer)
        app.router.add_get("/{path:.*}", self._picture)
        return app

    # For tests

    def called(self, method: str) -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name == method]

    def push(self, *payloads: Any) -> None:
        """Something that waits for whoever asks."""
        self.queue += payloads
        self._pushed.set()

    # The API

    async def _picture(self, request: web.Request) -> web.Response:
        content = self.pictures.get(request.path)
        return web.Response(status=404) if content is None else web.Response(body=content)

    async def _answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        params = await request.json()
        self.calls.append((method, params))
        try:
            if request.match_info["token"] != self.token:
                raise Refused(401, "Unauthorized")
            self.raise_scripted(method)
            handler = getattr(self, f"_{method.lower()}", None)
            if handler is None:
                raise Refused(400, "unknown method")
            result = handler(params)
            if asyncio.iscoroutine(result):
                result = await result
        except Refused as error:
            # Not a status of HTTP: application errors come with 200.
            return web.json_response({"ok": False, "error_code": error.code, "description": error.description})
        except (BadGateway, Hangup) as fault:
            return broken(request, fault)
        return web.json_response({"ok": True, "result": result})

    def _getme(self, params: dict[str, Any]) -> dict[str, Any]:
        return ME

    async def _getupdates(self, params: dict[str, Any]) -> Any:
        """One update, which is nobody's after that. There is no offset."""
        if self.webhook:
            raise Refused(400, "webhook is set")
        if not self.queue:
            self._pushed.clear()
            try:
                async with asyncio.timeout(min(params.get("timeout", 0), LONGEST_WAIT)):
                    await self._pushed.wait()
            except TimeoutError:
                raise Refused(408, "Request timeout") from None
        return self.queue.pop(0)

    async def _setwebhook(self, params: dict[str, Any]) -> dict[str, Any]:
        """Kept even when the probe, an empty body, is not answered."""
        if not 8 <= len(params["secret_token"]) <= 256:
            raise Refused(400, "secret_token")
        self.webhook = params
        try:
            async with aiohttp.ClientSession() as session, session.post(params["url"]) as response:
                status = response.status
        except aiohttp.ClientError:
            status = 0
        outcome = "SUCCESS" if status == 200 else "HTTP_ERROR"
        seen = {"ok": status == 200, "outcome": outcome, "status_code": status, "hint": ""}
        return {"url": params["url"], "updated_at": 1790000000000, "verification": seen}

    def _deletewebhook(self, params: dict[str, Any]) -> dict[str, Any]:
        self.webhook = {}
        return {"url": "", "updated_at": 1790000000000}

    def _sendmessage(self, params: dict[str, Any]) -> dict[str, Any]:
        length = len(params["text"].encode("utf-16-le")) // 2
        if not params["text"].strip() or length > TEXT_LIMIT:
            raise Refused(400, "text")
        for style in params.get("text_styles", []):
            if style["start"] + style["len"] > length or style["st"] != ["b"]:
                raise Refused(400, "text_styles")
        return self._keep(params)

    def _sendphoto(self, params: dict[str, Any]) -> dict[str, Any]:
        if not params["photo"].startswith("https://"):
            raise Refused(400, "photo")
        return self._keep(params)

    def _keep(self, params: dict[str, Any]) -> dict[str, Any]:
        self.messages.append(params)
        return {"message_id": f"m{len(self.messages)}", "date": 1790000000000}


# What Zalo sends


def event(name: str, number: int = 1, group: bool = False, **content: Any) -> dict[str, Any]:
    """Flat, as captured live; see `wrapped`."""
    chat = {"id": GROUP, "chat_type": "GROUP"} if group else {"id": CO_BA, "chat_type": "PRIVATE"}
    message = {
        "message_id": f"2d75b61eb2d8dc8685c{number}",
        "date": 1790000000000 + number,
        "from": {"id": CO_BA, "display_name": "Ba", "is_bot": False},
        "chat": chat,
        **content,
    }
    return {"event_name": f"message.{name}.received", "message": message}


def text(number: int, words: str, group: bool = False, **content: Any) -> dict[str, Any]:
    return event("text", number, group, text=words, **content)


def wrapped(payload: dict[str, Any]) -> dict[str, Any]:
    """As documented."""
    return {"ok": True, "result": payload}


_PERSON = {"from": {"id": CO_BA}, "chat": {"id": CO_BA, "chat_type": "PRIVATE"}}
MALFORMED: tuple[object, ...] = (
    {"ok": True},
    {"ok": True, "result": None},
    {"ok": True, "result": []},
    {"event_name": None, "message": _PERSON},
    {"event_name": 5, "message": _PERSON},
    {"message": {**_PERSON, "text": "x"}},
    {"event_name": "message.text.received"},
    {"event_name": "message.text.received", "message": None},
    {"event_name": "message.text.received", "message": "x"},
    {"event_name": "message.text.received", "message": []},
    {"event_name": "message.text.received", "message": {}},
    {"event_name": "message.text.received", "message": {**_PERSON}},
    {"event_name": "message.text.received", "message": {**_PERSON, "text": None}},
    {"event_name": "message.text.received", "message": {**_PERSON, "text": {"a": 1}}},
    {"event_name": "message.text.received", "message": {"text": "x"}},
    {"event_name": "message.text.received", "message": {"chat": "x", "text": "x"}},
    {"event_name": "message.text.received", "message": {"chat": {}, "text": "x"}},
    {"event_name": "message.text.received", "message": {"chat": {"id": 5}, "text": "x"}},
    {"event_name": "message.text.received", "message": {"chat": {"id": ""}, "text": "x"}},
    {"event_name": "message.image.received", "message": {**_PERSON, "caption": 5}},
)


async def _by_hand() -> None:
    api = FakeZaloBot("1:by-hand")
    await api.start()
    print(f"token: {api.token}\napi_base: {api.base_url}", flush=True)
    number = shown = 0
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, lambda: lines.put_nowait(sys.stdin.readline()))
    while True:
        try:
            line = await asyncio.wait_for(lines.get(), 0.2)
        except TimeoutError:
            pass
        else:
            if not line:
                return
            number += 1
            api.push(text(number, line.rstrip("\n")))
        for message in api.messages[shown:]:
            print(message.get("text") or message["photo"], end="\n\n", flush=True)
        shown = len(api.messages)


if __name__ == "__main__":
    asyncio.run(_by_hand())
