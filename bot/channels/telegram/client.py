"""Telegram as a channel, through python-telegram-bot, whose exceptions are translated here and go no further."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.channels.base import PICTURE_LIMIT, Accept
from bot.channels.pace import Pace
from bot.channels.retrying import PartialSends, accept_update, insist
from bot.channels.secrecy import hide_in_logs
from bot.channels.telegram import inbound
from bot.channels.telegram.outbound import CAPABILITIES, Call, as_new, as_plain, render
from bot.engine.model import Update, UpdateKind
from bot.errors import ConnectionFailed, InvalidUpdate, RateLimited, RecipientGone, Rejected, SendError, where
from bot.stores.base import Delivery
from bot.words import say

ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"]
WEBHOOK_PATH = "/webhook/telegram"
MESSAGES_A_SECOND = 30  # to all chats together: core.telegram.org/bots/faq, "My bot is hitting limits"
BURST = 5  # messages that may be sent at once
LONG_POLL = 25  # seconds getUpdates is held open
READ_TIMEOUT = 15.0  # seconds; generous, for a reply that timed out may have arrived and is sent again
COURTESIES = 8  # requests under way, besides the messages, that make a rush
TYPING_WAIT = 1.0  # seconds a reply lets "typing…" go first
STOP_LIMIT = 3.0  # seconds
ASK_LIMIT = 5.0  # seconds that somebody at a terminal waits for Telegram

_EDIT_IMPOSSIBLE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "no text in the message to edit",  # it is a picture
)
_GONE = ("chat not found", "user not found", "peer_id_invalid", "user is deactivated")

log = logging.getLogger(__name__)
T = TypeVar("T")


class TelegramChannel:
    """One bot. It is called by webhook, or asks for updates itself."""

    name = inbound.CHANNEL
    capabilities = CAPABILITIES

    def __init__(
        self,
        token: str,
        mode: Literal["polling", "webhook"],
        webhook_secret: str,
        api_base: str,
        public_url: str,
        commands: Mapping[str, str],
        pictures: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`commands`: the menu's commands and what they say they do. `pictures`: the folder of Reply.picture.

        `clock` paces the messages.
        """
        _hush(token, webhook_secret)
        self._mode = mode
        self._webhook_secret = webhook_secret
        self._webhook_url = public_url.rstrip("/") + WEBHOOK_PATH
        self._commands = commands
        self._pictures = pictures
        self._http = HTTPXRequest(read_timeout=READ_TIMEOUT)
        self._bot = Bot(token, base_url=_base(api_base), base_file_url=_file_base(api_base), request=self._http)
        self._username = ""  # known once Telegram was reached
        self._tasks: set[asyncio.Task[None]] = set()
        self._typing: dict[str, asyncio.Task[None]] = {}  # by chat
        self._file_ids: dict[tuple[str, int], str] = {}  # by picture and its age: uploaded once, then named
        self._clock = clock
        self._pace = Pace(MESSAGES_A_SECOND, 1, BURST)
        self._sends = PartialSends()
        self._trouble = ""

    @property
    def username(self) -> str | None:
        """What t.me calls the bot, once Telegram was reached."""
        return self._username or None

    def trouble(self) -> str:
        return self._trouble

    # Receiving

    async def start(self, accept: Accept) -> None:
        self._spawn(self._run(accept))

    async def stop(self) -> None:
        """What was fetched and not accepted is not confirmed, so Telegram gives it to the next start."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_LIMIT)
        await self._bot.shutdown()
        await self._http.shutdown()  # left open by Bot when it never reached Telegram

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        inbound.verify(headers, self._webhook_secret)
        payload = inbound.load(body)
        updates = inbound.read(payload, self._username)
        self._show_attention(payload, updates)
        return updates

    async def _run(self, accept: Accept) -> None:
        await self._insist("getMe", self._bot.initialize)
        self._username = self._bot.username
        log.info("telegram: connected as @%s, mode %s", self._username, self._mode)
        await asyncio.gather(self._announce_commands(), self._receive(accept))

    async def _announce_commands(self) -> None:
        if self._commands:
            await self._insist("setMyCommands", partial(self._bot.set_my_commands, list(self._commands.items())))

    async def _receive(self, accept: Accept) -> None:
        if self._mode == "polling":
            await self._insist("deleteWebhook", self._bot.delete_webhook)  # or getUpdates is refused
            await self._poll(accept)
        await self._insist(
            "setWebhook",
            partial(
                self._bot.set_webhook,
                self._webhook_url,
                secret_token=self._webhook_secret,
                allowed_updates=ALLOWED_UPDATES,
            ),
        )

    async def _poll(self, accept: Accept) -> None:
        offset = 0
        while True:
            for update_id, payload in await self._insist("getUpdates", partial(self._fetch, offset)):
                await self._take(update_id, payload, accept)
                offset = update_id + 1

    async def _fetch(self, offset: int) -> list[tuple[int, Any]]:
        """Asking for an offset confirms all before it.

        Raw, because Bot.get_updates fails on a whole batch for one update that it cannot read, and logs what was
        written. The method is in lower case, which Telegram takes too, because Bot warns of the name it knows.
        """
        payloads = await self._bot.do_api_request(
            "getupdates",
            {"offset": offset, "timeout": LONG_POLL, "allowed_updates": ALLOWED_UPDATES},
            read_timeout=LONG_POLL + READ_TIMEOUT,
        )
        return [(payload["update_id"], payload) for payload in payloads]

    async def _take(self, update_id: int, payload: Any, accept: Accept) -> None:
        """To its committed turn, or to the log: one bad update must not hold back everybody's."""
        try:
            updates = inbound.read(payload, self._username)
        except InvalidUpdate as error:
            log.warning("telegram: update %d dropped: %s", update_id, error)
            return
        self._show_attention(payload, updates)
        for update in updates:
            await accept_update(update, accept)

    def _show_attention(self, payload: Any, updates: list[Update]) -> None:
        """The tapped button stops spinning, the one who wrote sees "typing…". Nothing depends on either."""
        if query_id := inbound.tap_id(payload):
            self._spawn(_quietly(self._bot.answer_callback_query(query_id)))
        for update in updates:
            if update.kind is UpdateKind.TEXT and not self._is_rush():
                chat = update.address.user_id
                self._typing[chat] = self._spawn(self._type(chat))

    def _is_rush(self) -> bool:
        """Then the answers need the machine, and "typing…" is left out."""
        return len(self._tasks) >= COURTESIES or self._pace.is_overdrawn(self._clock())

    async def _type(self, chat: str) -> None:
        await _quietly(self._bot.send_chat_action(chat, "typing"))
        self._typing.pop(chat, None)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self._tasks.discard)
        return task

    async def _insist(self, what: str, attempt: Callable[[], Awaitable[T]]) -> T:
        """Until it works, and say why it does not."""
        result = await insist(f"telegram: {what}", attempt, self._explain, _wait)
        self._trouble = ""
        return result

    def _explain(self, error: Exception) -> str:
        self._trouble = _trouble(error)
        return _explain(error)

    # Sending

    async def send(self, delivery: Delivery) -> None:
        if typing := self._typing.get(delivery.address.user_id):
            await asyncio.wait({typing}, timeout=TYPING_WAIT)  # coming after the reply it would stay for 5 s
        await self._sends.send(delivery, render(self._without_lost_picture(delivery)), self._make)
        if secret := delivery.reply.takes_away:
            await _quietly(self._bot.delete_message(delivery.address.user_id, int(secret)))

    async def fetch(self, picture: str) -> bytes:
        try:
            file = await self._bot.get_file(picture)
            if (file.file_size or 0) > PICTURE_LIMIT:
                raise Rejected("picture too large")
            return bytes(await file.download_as_bytearray())
        except TelegramError as error:
            raise _translate(error) from None  # the cause would name the address, which holds the token

    async def _make(self, call: Call) -> None:
        try:
            await self._request(call)
        except BadRequest as error:
            refusal = str(error).lower()
            if "message is not modified" in refusal:  # a double tap
                return
            mended = self._mend(call, refusal)
            if mended is None:
                raise _translate(error) from error
            await self._make(mended)
        except TelegramError as error:
            self._trouble = _trouble(error) or self._trouble
            raise _translate(error) from error

    def _mend(self, call: Call, refusal: str) -> Call | None:
        """What to try instead; each is tried at most once."""
        if call.method == "editMessageText" and any(sign in refusal for sign in _EDIT_IMPOSSIBLE):
            return as_new(call)
        if "can't parse entities" in refusal and "parse_mode" in call.params:
            log.error("telegram: our HTML was refused, sent without styles")
            return as_plain(call)
        if "file identifier" in refusal and self._file_ids.pop(self._picture_key(call), ""):
            return call
        return None

    async def _request(self, call: Call) -> None:
        await self._keep_pace()
        if "photo" not in call.params:
            await getattr(self._bot, call.method)(**call.params)
            return
        key = self._picture_key(call)
        photo = self._file_ids.get(key) or self._pictures / call.params["photo"]
        message = await self._bot.send_photo(**{**call.params, "photo": photo})
        self._file_ids[key] = message.photo[-1].file_id

    async def _keep_pace(self) -> None:
        if wait := self._pace.wait(self._clock()):
            await asyncio.sleep(wait)

    def _picture_key(self, call: Call) -> tuple[str, int]:
        name = call.params.get("photo", "")
        return name, (self._pictures / name).stat().st_mtime_ns

    def _without_lost_picture(self, delivery: Delivery) -> Delivery:
        picture = delivery.reply.picture
        if not picture or (self._pictures / picture).is_file():
            return delivery
        log.error("telegram: picture %s is not there, sent without it", picture)
        return replace(delivery, reply=replace(delivery.reply, picture=""))


async def ask_username(token: str, api_base: str) -> str:
    """What t.me calls the bot. Raises ConnectionFailed when Telegram does not say so within ASK_LIMIT."""
    _hush(token)
    http = HTTPXRequest()
    bot = Bot(token, base_url=_base(api_base), request=http)
    try:
        async with asyncio.timeout(ASK_LIMIT):
            return str((await bot.get_me()).username)
    except (TelegramError, TimeoutError) as error:
        raise ConnectionFailed(_explain(error)) from error
    finally:
        await http.shutdown()


def _base(api_base: str) -> str:
    return api_base.rstrip("/") + "/bot"


def _file_base(api_base: str) -> str:
    return api_base.rstrip("/") + "/file/bot"


def _hush(*secrets: str) -> None:
    """The libraries below would log addresses, which hold the token, and what people write."""
    hide_in_logs(*secrets)
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.WARNING)
    os.environ.setdefault("PTB_TIMEDELTA", "true")  # or every RetryAfter warns of its coming type


async def _quietly(request: Awaitable[object]) -> None:
    try:
        await request
    except Exception as error:
        log.debug("telegram: left unsaid: %s", _code(error))


def _wait(error: Exception) -> float:
    return _seconds(error) if isinstance(error, RetryAfter) else 0.0


def _trouble(error: Exception) -> str:
    """What only a person can mend."""
    match error:
        case InvalidToken() | EndPointNotFound():
            return say("alerts", "telegram_token")
        case Conflict():
            return say("alerts", "telegram_conflict")
        case _:
            return ""


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def _translate(error: TelegramError) -> SendError:
    """Sorted by what delivery does next. BadRequest is a NetworkError to the library, so it comes first."""
    code = _code(error)
    match error:
        case RetryAfter():
            return RateLimited("too many requests", _seconds(error))
        case Forbidden() | ChatMigrated():
            return RecipientGone(code)
        case BadRequest():
            return RecipientGone(code) if any(sign in str(error).lower() for sign in _GONE) else Rejected(code)
        case InvalidToken() | EndPointNotFound():
            log.error("telegram: %s", _explain(error))
            return ConnectionFailed(code)  # replies wait until the token is mended
        case _:
            return ConnectionFailed(code)


def _code(error: Exception) -> str:
    """What the platform said, up to where it may begin to quote us: `can't parse entities: …`."""
    text = str(error).removeprefix("Forbidden: ")
    return re.split(r"[:\"]|\. ", text)[0][:60] if isinstance(error, TelegramError) else where(error)


def _explain(error: Exception) -> str:
    match error:
        case InvalidToken() | EndPointNotFound():
            return "the token is refused (401); put the one from @BotFather into channels.telegram.token"
        case Conflict():
            return "another program receives this bot's updates (409); stop it, or give one of the two its own bot"
        case _:
            return _code(error)
