"""What every fake platform is: a server on loopback that comes back at the same port, with faults that tests script."""

from __future__ import annotations

from collections import defaultdict

from aiohttp import web


class BadGateway(Exception):
    """An answer from something that stands before the platform."""


class Hangup(Exception):
    """The connection is lost before the answer."""


class Loopback:
    """Subclasses are dataclasses whose `__post_init__` calls this one's."""

    port: int
    base_url: str

    def __post_init__(self) -> None:
        self.port = 0
        self.base_url = ""
        self._runner: web.AppRunner | None = None
        self._errors: dict[str, list[Exception | None]] = defaultdict(list)

    def app(self) -> web.Application:
        raise NotImplementedError

    async def start(self) -> None:
        self._runner = web.AppRunner(self.app(), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    def fail(self, what: str, *errors: Exception | None) -> None:
        """The next calls of this method or path, one for each error; None lets one through."""
        self._errors[what.lower()] += errors

    def raise_scripted(self, what: str) -> None:
        errors = self._errors[what.lower()]
        if errors and (error := errors.pop(0)):
            raise error


def broken(request: web.Request, fault: BadGateway | Hangup) -> web.Response:
    """How a platform's fault looks from outside."""
    if isinstance(fault, BadGateway):
        return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")
    assert request.transport
    request.transport.close()
    return web.Response()
