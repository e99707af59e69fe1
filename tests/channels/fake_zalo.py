"""Zalo's Official Account API on loopback, as strict as its documents. Errors are scripted by path.

By hand: make fake-zalo, then put what it prints into config.yaml. A line typed there is a message of Cô Ba to the
assistant, "#" and a postback is a tap of hers, and what the assistant sends is printed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from aiohttp import web

from .loopback import BadGateway, Hangup, Loopback, broken

APP_ID, OA_ID = "4102938475610293847", "2387429387492384"
CO_BA = "9183746510293847561"
SENT_AT = 1_795_608_000_000  # 2026-11-25 12:00 UTC, in milliseconds
TEXT_LIMIT, BUTTON_LIMIT, TITLE_LIMIT, PAYLOAD_LIMIT = 2000, 5, 100, 1000  # characters, buttons
PICTURE_LIMIT = 1024 * 1024  # bytes
MESSAGES, UPLOAD, GRANT = "/v3.0/oa/message/cs", "/v2.0/oa/upload/image", "/v4/oa/access_token"
PNG, JPG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


class Refused(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class FakeZalo(Loopback):
    app_secret: str
    refresh_token: str  # the first one, as from the console's API Explorer
    life: int = 90_000  # seconds an access token is said to live
    messages: list[dict[str, Any]] = field(default_factory=list)  # what people see: the bodies that were taken
    calls: list[str] = field(default_factory=list)  # paths
    uploads: dict[str, bytes] = field(default_factory=dict)  # by attachment id
    pictures: dict[str, bytes] = field(default_factory=dict)  # what people sent, by path
    codes: dict[str, str] = field(default_factory=dict)  # code -> challenge, until it is used
    closed: set[str] = field(default_factory=set)  # people whose seven days are over
    grants: int = 0
    access_token: str = ""
    delay: float = 0.0  # seconds before a grant is answered; the old pair is dead by then
    heard: Callable[[dict[str, Any]], None] = lambda message: None

    def app(self) -> web.Application:
        app = web.Application(client_max_size=4 * PICTURE_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    # For tests

    def called(self, path: str) -> int:
        return self.calls.count(path)

    def expire_access(self) -> None:
        """Zalo no longer takes the access token, whatever it said of its life."""
        self.access_token = ""

    def spend_refresh(self) -> None:
        """Somebody else used the refresh token."""
        self.refresh_token = "spent-elsewhere"

    def consent(self, challenge: str) -> str:
        """An administrator agreed: the code in the address that their browser is sent to."""
        code = f"consent-code-{len(self.codes)}"
        self.codes[code] = challenge
        return code

    # The API

    async def _answer(self, request: web.Request) -> web.Response:
        self.calls.append(request.path)
        if request.path in self.pictures:
            return web.Response(body=self.pictures[request.path])
        handlers: dict[str, Callable[[web.Request], Any]] = {
            GRANT: self._grant,
            MESSAGES: self._send,
            UPLOAD: self._upload,
            "/v3.0/oa/user/detail": self._detail,
            "/v2.0/oa/getoa": self._account,
            "/v3.0/oa/quota/message": self._quota,
        }
        try:
            self.raise_scripted(request.path)
            if request.path not in handlers:
                raise web.HTTPNotFound
            if request.path != GRANT and request.headers.get("access_token", "") != (self.access_token or object()):
                raise Refused(-216)
            answer = await handlers[request.path](request)
        except Refused as error:
            # Not a status of HTTP: application errors come with 200. The words quote what was sent, as Zalo may.
            answer = {"error": error.code, "message": f"refused: {await request.text()}"}
        except (BadGateway, Hangup) as fault:
            return broken(request, fault)
        return web.json_response(answer)

    async def _grant(self, request: web.Request) -> dict[str, Any]:
        form = await request.post()
        if request.headers.get("secret_key") != self.app_secret or form.get("app_id") != APP_ID:
            return {"error": -14002, "error_name": "Invalid app id", "error_reason": "", "ref_doc": ""}
        if form["grant_type"] == "authorization_code":
            verifier = str(form["code_verifier"])
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            if len(verifier) != 43 or self.codes.pop(str(form["code"]), "") != challenge:
                return {"error": -14019, "error_name": "Invalid code", "error_reason": "", "ref_doc": ""}
        elif form["refresh_token"] != self.refresh_token:
            return {"error": -14014, "error_name": "Invalid refresh token", "error_reason": "", "ref_doc": ""}
        self.grants += 1
        self.access_token = f"access-token-number-{self.grants}-of-{self.port}"
        self.refresh_token = f"refresh-token-number-{self.grants}-of-{self.port}"
        answer = {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "expires_in": str(self.life),
        }
        await asyncio.sleep(self.delay)
        return answer

    async def _send(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        person, message = body["recipient"]["user_id"], body["message"]
        if person in self.closed:
            raise Refused(-230)
        if len(message.get("text", "")) > TEXT_LIMIT:
            raise Refused(-210)
        self._check_attachment(message)
        self.messages.append(body)
        self.heard(message)
        data = {"message_id": f"m{len(self.messages)}", "user_id": person, "sent_time": str(SENT_AT)}
        return {"error": 0, "message": "Success", "data": {**data, "quota": {"quota_type": "reply"}}}

    def _check_attachment(self, message: dict[str, Any]) -> None:
        if "attachment" not in message:
            if not message.get("text", "").strip():
                raise Refused(-201)
            return
        payload = message["attachment"]["payload"]
        if payload.get("template_type") == "media":
            if payload["elements"][0]["attachment_id"] not in self.uploads:
                raise Refused(-100)
            return
        if not message.get("text", "").strip() or not payload["buttons"]:
            raise Refused(-201)
        if len(payload["buttons"]) > BUTTON_LIMIT:
            raise Refused(-210)
        for button in payload["buttons"]:
            _check_button(button)

    async def _upload(self, request: web.Request) -> dict[str, Any]:
        form = await request.post()
        picture = form["file"]
        assert isinstance(picture, web.FileField)
        content = picture.file.read()
        if len(content) > PICTURE_LIMIT or not content.startswith((PNG, JPG)):
            raise Refused(-210)
        attachment_id = f"attachment-{len(self.uploads)}-{len(content)}"
        self.uploads[attachment_id] = content
        return {"error": 0, "message": "Success", "data": {"attachment_id": attachment_id}}

    async def _detail(self, request: web.Request) -> dict[str, Any]:
        person = json.loads(request.query["data"])["user_id"]
        detail = {"user_id": person, "display_name": "Ba", "user_is_follower": True}
        return {"error": 0, "message": "Success", "data": detail}

    async def _account(self, request: web.Request) -> dict[str, Any]:
        account = {"oaid": OA_ID, "name": "Bình dân học vụ số", "package_name": "Nâng cao"}
        return {"error": 0, "data": {**account, "package_valid_through_date": "31/12/2026"}}

    async def _quota(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        if "user_id" in body:
            return {"error": 0, "data": {"last_interaction": str(SENT_AT), "cs_reply": {"remain": 8, "total": 8}}}
        return {"error": 0, "data": [{"quota_type": "sub_quota", "remain": 1900, "total": 2000}]}


def _check_button(button: dict[str, Any]) -> None:
    kind, payload = button["type"], button["payload"]
    fits = {
        "oa.query.hide": isinstance(payload, str) and 0 < len(payload) <= PAYLOAD_LIMIT,
        "oa.query.show": isinstance(payload, str) and 0 < len(payload) <= PAYLOAD_LIMIT,
        "oa.open.url": isinstance(payload, dict) and str(payload.get("url", "")).startswith("http"),
        "oa.open.phone": isinstance(payload, dict) and str(payload.get("phone_code", "")).isdecimal(),
    }
    if not fits.get(kind) or not 0 < len(button["title"]) <= TITLE_LIMIT:
        raise Refused(-201)


# What Zalo sends


def signed(
    body: bytes,
    oa_secret: str,
    variant: Literal["body", "header"] = "body",
    app_id: str = APP_ID,
    timestamp: str = "",
) -> dict[str, str]:
    """Its headers, with the timestamp that the sources disagree about: of the body, or of a header."""
    if variant == "body":
        timestamp = timestamp or str(json.loads(body)["timestamp"])
    timestamp = timestamp or str(SENT_AT + 7)
    mac = hashlib.sha256(app_id.encode() + body + timestamp.encode() + oa_secret.encode()).hexdigest()
    headers = {"X-ZEvent-Signature": f"mac={mac}"}
    return headers if variant == "body" else {**headers, "X-ZEvent-Timestamp": timestamp}


def event(name: str, at: int = SENT_AT, **more: Any) -> dict[str, Any]:
    return {"app_id": APP_ID, "user_id_by_app": "555", "event_name": name, "timestamp": str(at), **more}


def message(
    name: str, msg_id: str = "a1b2c3", at: int = SENT_AT, person: str = CO_BA, **content: Any
) -> dict[str, Any]:
    people = {"sender": {"id": person}, "recipient": {"id": OA_ID}}
    return event(name, at, **people, message={"msg_id": msg_id, **content})


def text(msg_id: str, said: str, at: int = SENT_AT, person: str = CO_BA) -> dict[str, Any]:
    return message("user_send_text", msg_id, at, person, text=said)


def attached(name: str, kind: str, payload: Mapping[str, Any], **content: Any) -> dict[str, Any]:
    return message(name, attachments=[{"type": kind, "payload": payload}], **content)


# By hand


def _show(said: dict[str, Any]) -> None:
    print(json.dumps(said, ensure_ascii=False, indent=2), flush=True)


async def _play(webhook: str, port: int) -> None:
    # Another token at each start: the assistant's store may hold a pair of an earlier one.
    token = f"fake-refresh-token-{int(time.time())}"
    secrets = {"app_secret": "fake-app-secret", "oa_secret": "fake-oa-secret", "refresh_token": token}
    zalo = FakeZalo(secrets["app_secret"], token, heard=_show)
    zalo.port = port
    await zalo.start()
    lines = {"oa_id": OA_ID, "app_id": APP_ID, **secrets, "api_base": zalo.base_url, "oauth_base": zalo.base_url}
    print("channels:\n  zalo_oa:", *(f'    {key}: "{value}"' for key, value in lines.items()), sep="\n", flush=True)
    async with aiohttp.ClientSession() as session:
        while line := (await asyncio.to_thread(sys.stdin.readline)):
            said, now = line.strip(), int(time.time() * 1000)
            said = f"#hv:{said[1:]}" if said.startswith("#") else said
            body = json.dumps(text(f"by-hand-{now}", said, now)).encode()
            try:
                async with session.post(webhook, data=body, headers=signed(body, secrets["oa_secret"])) as answer:
                    print(f"({answer.status})", flush=True)
            except aiohttp.ClientError as error:
                print(f"({error})", flush=True)
    await zalo.stop()


if __name__ == "__main__":
    asyncio.run(_play(*(sys.argv[1:2] or ["http://127.0.0.1:8080/webhook/zalo-oa"]), port=9181))
