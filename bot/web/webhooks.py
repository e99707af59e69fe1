"""Deliveries of the platforms: verify, parse, commit, and only then 200."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from aiohttp import web

from bot.channels.base import Accept, WebhookChannel
from bot.errors import BadSignature, InvalidUpdate
from bot.web.guards import read_body

BODY_LIMIT = 1024 * 1024  # bytes

log = logging.getLogger(__name__)


class Webhooks:
    """`channels` are by their name in the path: telegram, zalo-oa, zalo-bot."""

    def __init__(self, channels: Mapping[str, WebhookChannel], accept: Accept) -> None:
        self._channels = channels
        self._accept = accept

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/webhook/{channel}", self._receive)]

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        channel = self._channels.get(request.match_info["channel"])
        if channel is None:
            return web.Response(status=404)
        body = await read_body(request, BODY_LIMIT)
        try:
            updates = channel.parse(request.headers, body)
        except BadSignature:
            log.warning("%s: a delivery without a good signature", channel.name)
            return web.Response(status=403)
        except InvalidUpdate:
            return web.Response()  # sent again it would be no better
        except Exception as error:
            # A fault of ours, but the platform would send this one for hours and hold back everybody else's.
            log.error("%s: a delivery could not be parsed: %s", channel.name, type(error).__name__)
            return web.Response()
        for update in updates:
            try:
                await self._accept(update)
            except Exception as error:
                log.error("%s: a turn was not committed: %s", channel.name, type(error).__name__)
                return web.Response(status=503)  # all are sent again; those committed do nothing then
        return web.Response()
