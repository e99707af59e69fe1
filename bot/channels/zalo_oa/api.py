"""Zalo over HTTP: one call, its answer or what went wrong. Knows no token of its own, and retries nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.channels.pictures import download
from bot.channels.secrecy import hide_in_logs
from bot.errors import ConnectionFailed

TIMEOUT = aiohttp.ClientTimeout(total=15.0)  # generous, for a message that timed out may have arrived and is sent again
GRANT_TIMEOUT = aiohttp.ClientTimeout(total=8.0)  # under the time that a stopping program has
RATE_LIMITED = -32
MEDIA_HOSTS = ("zdn.vn", "zadn.vn")  # where Zalo keeps what people send; it asks for no token there

log = logging.getLogger(__name__)


class ApiError(Exception):
    """Zalo answered with this code. Its words stay behind: they may quote us."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code  # a number, and negative


class Refused(Exception):
    """The OAuth server gives no tokens for what it was shown. `code` is for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ZaloApi:
    """`app_secret` goes to the OAuth server alone."""

    def __init__(self, api_base: str, oauth_base: str, app_id: str, app_secret: str) -> None:
        hide_in_logs(app_secret)
        self._api_base = api_base
        self._oauth_base = oauth_base
        self._app_id = app_id
        self._app_secret = app_secret
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._http:
            await self._http.close()

    async def grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        """A new pair of tokens. Raises Refused when there will be none, ConnectionFailed when nobody can tell."""
        answer = await self._request(
            "POST",
            f"{self._oauth_base}/v4/oa/access_token",
            timeout=GRANT_TIMEOUT,
            headers={"secret_key": self._app_secret},
            data={**form, "app_id": self._app_id},
        )
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if isinstance(access, str) and access and isinstance(refresh, str) and refresh:
            hide_in_logs(access, refresh)
            return answer
        code = answer.get("error")
        if code == RATE_LIMITED or not isinstance(code, int):  # the latter was not said by the OAuth server
            raise ConnectionFailed(f"oauth {code if code == RATE_LIMITED else 'answer without error'}")
        raise Refused(str(code))

    async def get(self, path: str, token: str, **data: str) -> Any:
        params = {"data": json.dumps(data)} if data else {}
        return await self._call("GET", path, token, params=params)

    async def post(self, path: str, token: str, body: Mapping[str, Any]) -> Any:
        return await self._call("POST", path, token, json=body)

    async def upload(self, path: str, token: str, name: str, content: bytes) -> Any:
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name)
        return await self._call("POST", path, token, data=form)

    async def download(self, url: str) -> bytes:
        """A picture that somebody sent. Raises Rejected or ConnectionFailed."""
        return await download(self._session(), url, MEDIA_HOSTS, self._api_base)

    async def _call(self, method: str, path: str, token: str, **more: Any) -> Any:
        """`data` of the answer. Raises ApiError, or ConnectionFailed."""
        answer = await self._request(method, self._api_base + path, headers={"access_token": token}, **more)
        code = answer.get("error")
        if not isinstance(code, int):
            raise ConnectionFailed("answer without error")
        if code:
            raise ApiError(code)
        return answer.get("data")

    async def _request(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """Errors come with status 200 and a JSON object; anything else was not said by Zalo itself."""
        try:
            async with self._session().request(method, url, allow_redirects=False, **more) as response:
                status, content = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ConnectionFailed(type(error).__name__) from None  # the cause would name addresses
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if status >= 500 or not isinstance(answer, dict):
            raise ConnectionFailed(f"HTTP {status}")
        return answer

    def _session(self) -> aiohttp.ClientSession:
        self._http = self._http or aiohttp.ClientSession(timeout=TIMEOUT)
        return self._http
