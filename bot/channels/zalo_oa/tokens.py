"""The pair of OAuth tokens, and how it lives for years. Read `_refresh_once` first.

A refresh token works once: the answer carries its successor, and the old one dies at once. So
- one refresher at a time, whichever process it is in: who wants to refresh first takes a lease in the store;
- the new pair is in the store before anybody uses it, and a store that is full for a while is asked until it takes it;
- before Zalo is asked, the store is told ("refreshing since"). A mark that is still there when the lease has ended
  means that a refresher died on the way. The token is then shown once more: if Zalo never saw it, all is well; if it
  is spent, nobody has its successor, and only an administrator of the OA can mend that. That is said, with the cure.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from bot.channels.secrecy import hide_in_logs
from bot.channels.zalo_oa.api import Refused
from bot.errors import ConnectionFailed, SendError
from bot.stores.base import Store
from bot.words import say

NAME = "zalo_oa:tokens"  # in the store
EARLY = 5 * 3600  # seconds before its end that an access token is replaced: of 25 hours, 20 are used
ACCESS_LIFE = 25 * 3600  # seconds, when Zalo does not say
REFRESH_LIFE = 90 * 86400  # seconds; "3 months"
LEASE = 30.0  # seconds one refresher has; longer than a grant takes to time out
PATIENCE = 40.0  # seconds to wait for somebody else's refresh
POLL = 0.2  # seconds between looks at somebody else's refresh
WATCH = 60.0  # seconds between looks at the pair's age, and for a pair that `hocvuso zalo login` brought
YOUNG = 60.0  # seconds: a token refused sooner after its birth is refused for another reason than its age
COMMIT_AGAIN = 1.0  # seconds until a store that failed is asked again

Grant = Callable[[Mapping[str, str]], Awaitable[dict[str, Any]]]
Loss = Literal["", "interrupted", "refused"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pair:
    """What the store keeps. Times are seconds since 1970."""

    access: str = ""
    refresh: str = ""
    expires_at: float = 0.0  # of the access token
    renewed_at: float = 0.0
    seed: str = ""  # digest of the config's refresh_token: another one there means a new beginning
    refreshing_since: float = 0.0  # shown to Zalo since then, and no answer committed
    leased_until: float = 0.0  # a refresher is at work
    lost: Loss = ""  # the refresh token is of no more use

    def __repr__(self) -> str:
        return f"Pair(expires_at={self.expires_at:.0f}, lost={self.lost!r})"

    @property
    def renewable_until(self) -> float:
        return self.renewed_at + REFRESH_LIFE if self.renewed_at else 0.0

    def is_usable(self, now: float) -> bool:
        return bool(self.access) and now < self.expires_at


class TokensMissing(ConnectionFailed):
    """No token to send with until a person acts: what waits goes on waiting."""


def pair_from(answer: Mapping[str, Any], now: float, seed: str) -> Pair:
    """Of the OAuth server's answer, where numbers are text."""
    try:
        life = float(answer.get("expires_in", ACCESS_LIFE))
    except (TypeError, ValueError):
        life = ACCESS_LIFE
    return Pair(answer["access_token"], answer["refresh_token"], now + life, now, seed)


def digest(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()[:16] if refresh_token else ""


class Vault:
    """The pair in the store, shared with other processes. What guards it there is the mode of its file, 0600."""

    def __init__(self, store: Store, seed_token: str) -> None:
        """`seed_token`: the config's refresh_token, with which a store without a pair begins."""
        hide_in_logs(seed_token)
        self._store = store
        self._seed_token = seed_token
        self.seed = digest(seed_token)

    def load(self) -> tuple[Pair, int]:
        """The pair and its version."""
        kept = self._store.recall(NAME)
        pair = Pair(**json.loads(kept.value)) if kept.value else Pair()
        hide_in_logs(pair.access, pair.refresh)
        if self.seed and self.seed != pair.seed:
            pair = Pair(refresh=self._seed_token, seed=self.seed)
        return pair, kept.version

    def swap(self, pair: Pair, version: int) -> bool:
        return self._store.keep(NAME, json.dumps(asdict(pair)), version)

    def replace(self, pair: Pair) -> None:
        """A pair that a person has just obtained wins over whatever is there."""
        while not self.swap(pair, self.load()[1]):
            pass


class Tokens:
    """Hands out the access token, and replaces it early."""

    def __init__(self, vault: Vault, grant: Grant, now: Callable[[], datetime]) -> None:
        self._vault = vault
        self._grant = grant
        self._clock = now
        self._pair = Pair()  # as last seen in the store
        self._told = ""  # which trouble, in bot/words/zalo.yaml
        self._refused = ""  # the refresh token that is not shown again before the next start
        self._replacing: asyncio.Task[Pair] | None = None
        self._refreshing: asyncio.Task[Pair | None] | None = None

    async def access(self) -> str:
        """A token to send with. Raises a SendError."""
        if not self._pair.is_usable(self._now()):
            await self._load()
        if not self._pair.is_usable(self._now()):
            return await self.renew(self._pair.access)
        return self._pair.access

    async def renew(self, spent: str) -> str:
        """Another token than this one, which Zalo refuses or which is old. Raises a SendError."""
        if self._replacing is None or self._replacing.done():  # all who ask meanwhile share the outcome
            self._replacing = asyncio.create_task(self._replace(spent), name="zalo-replace")
        return (await asyncio.shield(self._replacing)).access

    async def watch(self) -> None:
        """Refresh early, for as long as the program runs."""
        while True:
            try:
                pair, _ = await self._load()
                if pair.refresh != self._refused and pair.expires_at - self._now() < EARLY:
                    await self.renew(pair.access)
                    log.info("zalo_oa: tokens renewed")
            except SendError as error:
                log.warning("zalo_oa: tokens not renewed, again in %.0f s: %s", WATCH, error.code)
            except Exception as error:
                log.error("zalo_oa: tokens cannot be read: %s", type(error).__name__)
            await asyncio.sleep(WATCH)

    async def stop(self) -> None:
        """Give up waiting for others, but not the refresh under way: its answer must reach the store."""
        if self._replacing and not self._replacing.done():
            self._replacing.cancel()
        if ending := {task for task in (self._replacing, self._refreshing) if task}:
            await asyncio.wait(ending)
            for task in ending:
                _ = task.cancelled() or task.exception()  # or asyncio logs that nobody asked for it

    def trouble(self) -> str:
        """What an operator must mend, and how; empty when all is well."""
        return say("zalo", f"lost_{self._told}") if self._told else ""

    async def _replace(self, spent: str) -> Pair:
        waited = 0.0
        while waited <= PATIENCE:
            pair, version = await self._load()
            if pair.access != spent and pair.is_usable(self._now()):
                return pair
            if pair.refresh in ("", self._refused):
                raise TokensMissing(pair.lost or "no refresh token")
            if self._now() - pair.renewed_at < YOUNG:
                raise ConnectionFailed("a fresh access token is refused")
            if pair.leased_until <= self._now():
                self._refreshing = asyncio.create_task(self._refresh_once(pair, version), name="zalo-refresh")
                if renewed := await asyncio.shield(self._refreshing):
                    return renewed
                continue  # refused, or somebody else was faster
            await asyncio.sleep(POLL)
            waited += POLL
        raise ConnectionFailed("refresh under way elsewhere")

    async def _refresh_once(self, pair: Pair, version: int) -> Pair | None:
        """None when there is no new pair, or somebody else has changed it meanwhile."""
        now = self._now()
        marked = replace(pair, refreshing_since=pair.refreshing_since or now, leased_until=now + LEASE)
        if not await asyncio.to_thread(self._vault.swap, marked, version):
            return None
        try:
            answer = await self._grant({"grant_type": "refresh_token", "refresh_token": pair.refresh})
        except Refused as refusal:
            log.error("zalo_oa: the refresh token was refused: %s", refusal.code)
            self._refused = pair.refresh
            lost: Loss = pair.lost or ("interrupted" if pair.refreshing_since else "refused")
            await self._commit(replace(marked, leased_until=0.0, lost=lost), pair.refresh)
            return None
        except ConnectionFailed:
            # Zalo may have seen the token or not: the mark stays.
            await self._commit(replace(marked, leased_until=0.0), pair.refresh)
            raise
        return await self._commit(pair_from(answer, self._now(), pair.seed), pair.refresh)

    async def _commit(self, pair: Pair, shown: str) -> Pair | None:
        """Into the store, unless the pair there no longer has the token that was shown: then a newer one came."""
        while True:
            try:
                current, version = await asyncio.to_thread(self._vault.load)
                if current.refresh != shown:
                    return None
                if await asyncio.to_thread(self._vault.swap, pair, version):
                    self._see(pair)
                    return pair
            except Exception as error:  # nobody else has the successor: it must not be dropped for a full disk
                log.error("zalo_oa: tokens not committed, again in %.0f s: %s", COMMIT_AGAIN, type(error).__name__)
                await asyncio.sleep(COMMIT_AGAIN)

    async def _load(self) -> tuple[Pair, int]:
        pair, version = await asyncio.to_thread(self._vault.load)
        self._see(pair)
        return pair, version

    def _see(self, pair: Pair) -> None:
        self._pair = pair
        told = pair.lost or ("" if pair.refresh else "none")
        if told and told != self._told:
            log.error("zalo_oa: %s", say("zalo", f"lost_{told}"))
        self._told = told

    def _now(self) -> float:
        return self._clock().timestamp()
