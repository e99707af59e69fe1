"""The Zalo Bot Platform as a channel. What goes wrong there is translated here and goes no further."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import aiohttp

from bot.channels.base import Accept
from bot.channels.pictures import download
from bot.channels.retrying import PartialSends, accept_update, insist
from bot.channels.secrecy import hide_in_logs
from bot.channels.zalo_bot import inbound
from bot.channels.zalo_bot.outbound import CAPABILITIES, Call, as_plain, render
from bot.engine.model import Update
from bot.errors import ConnectionFailed, InvalidUpdate, RateLimited, RecipientGone, Rejected, SendError, where
from bot.stores.base import Delivery
from bot.words import say

WEBHOOK_PATH = "/webhook/zalo-bot"
LONG_POLL = 25  # seconds getUpdates is held open
READ_TIMEOUT = 15.0  # seconds; generous, for a reply that timed out may have arrived and is sent again
MEDIA_HOSTS = ("zdn.vn", "zadn.vn")  # where Zalo keeps pictures
POLL_LEAST = 1.0  # seconds from one empty poll to the next, should the platform not hold them open
RATE_WAIT = 30.0  # seconds; a 429 names no time
STOP_LIMIT = 3.0  # seconds

NOTHING_WAITING = "408"
_MEANINGS = {
    401: "the token is refused (401); put the one that Zalo Bot Manager sent into channels.zalo_bot.token",
    429: "too fast, or the plan's messages of this month are spent (429)",
}

log = logging.getLogger(__name__)
T = TypeVar("T")


class ZaloBotChannel:
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
    ) -> None:
        hide_in_logs(token, webhook_secret)
        self._mode = mode
        self._webhook_secret = webhook_secret
        self._webhook_url = public_url.rstrip("/") + WEBHOOK_PATH
        self._pictures_url = public_url.rstrip("/") + "/pictures" if public_url.startswith("https://") else ""
        self._api_base = api_base
        self._base = f"{api_base.rstrip('/')}/bot{token}/"
        self._http: aiohttp.ClientSession | None = None
        self._names: Sequence[str] = ()  # known once Zalo was reached
        self._running: asyncio.Task[None] | None = None
        self._taking: asyncio.Task[None] | None = None
        self._sends = PartialSends()
        self._trouble = ""

    def trouble(self) -> str:
        return self._trouble

    # Receiving

    async def start(self, accept: Accept) -> None:
        self._running = asyncio.create_task(self._run(accept))

    async def stop(self) -> None:
        """An update that was fetched never comes again, so the one in hand is finished first."""
        await _end(self._running)
        if self._taking and not self._taking.done():
            await asyncio.wait({self._taking}, timeout=STOP_LIMIT)
            if not self._taking.done():
                log.error("zalo_bot: an update was fetched and could not be committed before the stop: it is lost")
        await _end(self._taking)
        if self._http:
            await self._http.close()

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        if inbound.is_probe(body):
            return []
        inbound.verify(headers, self._webhook_secret)
        return inbound.parse(body, self._names)

    async def _run(self, accept: Accept) -> None:
        me = await self._insist("getMe", lambda: self._call("getMe"))
        if isinstance(me, dict):
            self._names = [name for key in ("account_name", "display_name") if isinstance(name := me.get(key), str)]
        log.info("zalo_bot: connected, mode %s", self._mode)
        if self._mode == "webhook":
            await self._insist("setWebhook", self._register)
            return
        await self._insist("deleteWebhook", lambda: self._call("deleteWebhook"))  # or getUpdates is refused
        await self._poll(accept)

    async def _register(self) -> None:
        """Zalo calls the address at once to see if it answers, and keeps it even when it does not."""
        result = await self._call("setWebhook", url=self._webhook_url, secret_token=self._webhook_secret)
        match result:
            case {"verification": {"ok": False, **found}}:
                seen = " ".join(str(found[key]) for key in ("outcome", "status_code") if found.get(key))
                raise ConnectionFailed(f"Zalo cannot reach {self._webhook_url}: {seen[:60]}")

    async def _poll(self, accept: Accept) -> None:
        """One update an answer, and nothing confirms it: it is committed before the next is asked for."""
        clock = asyncio.get_running_loop().time
        while True:
            asked = clock()
            payload = await self._insist("getUpdates", self._fetch)
            if payload is None:
                await asyncio.sleep(max(0.0, asked + POLL_LEAST - clock()))
                continue
            self._taking = asyncio.create_task(self._take(payload, accept))
            await asyncio.shield(self._taking)

    async def _fetch(self) -> Any:
        """The next update; None when nobody wrote."""
        try:
            return await self._call("getUpdates", timeout=LONG_POLL)
        except SendError as error:
            if error.code == NOTHING_WAITING:
                return None
            raise

    async def _take(self, payload: Any, accept: Accept) -> None:
        """To its committed turn, or to the log: one bad update must not hold back everybody's."""
        try:
            updates = inbound.read(payload, self._names)
        except InvalidUpdate as error:
            log.warning("zalo_bot: an update dropped: %s", error)
            return
        for update in updates:
            await accept_update(update, accept)

    async def _insist(self, what: str, attempt: Callable[[], Awaitable[T]]) -> T:
        """Until it works, and say why it does not."""
        result = await insist(f"zalo_bot: {what}", attempt, self._explain)
        self._trouble = ""
        return result

    def _explain(self, error: Exception) -> str:
        code = error.code if isinstance(error, SendError) else where(error)
        self._trouble = say("alerts", "zalo_bot_token") if code == _MEANINGS[401] else ""
        return code

    # Sending

    async def send(self, delivery: Delivery) -> None:
        await self._sends.send(delivery, render(delivery, self._pictures_url), self._make)

    async def fetch(self, picture: str) -> bytes:
        return await download(self._session(), picture, MEDIA_HOSTS, self._api_base)

    async def _make(self, call: Call) -> None:
        """Neither styles nor a picture may cost the person the words."""
        try:
            await self._call(call.method, **call.params)
        except Rejected as error:
            if call.method == "sendPhoto":
                log.error("zalo_bot: a picture was refused (%s), sent without it", error.code)
            elif "text_styles" in call.params:
                log.error("zalo_bot: our styles were refused (%s), sent without them", error.code)
                await self._make(as_plain(call))
            else:
                raise

    async def _call(self, method: str, **params: Any) -> Any:
        """Raises a SendError that tells Zalo's number: what Zalo says in words may quote us."""
        limit = aiohttp.ClientTimeout(total=READ_TIMEOUT + params.get("timeout", 0))
        try:
            async with self._session().post(self._base + method, json=params, timeout=limit) as response:
                answer = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ConnectionFailed(type(error).__name__) from None  # its words hold the address, and that the token
        match answer:
            case {"ok": True}:
                return answer.get("result")
            case {"error_code": int(code)}:
                raise _translate(code)
        raise ConnectionFailed("strange answer")

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession()  # not at construction: it wants a running loop
        return self._http


def _translate(number: int) -> SendError:
    """Sorted by what delivery does next: https://docs.zaloplatforms.com/docs/BOT, error codes."""
    code = _MEANINGS.get(number, str(number))
    match number:
        case 404:
            return RecipientGone(code)
        case 429:
            return RateLimited(code, RATE_WAIT)
        case 401 | 403 | 408:  # replies wait until the token is mended; 403 is Zalo's "internal server error"
            return ConnectionFailed(code)
        case _:
            return ConnectionFailed(code) if number >= 500 else Rejected(code)


async def _end(task: asyncio.Task[None] | None) -> None:
    if task:
        task.cancel()
        await asyncio.wait({task}, timeout=STOP_LIMIT)
