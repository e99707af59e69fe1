"""The Bot API on loopback, as strict as Telegram where that has bitten people. Errors are scripted by method."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from .loopback import BadGateway, Hangup, Loopback, broken

BOT = {"id": 1, "is_bot": True, "first_name": "b", "username": "t_bot"}
TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024  # UTF-16 units, after tags are parsed away
LONGEST_WAIT = 0.2  # seconds a long poll is held open here
TAGS = {"b", "i", "u", "s", "a", "code", "pre", "blockquote"}


class Refused(Exception):
    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


def bad_request(what: str) -> Refused:
    return Refused(400, f"Bad Request: {what}")


async def eventually(condition: Callable[[], bool]) -> None:
    """Fails when it does not come true within seconds."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


@dataclass
class FakeTelegram(Loopback):
    token: str
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)  # what people see, by message id
    webhook: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # what people sent, by file id
    deleted: list[tuple[int, int]] = field(default_factory=list)  # chat and message

    def __post_init__(self) -> None:
        super().__post_init__()
        self._queue: list[dict[str, Any]] = []
        self._pushed = asyncio.Event()
        self._pollers = 0
        self._answered: set[str] = set()
        self._file_ids: set[str] = set()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/photos/{name}", self._file)
        return app

    # For tests

    def called(self, method: str) -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name.lower() == method.lower()]

    async def until(self, method: str, times: int = 1) -> None:
        """Wait until it was called."""
        await eventually(lambda: len(self.called(method)) >= times)

    async def push(self, *updates: dict[str, Any], secret: str | None = None) -> list[int]:
        """As Telegram delivers: to the webhook, or to whoever asks. Returns the webhook's answers."""
        if not self.webhook:
            self._queue += updates
            self._pushed.set()
            return []
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret or self.webhook.get("secret_token", "")}
        async with aiohttp.ClientSession() as session:
            return [(await session.post(self.webhook["url"], json=one, headers=headers)).status for one in updates]

    @property
    def pending(self) -> list[int]:
        return [update["update_id"] for update in self._queue]

    def forget_files(self) -> None:
        self._file_ids.clear()

    # The API

    async def _answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"].lower()
        params = await _params(request)
        # An empty poll is repeated many times a second: it is recorded once for each offset.
        if method != "getupdates" or not self.called("getupdates") or self.called("getupdates")[-1] != params:
            self.calls.append((request.match_info["method"], params))
        try:
            if request.match_info["token"] != self.token:
                raise Refused(401, "Unauthorized")
            self.raise_scripted(method)
            handler = getattr(self, f"_{method}", None)
            if handler is None:
                raise Refused(404, "Not Found: method not found")
            result = handler(params)
            if asyncio.iscoroutine(result):
                result = await result
        except Refused as error:
            answer: dict[str, Any] = {"ok": False, "error_code": error.status, "description": error.description}
            if error.parameters:
                answer["parameters"] = error.parameters
            return web.json_response(answer, status=error.status)
        except (BadGateway, Hangup) as fault:
            return broken(request, fault)
        return web.json_response({"ok": True, "result": result})

    def _getme(self, params: dict[str, Any]) -> dict[str, Any]:
        return BOT

    async def _getupdates(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        if self.webhook:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        if self._pollers:
            raise Refused(409, "Conflict: terminated by other getUpdates request")
        offset = params.get("offset", 0)
        self._queue = [update for update in self._queue if update["update_id"] >= offset]
        self._pollers += 1
        try:
            if not self._queue:
                self._pushed.clear()
                async with asyncio.timeout(min(params.get("timeout", 0), LONGEST_WAIT)):
                    await self._pushed.wait()
        except TimeoutError:
            return []
        finally:
            self._pollers -= 1
        return list(self._queue)

    def _setwebhook(self, params: dict[str, Any]) -> bool:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", params.get("secret_token", "")):
            raise bad_request("secret token contains unallowed characters")
        self.webhook = params
        return True

    def _deletewebhook(self, params: dict[str, Any]) -> bool:
        self.webhook = {}
        if params.get("drop_pending_updates"):
            self._queue.clear()
        return True

    def _setmycommands(self, params: dict[str, Any]) -> bool:
        for command in params["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
                raise bad_request("BOT_COMMAND_INVALID")
        return True

    def _getfile(self, params: dict[str, Any]) -> dict[str, Any]:
        name = params["file_id"]
        if name not in self.files:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        size = len(self.files[name])
        return {"file_id": name, "file_unique_id": "u", "file_size": size, "file_path": f"photos/{name}"}

    async def _file(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self.token:
            return web.Response(status=404)
        return web.Response(body=self.files[request.match_info["name"]])

    def _deletemessage(self, params: dict[str, Any]) -> bool:
        self.deleted.append((int(params["chat_id"]), int(params["message_id"])))
        return True

    def _sendchataction(self, params: dict[str, Any]) -> bool:
        return True

    def _answercallbackquery(self, params: dict[str, Any]) -> bool:
        if params["callback_query_id"] in self._answered:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        self._answered.add(params["callback_query_id"])
        return True

    def _sendmessage(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._keep(params, text=_shown(params, "text", TEXT_LIMIT))

    def _sendphoto(self, params: dict[str, Any]) -> dict[str, Any]:
        photo = params["photo"]
        if isinstance(photo, str):
            if photo not in self._file_ids:
                raise bad_request("wrong file identifier/HTTP URL specified")
        else:
            photo = f"file-{hash(photo)}"
            self._file_ids.add(photo)
        sizes = [{"file_id": photo, "file_unique_id": "u", "width": 90, "height": 90}]
        caption = _shown(params, "caption", CAPTION_LIMIT) if params.get("caption") else ""
        return self._keep(params, photo=sizes, caption=caption)

    def _editmessagetext(self, params: dict[str, Any]) -> dict[str, Any]:
        old = self.messages.get(params["message_id"])
        if old is None or old["chat"]["id"] != int(params["chat_id"]):
            raise bad_request("message to edit not found")
        if "photo" in old:
            raise bad_request("there is no text in the message to edit")
        text = _shown(params, "text", TEXT_LIMIT)
        _check_keyboard(params)
        if (text, params.get("reply_markup")) == (old["text"], old.get("reply_markup")):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the same"
            )
        return self._keep(params, params["message_id"], text=text)

    def _keep(self, params: dict[str, Any], message_id: int = 0, **content: Any) -> dict[str, Any]:
        _check_keyboard(params)
        message_id = message_id or len(self.messages) + 100
        message = {
            "message_id": message_id,
            "date": 1700000000,
            "chat": {"id": int(params["chat_id"]), "type": "private"},
            **content,
        }
        if "reply_markup" in params:
            message["reply_markup"] = params["reply_markup"]
        self.messages[message_id] = message
        return message


async def _params(request: web.Request) -> dict[str, Any]:
    """Fields as the Bot API reads them: nested values are JSON in text, uploads are bytes."""
    if request.content_type == "application/json":
        return dict(await request.json())
    form = await request.post()
    return {key: _value(key, value) for key, value in form.items()}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, web.FileField):
        return value.file.read()
    if key in ("text", "caption"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _shown(params: dict[str, Any], key: str, limit: int) -> str:
    """The text without its tags."""
    text = str(params[key])
    if params.get("parse_mode") == "HTML":
        text = _parse_html(text)
    if not text.strip():
        raise bad_request("message text is empty")
    if len(text.encode("utf-16-le")) // 2 > limit:
        raise bad_request("message is too long" if key == "text" else "message caption is too long")
    return text


def _parse_html(text: str) -> str:
    opened: list[str] = []
    for closing, tag in re.findall(r"<(/?)([^\s>]*)[^>]*>?", text):
        if tag not in TAGS:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset 0')
        if closing and (not opened or opened.pop() != tag):
            raise bad_request("can't parse entities: Unexpected end tag at byte offset 0")
        if not closing:
            opened.append(tag)
    if opened:
        raise bad_request("can't parse entities: Can't find end tag at byte offset 0")
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def _check_keyboard(params: dict[str, Any]) -> None:
    for row in params.get("reply_markup", {}).get("inline_keyboard", []):
        for key in row:
            if not key["text"].strip():
                raise bad_request("inline keyboard button text must be non-empty")
            if ("callback_data" in key) == ("url" in key):
                raise bad_request("inline keyboard button type unsupported")
            if "callback_data" in key and not 1 <= len(key["callback_data"].encode()) <= 64:
                raise bad_request("BUTTON_DATA_INVALID")


# What Telegram sends

CO_BA = {"id": 42, "is_bot": False, "first_name": "Ba", "language_code": "vi"}


def message(update_id: int, text: str = "", chat: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    chat = chat or {"id": CO_BA["id"], "type": "private", "first_name": "Ba"}
    content = {"text": text} if text else {}
    return {
        "update_id": update_id,
        "message": {"message_id": 5, "date": 1700000000, "from": CO_BA, "chat": chat, **content, **more},
    }


def tap(update_id: int, data: str, message_id: int = 7, date: int = 1700000000) -> dict[str, Any]:
    tapped = {"message_id": message_id, "date": date, "chat": {"id": CO_BA["id"], "type": "private"}}
    query = {"id": f"q{update_id}", "from": CO_BA, "chat_instance": "77", "data": data, "message": tapped}
    return {"update_id": update_id, "callback_query": query}


def membership(update_id: int, status: str) -> dict[str, Any]:
    change = {
        "chat": {"id": CO_BA["id"], "type": "private"},
        "from": CO_BA,
        "date": 1700000000,
        "old_chat_member": {"user": BOT, "status": "member"},
        "new_chat_member": {"user": BOT, "status": status, "until_date": 0},
    }
    return {"update_id": update_id, "my_chat_member": change}
