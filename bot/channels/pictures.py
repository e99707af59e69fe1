"""Fetches a picture that a platform names by its address: from the platform's own hosts, and never too much."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

import aiohttp

from bot.channels.base import PICTURE_LIMIT
from bot.errors import ConnectionFailed, Rejected

TIMEOUT = aiohttp.ClientTimeout(total=8.0)  # seconds; the person waits


async def download(http: aiohttp.ClientSession, url: str, hosts: Collection[str], api_base: str) -> bytes:
    """`hosts` and all below them are the platform's, and so is `api_base`. Raises Rejected or ConnectionFailed.

    Redirects are not followed: they may lead to where we were not allowed to look.
    """
    if not is_theirs(url, hosts, api_base):
        raise Rejected("picture on a foreign host")
    try:
        async with http.get(url, allow_redirects=False, timeout=TIMEOUT) as response:
            if response.status != 200:
                raise Rejected(f"picture: HTTP {response.status}")
            content = bytearray()
            async for part in response.content.iter_any():
                content += part
                if len(content) > PICTURE_LIMIT:
                    raise Rejected("picture too large")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise ConnectionFailed(type(error).__name__) from None  # the cause would name addresses
    return bytes(content)


def is_theirs(url: str, hosts: Collection[str], api_base: str) -> bool:
    """Whether the address leads to the platform itself, or to hosts of its own."""
    try:
        given, own = urlsplit(url), urlsplit(api_base)
        host, port = given.hostname or "", given.port
    except ValueError:
        return False
    if (given.scheme, given.netloc) == (own.scheme, own.netloc):
        return True
    is_theirs = any(host == one or host.endswith(f".{one}") for one in hosts)
    return given.scheme == "https" and is_theirs and port in (None, 443) and "@" not in given.netloc
