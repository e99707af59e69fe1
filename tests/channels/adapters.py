"""How the contract speaks to each platform. A new channel adds one class here and a line in ADAPTERS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from bot.channels.base import WebhookChannel
from bot.channels.registry import CHANNELS, Setting
from bot.channels.zalo_bot.client import RATE_WAIT
from bot.channels.zalo_oa.inbound import TAP
from bot.config import TelegramConfig, ZaloBotConfig, ZaloOaConfig
from bot.stores.base import Store
from bot.stores.memory import MemoryStore

from . import fake_zalo, fake_zalo_bot
from .fake_telegram import FakeTelegram, Refused, message, tap
from .loopback import BadGateway, Hangup


class Adapter(Protocol):
    """A platform as its channel sees it, and one person on it."""

    secrets: tuple[str, ...]  # what no log line may hold
    user_id: str
    malformed: tuple[bytes, ...]  # bodies of no shape the platform has
    unknown: bytes  # an event of the platform that means nothing to us

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """The platform is down."""

    def channel(self, pictures: Path) -> WebhookChannel: ...

    def text(self, update_id: int, text: str) -> bytes: ...

    def tap(self, update_id: int, postback: str) -> bytes: ...

    def picture(self, update_id: int, content: bytes) -> bytes:
        """A picture that the person sends, and that the platform keeps."""

    def signed(self, body: bytes) -> Mapping[str, str]: ...

    def shown(self) -> list[str]:
        """The texts the person sees, without marks of style."""

    def postbacks(self) -> list[str]:
        """What the buttons the person sees send back."""

    def block(self) -> None:
        """The next send is refused: the person blocked us."""

    def limit_rate(self, seconds: int) -> float:
        """The next send is too fast. Returns the wait that follows: not every platform names one."""

    def break_down(self) -> None:
        """The next sends meet a broken server, one way after the other; there are two."""


PRIVATE = {"id": 1, "type": "private"}
MALFORMED_JSON: tuple[object, ...] = (
    {},
    {"update_id": "1"},
    {"update_id": None, "message": {}},
    {"message": {"chat": PRIVATE, "text": "x"}},
    {"update_id": 1, "message": None},
    {"update_id": 1, "message": "x"},
    {"update_id": 1, "message": []},
    {"update_id": 1, "message": {}},
    {"update_id": 1, "message": {"chat": 5, "text": "x"}},
    {"update_id": 1, "message": {"chat": {"id": "1", "type": "private"}, "text": "x"}},
    {"update_id": 1, "message": {"chat": PRIVATE, "text": {"a": 1}}},
    {"update_id": 1, "message": {"chat": PRIVATE, "text": None}},
    {"update_id": 1, "message": {"chat": PRIVATE, "text": "x", "entities": 3}},
    {"update_id": 1, "callback_query": {}},
    {"update_id": 1, "callback_query": {"from": {}, "data": "m"}},
    {"update_id": 1, "callback_query": {"from": {"id": 1}, "data": 5}},
    {"update_id": 1, "callback_query": {"from": {"id": 1}, "data": "m", "message": "x"}},
    {"update_id": 1, "my_chat_member": {}},
    {"update_id": 1, "my_chat_member": {"chat": {"id": 1}, "new_chat_member": None}},
)
NOT_JSON = (b"", b"null", b"[]", b"5", b'"text"', b"{", b"\xff\xfe", b"[" * 100_000)


_SENDER = {"event_name": "user_send_text", "sender": {"id": fake_zalo.CO_BA}, "timestamp": str(fake_zalo.SENT_AT)}
MALFORMED_OA: tuple[object, ...] = (
    {"a": 1},
    {"timestamp": "1"},
    {"timestamp": "soon", "event_name": "follow", "follower": {"id": "1"}},
    {"timestamp": "9" * 40, "event_name": "follow", "follower": {"id": "1"}},
    {"timestamp": str(fake_zalo.SENT_AT)},
    {"timestamp": str(fake_zalo.SENT_AT), "event_name": 5},
    {"timestamp": str(fake_zalo.SENT_AT), "event_name": "user_send_text"},
    {"timestamp": str(fake_zalo.SENT_AT), "event_name": "user_send_text", "sender": "x", "message": {"text": "x"}},
    {"timestamp": str(fake_zalo.SENT_AT), "event_name": "follow", "follower": {}},
    {"timestamp": str(fake_zalo.SENT_AT), "event_name": "user_withdraw", "user_id": ["1"]},
    _SENDER,
    {**_SENDER, "message": None},
    {**_SENDER, "message": "x"},
    {**_SENDER, "message": []},
    {**_SENDER, "message": {}},
    {**_SENDER, "message": {"msg_id": "1", "text": None}},
    {**_SENDER, "message": {"msg_id": "1", "text": {"a": 1}}},
    {**_SENDER, "message": {"msg_id": "1", "text": "x", "attachments": 3}},
)


class TelegramAdapter:
    secrets: tuple[str, ...] = ("123456:AAsecretOfTheBot", "webhook-secret-of-ours")
    user_id = "42"
    unknown = json.dumps({"update_id": 9, "chat_boost": {"boost": {}}}).encode()
    malformed: tuple[bytes, ...] = (*NOT_JSON, *(json.dumps(one).encode() for one in MALFORMED_JSON))

    def __init__(self) -> None:
        self.api = FakeTelegram(self.secrets[0])

    async def start(self) -> None:
        await self.api.start()

    async def stop(self) -> None:
        await self.api.stop()

    def channel(self, pictures: Path, mode: str = "webhook", public_url: str = "http://127.0.0.1:1") -> WebhookChannel:
        token, secret = self.secrets
        block = TelegramConfig.model_validate(
            {"token": token, "mode": mode, "webhook_secret": secret, "api_base": self.api.base_url}
        )
        commands = {"menu": "Xem các mục", "help": "Cách dùng"}
        return CHANNELS["telegram"](block, Setting(public_url, pictures, commands))  # type: ignore[return-value]

    def text(self, update_id: int, text: str) -> bytes:
        return json.dumps(message(update_id, text)).encode()

    def tap(self, update_id: int, postback: str) -> bytes:
        return json.dumps(tap(update_id, postback)).encode()

    def picture(self, update_id: int, content: bytes) -> bytes:
        self.api.files[f"photo{update_id}"] = content
        sizes = [{"file_id": "thumbnail"}, {"file_id": f"photo{update_id}"}]
        return json.dumps(message(update_id, photo=sizes)).encode()

    def signed(self, body: bytes) -> Mapping[str, str]:
        return {"X-Telegram-Bot-Api-Secret-Token": self.secrets[1]}

    def shown(self) -> list[str]:
        return [message.get("text") or message.get("caption", "") for message in self.api.messages.values()]

    def postbacks(self) -> list[str]:
        keyboards = [message["reply_markup"] for message in self.api.messages.values() if "reply_markup" in message]
        return [key["callback_data"] for one in keyboards for row in one["inline_keyboard"] for key in row]

    def block(self) -> None:
        self.api.fail("sendMessage", Refused(403, "Forbidden: bot was blocked by the user"))

    def limit_rate(self, seconds: int) -> float:
        self.api.fail("sendMessage", Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds))
        return seconds

    def break_down(self) -> None:
        self.api.fail("sendMessage", BadGateway(), Hangup())


class ZaloBotAdapter:
    """It has no buttons: who taps elsewhere types the choice's number here."""

    secrets: tuple[str, ...] = ("1459232:zaloSecretOfTheBot", "webhook-secret-of-ours")
    user_id = fake_zalo_bot.CO_BA
    unknown = json.dumps({"event_name": "message.reaction.received", "message": {"message_id": "9"}}).encode()
    malformed: tuple[bytes, ...] = (
        *(one for one in NOT_JSON if one),
        *(json.dumps(one).encode() for one in fake_zalo_bot.MALFORMED),
    )

    def __init__(self) -> None:
        self.api = fake_zalo_bot.FakeZaloBot(self.secrets[0])

    async def start(self) -> None:
        await self.api.start()

    async def stop(self) -> None:
        await self.api.stop()

    def channel(self, pictures: Path, mode: str = "webhook", public_url: str = "http://127.0.0.1:1") -> WebhookChannel:
        token, secret = self.secrets
        block = ZaloBotConfig.model_validate(
            {"token": token, "mode": mode, "webhook_secret": secret, "api_base": self.api.base_url}
        )
        return CHANNELS["zalo_bot"](block, Setting(public_url, pictures))  # type: ignore[return-value]

    def text(self, update_id: int, text: str) -> bytes:
        return json.dumps(fake_zalo_bot.text(update_id, text)).encode()

    def tap(self, update_id: int, postback: str) -> bytes:
        return self.text(update_id, "1")

    def picture(self, update_id: int, content: bytes) -> bytes:
        self.api.pictures[f"/photo{update_id}.jpg"] = content
        url = f"{self.api.base_url}/photo{update_id}.jpg"
        return json.dumps(fake_zalo_bot.event("image", update_id, photo_url=url)).encode()

    def signed(self, body: bytes) -> Mapping[str, str]:
        return {"X-Bot-Api-Secret-Token": self.secrets[1]}

    def shown(self) -> list[str]:
        return [message["text"] for message in self.api.messages]

    def postbacks(self) -> list[str]:
        return []

    def block(self) -> None:
        self.api.fail("sendMessage", fake_zalo_bot.Refused(404))

    def limit_rate(self, seconds: int) -> float:
        self.api.fail("sendMessage", fake_zalo_bot.Refused(429))
        return RATE_WAIT

    def break_down(self) -> None:
        self.api.fail("sendMessage", BadGateway(), Hangup())


class ZaloOaAdapter:
    secrets: tuple[str, ...] = ("secret-of-the-app", "secret-of-the-oa", "refresh-token-of-the-console")
    user_id = fake_zalo.CO_BA
    unknown = json.dumps(fake_zalo.event("add_user_to_tag", user_id=fake_zalo.CO_BA)).encode()
    malformed: tuple[bytes, ...] = (*NOT_JSON, *(json.dumps(one).encode() for one in MALFORMED_OA))

    def __init__(self) -> None:
        self.api = fake_zalo.FakeZalo(self.secrets[0], self.secrets[2])
        self.now = datetime.fromtimestamp(fake_zalo.SENT_AT / 1000, UTC)
        self.store = MemoryStore()

    async def start(self) -> None:
        await self.api.start()

    async def stop(self) -> None:
        await self.api.stop()

    def channel(self, pictures: Path, store: Store | None = None) -> WebhookChannel:
        app_secret, oa_secret, refresh_token = self.secrets
        block = ZaloOaConfig.model_validate(
            {
                "oa_id": fake_zalo.OA_ID,
                "app_id": fake_zalo.APP_ID,
                "app_secret": app_secret,
                "oa_secret": oa_secret,
                "refresh_token": refresh_token,
                "api_base": self.api.base_url,
                "oauth_base": self.api.base_url,
            }
        )
        setting = Setting("http://127.0.0.1:1", pictures, store=store or self.store, now=lambda: self.now)
        return CHANNELS["zalo_oa"](block, setting)  # type: ignore[return-value]

    def text(self, update_id: int, text: str) -> bytes:
        return json.dumps(fake_zalo.text(str(update_id), text)).encode()

    def tap(self, update_id: int, postback: str) -> bytes:
        return self.text(update_id, TAP + postback)

    def picture(self, update_id: int, content: bytes) -> bytes:
        self.api.pictures[f"/photo{update_id}.jpg"] = content
        payload = {"url": f"{self.api.base_url}/photo{update_id}.jpg", "thumbnail": "https://a.zdn.vn/t.jpg"}
        sent = fake_zalo.attached("user_send_image", "image", payload, msg_id=f"picture{update_id}")
        return json.dumps(sent).encode()

    def signed(self, body: bytes) -> Mapping[str, str]:
        try:
            return fake_zalo.signed(body, self.secrets[1])
        except (ValueError, TypeError, KeyError, RecursionError):  # it has no timestamp
            return fake_zalo.signed(body, self.secrets[1], "header")

    def shown(self) -> list[str]:
        return [body["message"]["text"] for body in self.api.messages]

    def postbacks(self) -> list[str]:
        payloads = [body["message"].get("attachment", {}).get("payload", {}) for body in self.api.messages]
        return [one["payload"].removeprefix(TAP) for payload in payloads for one in payload.get("buttons", [])]

    def block(self) -> None:
        self.api.fail(fake_zalo.MESSAGES, fake_zalo.Refused(-227))

    def limit_rate(self, seconds: int) -> float:
        """Zalo's limit is of a minute, and it does not say when the next begins: our clock does."""
        self.now = self.now.replace(second=60 - seconds)
        self.api.fail(fake_zalo.MESSAGES, fake_zalo.Refused(-32))
        return seconds

    def break_down(self) -> None:
        self.api.fail(fake_zalo.MESSAGES, BadGateway(), Hangup())


ADAPTERS: Mapping[str, Callable[[], Adapter]] = {
    "telegram": TelegramAdapter,
    "zalo_oa": ZaloOaAdapter,
    "zalo_bot": ZaloBotAdapter,
}
