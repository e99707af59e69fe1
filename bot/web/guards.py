"""What several handlers ask of a request: its size, and where it comes from."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web


async def read_body(request: web.Request, limit: int) -> bytes:
    """The raw body; 413 as soon as it is known to be longer, 400 when it is not what its headers say."""
    if (request.content_length or 0) > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=request.content_length or 0)
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(body))
    except web.RequestPayloadError:  # compressed, it says, or in chunks, and is not
        raise web.HTTPBadRequest from None
    return bytes(body)


def refuse_other_origins(request: web.Request, public_url: str) -> None:
    """403 when a page of another site sent this.

    A browser always says where a socket or a post comes from. What says nothing is no browser, and carries nobody's
    cookie but its own. The public host counts too, since a proxy may not hand on the Host it was asked for.
    """
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc not in {request.host, urlsplit(public_url).netloc}:
        raise web.HTTPForbidden()
