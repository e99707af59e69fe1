"""A Zalo Official Account as a channel. Zalo's error codes are translated here and go no further."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.channels.base import Accept
from bot.channels.pace import Pace
from bot.channels.retrying import PartialSends
from bot.channels.secrecy import hide_in_logs
from bot.channels.zalo_oa import inbound
from bot.channels.zalo_oa.api import RATE_LIMITED, ApiError, ZaloApi
from bot.channels.zalo_oa.outbound import CAPABILITIES, Message, render
from bot.channels.zalo_oa.tokens import Tokens, Vault
from bot.engine.model import Address, Update
from bot.errors import ConnectionFailed, InvalidUpdate, RateLimited, RecipientGone, Rejected, SendError
from bot.stores.base import Delivery, Store

CALLS_A_MINUTE = 4000  # of an app
BURST = 100  # calls that may be made at once
FREE_WINDOW = timedelta(hours=48)  # since a person's last update; later messages may be billed
SEND_WINDOW = timedelta(days=7)  # later ones are refused
PICTURE_LIMIT = 1024 * 1024  # bytes
PICTURE_TYPES = (".jpg", ".jpeg", ".png")
PICTURE_LIFE = timedelta(days=6)  # Zalo forgets an upload after seven

# Error codes, by what is done next. All others: this message is given up.
_PICTURE_EXPIRED = -100
_SEND_FAILED = -200
_BAD_TOKEN = {-216, -220}
_GONE = {-227, -230, -232}  # banned or long away, window closed: nothing that waits would be taken either
_ALARM = {-204, -205, -209, -212, -219, -221, -223, -224, -242, -320, -321}  # the OA, app or account: a person must act

log = logging.getLogger(__name__)


class ZaloOaChannel:
    """One Official Account. Zalo calls it; it calls Zalo to answer."""

    name = inbound.CHANNEL
    capabilities = CAPABILITIES

    def __init__(
        self,
        api: ZaloApi,
        vault: Vault,
        store: Store,
        app_id: str,
        oa_secret: str,
        pictures: Path,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`pictures`: the folder of Reply.picture. `clock` paces the calls."""
        hide_in_logs(oa_secret)
        self._api = api
        self._store = store
        self._app_id = app_id
        self._oa_secret = oa_secret
        self._pictures = pictures
        self._now = now
        self._clock = clock
        self._tokens = Tokens(vault, api.grant, now)
        self._pace = Pace(CALLS_A_MINUTE, 60, BURST)
        self._watch: asyncio.Task[None] | None = None
        self._sends = PartialSends()

    async def start(self, accept: Accept) -> None:
        self._watch = asyncio.create_task(self._tokens.watch(), name="zalo-tokens")

    async def stop(self) -> None:
        if self._watch:
            self._watch.cancel()
        await self._tokens.stop()
        await self._api.close()

    def trouble(self) -> str:
        return self._tokens.trouble()

    def parse(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        try:
            return inbound.parse(headers, body, self._now(), self._app_id, self._oa_secret)
        except InvalidUpdate as error:
            log.warning("zalo_oa: a delivery dropped: %s", error)
            raise

    # Sending

    async def send(self, delivery: Delivery) -> None:
        await self._refuse_outside_window(delivery)
        messages = render(self._without_bad_picture(delivery))
        await self._sends.send(delivery, messages, lambda message: self._deliver(message, delivery.attempts))

    async def fetch(self, picture: str) -> bytes:
        return await self._api.download(picture)

    async def _deliver(self, message: Message, attempts: int) -> None:
        try:
            await self._post(message)
        except ApiError as error:
            raise self._translate(error.code, attempts) from None

    async def _refuse_outside_window(self, delivery: Delivery) -> None:
        """Known only from what people sent us; of whom nothing is known, Zalo decides."""
        last = await asyncio.to_thread(_last_seen, self._store, delivery.address)
        silence = self._now() - last if last else timedelta()
        if silence > SEND_WINDOW:
            raise RecipientGone("no interaction for 7 days")
        if silence > FREE_WINDOW:
            log.warning("zalo_oa: reply %d may be billed: no interaction for 48 hours", delivery.id)

    async def _post(self, message: Message) -> None:
        if not message.picture:
            await self._call(lambda token: self._api.post("/v3.0/oa/message/cs", token, message.body))
            return
        try:
            await self._post_picture(message)
        except ApiError as error:
            if error.code != _PICTURE_EXPIRED:
                raise
            await self._post_picture(message, afresh=True)

    async def _post_picture(self, message: Message, afresh: bool = False) -> None:
        body = message.with_picture(await self._attachment(self._pictures / message.picture, afresh))
        await self._call(lambda token: self._api.post("/v3.0/oa/message/cs", token, body))

    async def _attachment(self, path: Path, afresh: bool) -> str:
        """Its id at Zalo: uploaded once in six days, whatever it is called and whoever sends it."""
        content = await asyncio.to_thread(path.read_bytes)
        name = f"zalo_oa:picture:{hashlib.sha256(content).hexdigest()}"
        kept = await asyncio.to_thread(self._store.recall, name)
        known = json.loads(kept.value) if kept.value else {"at": 0.0}
        if not afresh and self._now().timestamp() - known["at"] < PICTURE_LIFE.total_seconds():
            return str(known["id"])
        data = await self._call(lambda token: self._api.upload("/v2.0/oa/upload/image", token, path.name, content))
        if not isinstance(data, dict) or not data.get("attachment_id"):
            raise ConnectionFailed("upload without attachment_id")
        value = json.dumps({"id": data["attachment_id"], "at": self._now().timestamp()})
        await asyncio.to_thread(self._store.keep, name, value, kept.version)  # somebody else's upload is as good
        return str(data["attachment_id"])

    async def _call(self, call: Callable[[str], Any]) -> Any:
        """Within the pace; with a fresh token when Zalo refuses the one we have, once."""
        await self._keep_pace()
        token = await self._tokens.access()
        try:
            return await call(token)
        except ApiError as error:
            if error.code not in _BAD_TOKEN:
                raise
            log.info("zalo_oa: access token refused: %d", error.code)
        token = await self._tokens.renew(token)
        await self._keep_pace()
        return await call(token)

    async def _keep_pace(self) -> None:
        if wait := self._pace.wait(self._clock()):
            await asyncio.sleep(wait)

    def _translate(self, code: int, attempts: int) -> SendError:
        """Sorted by what delivery does next."""
        if code == RATE_LIMITED:
            now = self._now()
            return RateLimited(str(code), 60 - now.second - now.microsecond / 1_000_000)  # the limit is of a minute
        if code in _GONE:
            return RecipientGone(str(code))
        if code in _ALARM or code in _BAD_TOKEN:
            log.error("zalo_oa: error %d: the account or the app must be mended, replies wait", code)
            return ConnectionFailed(str(code))
        if code == _SEND_FAILED and attempts < 2:
            return ConnectionFailed(str(code))
        return Rejected(str(code))

    def _without_bad_picture(self, delivery: Delivery) -> Delivery:
        """The words matter more than what Zalo would not take."""
        picture = delivery.reply.picture
        path = self._pictures / picture
        if not picture or _is_sendable(path):
            return delivery
        log.error("zalo_oa: picture %s is not there, no jpg or png, or over 1 MB: sent without it", picture)
        return replace(delivery, reply=replace(delivery.reply, picture=""))


def _is_sendable(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_TYPES and path.is_file() and path.stat().st_size <= PICTURE_LIMIT


def _last_seen(store: Store, address: Address) -> datetime | None:
    return store.session(address).seen_at
