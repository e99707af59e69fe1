"""Pictures named by an address: fetched from the platform alone, whatever a delivery says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels import pictures
from bot.channels.pictures import download, is_theirs
from bot.errors import ConnectionFailed, Rejected

HOSTS = ("zdn.vn",)
API = "https://openapi.zalo.me"


@pytest.mark.parametrize(
    "url",
    ["https://zdn.vn/a.jpg", "https://photo-stal-1.zdn.vn/a.jpg?x=1", "https://a.zdn.vn:443/a", f"{API}/photo.jpg"],
)
def test_the_platforms_own_hosts_are_known(url: str) -> None:
    assert is_theirs(url, HOSTS, API)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "zdn.vn/a.jpg",
        "http://a.zdn.vn/a.jpg",
        "ftp://a.zdn.vn/a.jpg",
        "file:///zdn.vn",
        "https://evilzdn.vn/a.jpg",
        "https://zdn.vn.evil.example/a.jpg",
        "https://evil.example/zdn.vn",
        "https://zdn.vn@evil.example/a.jpg",
        "https://me:secret@a.zdn.vn/a.jpg",
        "https://a.zdn.vn:8443/a.jpg",
        "https://a.zdn.vn:port/a.jpg",
        "https://[::1/a.jpg",
        "https://169.254.169.254/latest/meta-data",
        "http://openapi.zalo.me/photo.jpg",
    ],
)
def test_all_others_are_foreign(url: str) -> None:
    assert not is_theirs(url, HOSTS, API)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[TestServer]:
    stopped = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        await stopped.wait()
        return web.Response()

    async def endless(request: web.Request) -> web.StreamResponse:
        """It never says how long it is."""
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while not stopped.is_set():
                await response.write(bytes(1000))
        return response

    async def found(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"jpeg")

    async def moved(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/a.jpg")

    app = web.Application()
    for path, handler in {"/a": found, "/moved": moved, "/slow": slow, "/endless": endless}.items():
        app.router.add_get(path, handler)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        yield server
        stopped.set()


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a", b"jpeg"), ("/moved", Rejected), ("/gone", Rejected), ("/endless", Rejected), ("/slow", ConnectionFailed)],
)
async def test_what_is_there_is_fetched_within_limits_and_nothing_else_followed(
    server: TestServer, path: str, expected: bytes | type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "PICTURE_LIMIT", 50_000)
    monkeypatch.setattr(pictures, "TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    own = str(server.make_url("")).rstrip("/")
    async with aiohttp.ClientSession() as http:
        if isinstance(expected, bytes):
            assert await download(http, own + path, HOSTS, own) == expected
            return
        with pytest.raises(expected) as caught:
            await download(http, own + path, HOSTS, own)
        assert path not in str(caught.value)
