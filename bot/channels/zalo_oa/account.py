"""`hocvuso zalo`: an administrator's consent to the first pair of tokens, and how the account stands.

No line told holds a secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from bot.channels.zalo_oa.api import ApiError, Refused, ZaloApi
from bot.channels.zalo_oa.tokens import Pair, Vault, pair_from
from bot.errors import ConnectionFailed
from bot.stores.base import Store
from bot.words import say

HOUR, DAY = 3600, 86400  # seconds


class Login:
    """One consent. The console keeps one challenge, so the verifier is the same every time, made from the secret."""

    def __init__(self, app_id: str, app_secret: str, oauth_base: str, redirect: str) -> None:
        self._app_id = app_id
        self._oauth_base = oauth_base
        self._redirect = redirect
        digest = hmac.digest(app_secret.encode(), b"hocvuso zalo login", "sha256")
        self.verifier = _base64url(digest)
        self.challenge = _base64url(hashlib.sha256(self.verifier.encode()).digest())

    @property
    def link(self) -> str:
        asked = {"app_id": self._app_id, "redirect_uri": self._redirect, "code_challenge": self.challenge}
        return f"{self._oauth_base}/v4/oa/permission?{urlencode(asked)}"

    def instructions(self) -> Iterator[str]:
        yield say("zalo", "login_console", redirect=self._redirect, challenge=self.challenge)
        yield say("zalo", "login_open", link=self.link)
        yield say("zalo", "login_paste")

    async def finish(self, pasted: str, oa_id: str, api: ZaloApi, vault: Vault, now: datetime) -> tuple[bool, str]:
        """Whether the pair is stored, and what to say. `pasted`: the address the browser was sent to, or its code."""
        code, given = _code_in(pasted)
        if not code:
            return False, say("zalo", "login_no_code")
        if oa_id and given and oa_id != given:
            return False, say("zalo", "login_other_oa", given=given, wanted=oa_id)
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": self.verifier}
        try:
            answer = await api.grant(form)
        except Refused as error:
            return False, say("zalo", "login_refused", code=error.code)
        except ConnectionFailed as error:
            return False, say("zalo", "login_unreached", code=error.code)
        vault.replace(pair_from(answer, now.timestamp(), vault.seed))
        return True, say("zalo", "login_done")


def connect(block: Any, store: Store) -> tuple[ZaloApi, Vault]:
    """The API and the tokens of a block of config.yaml."""
    api = ZaloApi(block.api_base, block.oauth_base, block.app_id, block.app_secret.get_secret_value())
    return api, Vault(store, block.refresh_token.get_secret_value())


async def login(
    block: Any, redirect: str, store: Store, ask: Callable[[], str], tell: Callable[[str], object], now: datetime
) -> bool:
    """Lead an administrator to the first pair; whether it is stored. `ask` waits for what they paste."""
    if missing := [key for key in ("app_id", "app_secret") if key in block.missing]:
        tell(say("zalo", "login_off", keys=", ".join(missing)))
        return False
    api, vault = connect(block, store)
    attempt = Login(block.app_id, block.app_secret.get_secret_value(), block.oauth_base, redirect)
    for line in attempt.instructions():
        tell(line)
    try:
        is_stored, outcome = await attempt.finish(ask(), block.oa_id, api, vault, now)
    finally:
        await api.close()
    tell(outcome)
    return is_stored


async def status(block: Any, store: Store, tell: Callable[[str], object], now: datetime, user_id: str = "") -> None:
    """How long the tokens last, and what Zalo says of the account, and of one person if asked."""
    api, vault = connect(block, store)
    pair, _ = vault.load()
    for line in _ages(pair, now.timestamp()):
        tell(line)
    try:
        if pair.is_usable(now.timestamp()):
            async for line in _told_by_zalo(api, pair.access, user_id):
                tell(line)
    except (ApiError, ConnectionFailed) as error:
        tell(say("zalo", "status_unreached", code=error.code))
    finally:
        await api.close()
    tell(say("zalo", "status_windows"))


def _ages(pair: Pair, now: float) -> Iterator[str]:
    if pair.lost:
        yield say("zalo", f"lost_{pair.lost}")
    elif not pair.refresh:
        yield say("zalo", "status_none")
        return
    left = pair.expires_at - now
    yield say("zalo", "status_access", hours=int(left / HOUR)) if left > 0 else say("zalo", "status_access_over")
    if pair.renewable_until:
        yield say("zalo", "status_refresh", days=max(0, int((pair.renewable_until - now) / DAY)))
    else:
        yield say("zalo", "status_refresh_unknown")
    if pair.refreshing_since and not pair.lost:
        yield say("zalo", "status_interrupted", since=_shown(pair.refreshing_since))


async def _told_by_zalo(api: ZaloApi, access: str, user_id: str) -> AsyncIterator[str]:
    account = await api.get("/v2.0/oa/getoa", access)
    name, oa_id, package, until = _fields(account, "name", "oaid", "package_name", "package_valid_through_date")
    yield say("zalo", "status_oa", name=name, oa_id=oa_id, package=package, until=until)
    asked = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
    assets = await api.post("/v3.0/oa/quota/message", access, asked)
    for asset in assets if isinstance(assets, list) else []:
        kind, remain, total = _fields(asset, "quota_type", "remain", "total")
        yield say("zalo", "status_quota", kind=kind, remain=remain, total=total)
    if user_id:
        person = await api.post("/v3.0/oa/quota/message", access, {"user_id": user_id})
        last = _fields(person, "last_interaction")[0]
        yield say("zalo", "status_person", user=user_id, last=_shown(int(last) / 1000) if last.isdecimal() else last)


def _fields(data: Any, *names: str) -> list[str]:
    """As Zalo tells them; a dash for what it does not."""
    return [str(data.get(name) or "-") if isinstance(data, dict) else "-" for name in names]


def _shown(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%H:%M %d/%m/%Y}"


def _code_in(pasted: str) -> tuple[str, str]:
    """The code, and the OA that gave it when the whole address was pasted."""
    pasted = pasted.strip()
    query = parse_qs(urlsplit(pasted).query)
    if "code" in query:
        return query["code"][0], query.get("oa_id", [""])[0]
    return (pasted, "") if re.fullmatch(r"[\w.~-]{8,}", pasted, re.ASCII) else ("", "")


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
