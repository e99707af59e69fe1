"""The web channel: a socket, or plain requests on networks that block sockets. The page itself is in pages.py.

What the page sends again, the store has seen; what the page acknowledges, the store forgets. So nothing is lost or
said twice, whichever of the two is cut off. Replies are fetched from the store, never pushed by the delivery.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from aiohttp import WSCloseCode, WSMsgType, web

from bot.channels.base import PICTURE_LIMIT, Accept, Capabilities
from bot.engine.model import Address, Update
from bot.errors import InvalidUpdate
from bot.stores.base import Delivery, Store
from bot.web import protocol
from bot.web.guards import read_body, refuse_other_origins

COOKIE = "chat"
COOKIE_AGE = 90 * 24 * 3600  # seconds
BODY_LIMIT = 64 * 1024  # bytes
HEARTBEAT = 25.0  # seconds; below the 60 after which mobile networks and proxies drop a silent connection
LONGEST_WAIT = 25.0  # seconds a long poll may ask for
POLL, SLOWEST_POLL = 2.0, 30.0  # seconds between looks for turns of other processes: the longer quiet, the rarer
LISTENERS = 12  # open sockets and long polls of one person: tabs, and a few that are not known to be dead yet
RATE, BURST = 2.0, 10  # messages a second, and at once

Look = Callable[[Update, bytes], Awaitable[None]]
"""Looks at the picture of an update that was committed."""

log = logging.getLogger(__name__)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")


async def _without_looking(update: Update, content: bytes) -> None: ...


@dataclass(eq=False)
class _Listener:
    """One open socket or long poll, and the last reply it was given."""

    after: int
    give: Callable[[list[Delivery]], Awaitable[None]]


@dataclass(eq=False)
class _Box:
    """Everyone who listens for one person's replies. One reader serves them all, so that a reply which one tab
    acknowledges at once has been given to the others too."""

    listeners: list[_Listener] = field(default_factory=list)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    reader: asyncio.Task[None] | None = None


class _Bucket:
    """How often one sender may speak."""

    def __init__(self) -> None:
        self._due = 0.0

    def take(self) -> float:
        """0 when one more message is fine now, else the seconds until it is."""
        now = time.monotonic()
        early = self._due - BURST / RATE - now
        if early >= 0:
            return early + 1 / RATE
        self._due = max(self._due, now) + 1 / RATE
        return 0


class WebChat:
    """The channel `web`."""

    name = "web"
    capabilities = Capabilities(text_limit=protocol.TEXT_LIMIT, buttons=20, label_limit=64, pictures=True, edits=True)

    def __init__(self, store: Store, public_url: str, look: Look = _without_looking) -> None:
        self._store = store
        self._look = look
        self._public_url = public_url
        self._accept: Accept | None = None
        self._boxes: dict[Address, _Box] = {}
        self._sockets: set[web.WebSocketResponse] = set()
        self._buckets: dict[Address, _Bucket] = {}

    async def start(self, accept: Accept) -> None:
        self._accept = accept

    async def stop(self) -> None:
        """Everyone reconnects, to this process's successor or to another copy."""
        self._accept = None
        for box in list(self._boxes.values()):
            for listener in list(box.listeners):
                await listener.give([])
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def send(self, delivery: Delivery) -> None:
        """Never asked for: a reply of this channel must stay in the outbox until the page acknowledges it."""
        raise NotImplementedError("web replies are fetched, do not claim them")

    def wake(self, address: Address) -> None:
        """Something was committed for this person. Returns at once; any other channel's address is ignored."""
        if box := self._boxes.get(address):
            box.stirred.set()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/chat/socket", self._socket),
            web.get("/chat/replies", self._replies),
            web.post("/chat/send", self._send),
            web.post("/chat/pictures/{id:[0-9a-f-]{36}}", self._picture),
            web.post("/chat/forget", self._forget),
        ]

    def greet(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give the visitor a cookie, or prolong theirs."""
        response.set_cookie(
            COOKIE,
            _token(request) or secrets.token_urlsafe(24),
            max_age=COOKIE_AGE,
            httponly=True,
            samesite="Lax",
            secure=self._public_url.startswith("https://"),
        )

    # Handlers

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        refuse_other_origins(request, self._public_url)
        address = _visitor(request)
        if self._is_crowded(address):
            raise web.HTTPTooManyRequests()
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=BODY_LIMIT, compress=False)
        await socket.prepare(request)

        async def give(deliveries: list[Delivery]) -> None:
            for delivery in deliveries:
                await socket.send_json(protocol.render(delivery))

        listener = _Listener(0, give)
        self._sockets.add(socket)
        try:
            with suppress(ConnectionError):
                await self._converse(socket, address, listener)
        finally:
            self._sockets.discard(socket)
            self._leave(address, listener)
        return socket

    async def _converse(self, socket: web.WebSocketResponse, address: Address, listener: _Listener) -> None:
        bucket = _Bucket()
        async for frame in socket:
            try:
                if frame.type is not WSMsgType.TEXT:
                    raise InvalidUpdate("not text")
                message = protocol.parse(frame.data)
            except InvalidUpdate:
                await socket.send_json({"type": "refused"})
                continue
            if isinstance(message, protocol.Hello):
                listener.after = message.after
                self._join(address, listener)
            elif isinstance(message, protocol.Ack):
                await self._acknowledge(address, message.upto)
            else:
                while wait := bucket.take():  # noqa: ASYNC110 - time alone refills it, nothing will say so
                    await asyncio.sleep(wait)  # not read on, so the flood stays with its sender
                verdict = "taken" if await self._take(address, message) else "failed"
                await socket.send_json({"type": verdict, "id": str(message.id)})

    async def _send(self, request: web.Request) -> web.StreamResponse:
        refuse_other_origins(request, self._public_url)
        address = _visitor(request)
        try:
            message = protocol.parse(await read_body(request, BODY_LIMIT))
        except InvalidUpdate:
            return web.json_response({"type": "refused"}, status=400)
        if isinstance(message, protocol.Ack):
            await self._acknowledge(address, message.upto)
            return web.Response(status=204)
        if isinstance(message, protocol.Hello):
            return web.json_response({"type": "refused"}, status=400)
        if wait := self._bucket(address).take():
            return web.Response(status=429, headers={"Retry-After": str(int(wait) + 1)})
        if not await self._take(address, message):
            return web.json_response({"type": "failed", "id": str(message.id)}, status=503)
        return web.json_response({"type": "taken", "id": str(message.id)})

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        """A picture itself: looked at and forgotten. It may be sent again under its id, like any message."""
        refuse_other_origins(request, self._public_url)
        address = _visitor(request)
        try:
            deed = protocol.File(type="file", id=UUID(request.match_info["id"]))
        except ValueError:
            raise web.HTTPBadRequest() from None
        if wait := self._bucket(address).take():
            return web.Response(status=429, headers={"Retry-After": str(int(wait) + 1)})
        content = await read_body(request, PICTURE_LIMIT)
        if not await self._take(address, deed):
            return web.Response(status=503)
        await self._look(protocol.update(address, deed), content)
        self.wake(address)
        return web.Response(status=204)

    async def _replies(self, request: web.Request) -> web.StreamResponse:
        address = _visitor(request)
        try:
            after = int(request.query.get("after", "0"))
            wait = min(float(request.query.get("wait", "0")), LONGEST_WAIT)
        except ValueError:
            raise web.HTTPBadRequest() from None
        if not 0 <= after < 2**53 or not wait >= 0:
            raise web.HTTPBadRequest()
        deliveries = await asyncio.to_thread(self._store.waiting, address, after)
        if not deliveries and wait and self._accept:
            deliveries = await self._listen(address, after, wait)
        return web.json_response({"replies": [protocol.render(delivery) for delivery in deliveries]})

    async def _listen(self, address: Address, after: int, wait: float) -> list[Delivery]:
        """The next replies, or none when the time is over."""
        if self._is_crowded(address):
            raise web.HTTPTooManyRequests()
        found: asyncio.Future[list[Delivery]] = asyncio.get_running_loop().create_future()

        async def give(deliveries: list[Delivery]) -> None:
            if not found.done():
                found.set_result(deliveries)

        listener = _Listener(after, give)
        self._join(address, listener)
        try:
            async with asyncio.timeout(wait):
                return await found
        except TimeoutError:
            return []
        finally:
            self._leave(address, listener)

    async def _forget(self, request: web.Request) -> web.StreamResponse:
        """The next person at this device starts anew: nothing of this conversation is kept."""
        refuse_other_origins(request, self._public_url)
        await asyncio.to_thread(self._store.erase, _visitor(request))
        response = web.Response(status=204)
        response.del_cookie(COOKIE)
        return response

    # The store's side

    async def _take(self, address: Address, deed: protocol.Deed) -> bool:
        """Whether the turn is committed."""
        if self._accept is None:
            return False
        try:
            await self._accept(protocol.update(address, deed))
        except Exception as error:  # whatever it was, the page must be told to send again
            log.error("web: a turn was not committed: %s", type(error).__name__)
            return False
        self.wake(address)
        return True

    async def _acknowledge(self, address: Address, upto: int) -> None:
        """A lost acknowledgement only means that the replies are kept until the next."""
        try:
            await asyncio.to_thread(self._store.acknowledge, address, upto)
        except Exception as error:
            log.error("web: replies were not acknowledged: %s", type(error).__name__)

    def _bucket(self, address: Address) -> _Bucket:
        if len(self._buckets) > 10_000:
            self._buckets.clear()  # all are forgiven, and memory stays bounded
        return self._buckets.setdefault(address, _Bucket())

    def _is_crowded(self, address: Address) -> bool:
        box = self._boxes.get(address)
        return box is not None and len(box.listeners) >= LISTENERS

    def _join(self, address: Address, listener: _Listener) -> None:
        box = self._boxes.setdefault(address, _Box())
        if listener not in box.listeners:
            box.listeners.append(listener)
        if box.reader is None:
            box.reader = asyncio.create_task(self._read(address, box))
        box.stirred.set()

    def _leave(self, address: Address, listener: _Listener) -> None:
        box = self._boxes.get(address)
        if box is None or listener not in box.listeners:
            return
        box.listeners.remove(listener)
        if not box.listeners:
            del self._boxes[address]
            if box.reader:
                box.reader.cancel()

    async def _read(self, address: Address, box: _Box) -> None:
        """Give new replies to everyone who listens, until nobody does."""
        stirred_at = time.monotonic()
        while True:
            quiet = time.monotonic() - stirred_at
            try:
                async with asyncio.timeout(min(max(POLL, quiet / 10), SLOWEST_POLL)):
                    await box.stirred.wait()
                stirred_at = time.monotonic()
            except TimeoutError:
                pass
            box.stirred.clear()
            try:
                oldest = min(listener.after for listener in box.listeners)
                waiting = await asyncio.to_thread(self._store.waiting, address, oldest)
            except Exception as error:
                log.error("web: replies could not be read: %s", type(error).__name__)
                continue
            for listener in list(box.listeners):
                fresh = [delivery for delivery in waiting if delivery.id > listener.after]
                if fresh:
                    listener.after = fresh[-1].id
                    with suppress(ConnectionError, RuntimeError):  # it went away meanwhile
                        await listener.give(fresh)


def _token(request: web.Request) -> str:
    value = request.cookies.get(COOKIE, "")
    return value if _TOKEN.fullmatch(value) else ""


def _visitor(request: web.Request) -> Address:
    """401 without a cookie: the page must be opened first.

    The address is a hash of the cookie, so that whoever reads the database cannot take over a conversation.
    """
    token = _token(request)
    if not token:
        raise web.HTTPUnauthorized()
    return Address(WebChat.name, sha256(token.encode()).hexdigest()[:32])
