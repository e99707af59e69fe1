"""The links and QR codes that lead to a guide, for pages, leaflets and the command line."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import segno

VOLUNTEER = re.compile(r"[a-z0-9-]{1,20}")
_READABLE: dict[str, Any] = {"error": "m", "micro": False}  # phones do not read Micro QR
_SCANNABLE: dict[str, Any] = {"border": 4, "scale": 8, "light": "#fff"}  # its quiet zone, white on a dark screen too


def page_link(guide_id: str, public_url: str, volunteer: str = "") -> str:
    """The guide as a page; with a volunteer's code it is counted on the way."""
    base = public_url.rstrip("/")
    return f"{base}/s/{guide_id}?v={volunteer}" if volunteer else f"{base}/g/{guide_id}"


def start_payload(guide_id: str, volunteer: str = "") -> str:
    """What a deep link hands to the conversation: fits Telegram's 64 characters of [A-Za-z0-9_-]."""
    return f"{guide_id}_{volunteer}" if volunteer else guide_id


def share_links(
    guide_id: str, public_url: str, telegram_username: str | None = None, volunteer: str = ""
) -> list[tuple[str, str]]:
    """(name, url) of every way in: `page`, `web` and, where there is a bot, `telegram`."""
    payload = start_payload(guide_id, volunteer)
    links = [
        ("page", page_link(guide_id, public_url, volunteer)),
        ("web", f"{public_url.rstrip('/')}/?start={payload}"),
    ]
    if telegram_username:
        links.append(("telegram", f"https://t.me/{telegram_username.removeprefix('@')}?start={payload}"))
    return links


def qr_svg(link: str) -> bytes:
    """A QR code as the text of an SVG."""
    picture = BytesIO()
    segno.make(link, **_READABLE).save(picture, kind="svg", **_SCANNABLE)
    return picture.getvalue()


def save_qr(link: str, path: Path) -> None:
    """The same as a file, of the kind that its name says: .svg or .png."""
    segno.make(link, **_READABLE).save(str(path), **_SCANNABLE)
