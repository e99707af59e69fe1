"""Everything that listens on HTTP, as one aiohttp application."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.channels.base import Accept, WebhookChannel
from bot.content.model import Content
from bot.errors import where
from bot.stores.base import Store
from bot.web.chat import WebChat
from bot.web.pages import Pages
from bot.web.webhooks import Webhooks

Ready = Callable[[], Awaitable[Mapping[str, Any]]]
"""{"ready": bool, …}: whether people can be answered now, and why not."""

log = logging.getLogger(__name__)
access = logging.getLogger("bot.web.access")
_FOR_MACHINES = ("/webhook/", "/chat/", "/healthz", "/readyz", "/metrics")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")


def build_app(
    *,
    store: Store,
    content: Callable[[], Content],
    chat: WebChat,
    accept: Accept,
    ready: Ready,
    public_url: str,
    webhooks: Mapping[str, WebhookChannel] | None = None,
    telegram_username: Callable[[], str | None] = lambda: None,
    pictures: Path | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    zalo_verifier: str = "",
) -> web.Application:
    """Run it with `AppRunner(app, access_log=None)`: aiohttp's own access log would hold query strings.

    `telegram_username` is asked at every page: it is known only once Telegram was reached.
    """
    pages = Pages(content, store, chat, public_url, telegram_username, pictures, now, zalo_verifier)
    app = web.Application(middlewares=[_log_access, _errors_told(pages)])
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(lambda _: chat.stop())
    app.add_routes([*pages.routes(), *chat.routes(), *Webhooks(webhooks or {}, accept).routes()])
    app.add_routes([web.get("/healthz", _healthz), web.get("/readyz", _readyz(ready))])
    return app


async def _healthz(_: web.Request) -> web.StreamResponse:
    return web.Response(text="ok")


def _readyz(ready: Ready) -> Handler:
    async def readyz(_: web.Request) -> web.StreamResponse:
        try:
            state = dict(await ready())
        except Exception as error:
            state = {"ready": False, "error": type(error).__name__}
        return web.json_response(state, status=200 if state.get("ready") else 503)

    return readyz


@web.middleware
async def _log_access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The route's pattern, not the path that was asked for: that may hold a person's id or a secret."""
    began = time.monotonic()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        resource = request.match_info.route.resource
        milliseconds = (time.monotonic() - began) * 1000
        access.info("%s %s %d %.0fms", request.method, resource.canonical if resource else "-", status, milliseconds)


def _errors_told(pages: Pages) -> Middleware:
    """People get a page in Vietnamese, programs a bare status; nobody gets a traceback."""

    @web.middleware
    async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400 or request.path.startswith(_FOR_MACHINES):
                raise
            if error.status == 404:
                return pages.not_found(request.path.rpartition("/")[2])
            return pages.templates.page("error.html", status=error.status)
        except Exception as error:
            # Not log.exception: the message of an error may hold what a person wrote.
            log.error("%s failed: %s", request.match_info.handler, where(error))
            if request.path.startswith(_FOR_MACHINES):
                return web.Response(status=500)
            return pages.templates.page("error.html", status=500)

    return tell


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A handler's own headers win, for pages that need more."""
    # Safari before 15.4 does not take 'self' for sockets.
    sockets = f" ws://{request.host} wss://{request.host}" if _HOST.fullmatch(request.host) else ""
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            f"connect-src 'self'{sockets}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    }
    if request.path.startswith("/static/") and "v" in request.query and response.status == 200:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"  # asset() versions the address
    elif request.path.startswith("/chat/"):
        headers["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response.headers.setdefault(name, value)
