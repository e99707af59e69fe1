"""The chat page, a guide as a page, its QR code, and the links that volunteers share."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.content.model import DONE, Content, Guide, Quiz, Step
from bot.engine.composing_learning import CERTIFICATE
from bot.engine.model import Event, EventKind
from bot.stores.base import Store
from bot.web.chat import WebChat
from bot.web.protocol import TEXT_LIMIT
from bot.web.rendering import STATIC, Templates
from bot.web.share import VOLUNTEER, page_link, qr_svg, share_links, start_payload

NEAREST = 5  # guides offered when a link leads nowhere

log = logging.getLogger(__name__)
# What opens a link for a preview is nobody who was helped.
_ROBOT = re.compile(r"bot\b|crawl|spider|preview|facebookexternalhit", re.IGNORECASE)
_ROBOTS_TXT = "User-agent: *\nDisallow: /admin\nDisallow: /chat/\nDisallow: /s/\n"


@dataclass(frozen=True)
class Way:
    """Where an option, a trouble or a step leads. A step has a number, another guide a title, the end neither."""

    href: str
    number: int = 0
    title: str = ""


def way(guide: Guide, target: str, content: Content) -> Way | None:
    """None when there is no such place, as while guides are being written."""
    if target == DONE:
        return Way("#done")
    if guide.step(target):
        return Way(f"#{target}", number=guide.index(target) + 1)
    if other := content.lessons.get(target):
        return Way(f"/g/{other.id}", title=other.title)
    return None


def jump(guide: Guide, step: Step, content: Content) -> Way | None:
    """Where a step leads when that is not simply the step below."""
    below = guide.index(step.id) + 1
    if not step.next or (below < len(guide.steps) and guide.steps[below].id == step.next):
        return None
    return way(guide, step.next, content)


def nearest(guide_id: str, content: Content) -> list[Guide | Quiz]:
    """Guides whose names are most like a mistyped one."""

    def likeness(guide: Guide | Quiz) -> float:
        return SequenceMatcher(None, guide_id[:60], guide.id).ratio()

    return sorted((guide for guide in content.lessons.values() if likeness(guide) > 0.5), key=likeness, reverse=True)[
        :NEAREST
    ]


class Pages:
    """What can be read without a conversation."""

    def __init__(
        self,
        content: Callable[[], Content],
        store: Store,
        chat: WebChat,
        public_url: str,
        telegram_username: Callable[[], str | None] = lambda: None,
        pictures: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        zalo_verifier: str = "",
    ) -> None:
        self._content = content
        self._store = store
        self._chat = chat
        self._public_url = public_url.rstrip("/")
        self._telegram_username = telegram_username
        self._pictures = pictures
        self._now = now
        self._zalo_verifier = zalo_verifier
        self.templates = Templates(content)

    def routes(self) -> list[web.AbstractRouteDef]:
        routes: list[web.AbstractRouteDef] = [
            web.get("/", self._chat_page),
            web.get("/g/{guide}", self._guide),
            web.get("/g/{guide}/qr.svg", self._qr),
            web.get("/s/{guide}", self._shared),
            web.get(f"{CERTIFICATE}{{path}}", self._certificate),
            web.get("/robots.txt", self._robots),
            web.static("/static", STATIC),
        ]
        if self._zalo_verifier:
            routes.append(web.get(f"/zalo_verifier{self._zalo_verifier}.html", self._verifier))
        if self._pictures and self._pictures.is_dir():
            routes.append(web.static("/pictures", self._pictures))
        return routes

    def not_found(self, guide_id: str = "") -> web.Response:
        return self.templates.page("not_found.html", status=404, nearest=nearest(guide_id, self._content()))

    async def _chat_page(self, request: web.Request) -> web.StreamResponse:
        response = self.templates.page("chat.html", text_limit=TEXT_LIMIT, zalo_verifier=self._zalo_verifier)
        response.headers["Cache-Control"] = "no-store"
        self._chat.greet(request, response)
        return response

    async def _guide(self, request: web.Request) -> web.StreamResponse:
        content = self._content()
        name, volunteer = request.match_info["guide"], _volunteer(request)
        if name.isdecimal() and len(name) <= 3 and (named := content.by_code(int(name))):
            raise web.HTTPFound(f"/g/{named.id}")
        lesson = content.lessons.get(name)
        if lesson is None:
            return self.not_found(name)
        shared: dict[str, Any] = {
            "guide": lesson,
            "topic": content.topic(lesson.topic),
            "payload": start_payload(lesson.id, volunteer),
            "volunteer": volunteer,
            "links": dict(share_links(lesson.id, self._public_url, self._telegram_username(), volunteer)),
            "public_url": self._public_url,
        }
        if isinstance(lesson, Quiz):
            return self.templates.page("quiz.html", **shared)
        guide = lesson
        return self.templates.page(
            "guide.html",
            **shared,
            hotline=content.knowledge.hotlines.get(guide.hotline),
            see_also=[content.lessons[other] for other in guide.see_also if other in content.lessons],
            way=lambda target: way(guide, target, content),
            jump=lambda step: jump(guide, step, content),
        )

    async def _certificate(self, request: web.Request) -> web.StreamResponse:
        """A picture with the person's name, made in their browser: the name never reaches us."""
        path = self._content().paths.get(request.match_info["path"])
        return self.templates.page("certificate.html", path=path) if path else self.not_found()

    async def _qr(self, request: web.Request) -> web.StreamResponse:
        guide_id = request.match_info["guide"]
        if guide_id not in self._content().lessons:
            return self.not_found(guide_id)
        link = page_link(guide_id, self._public_url, _volunteer(request))
        return web.Response(body=qr_svg(link), content_type="image/svg+xml")

    async def _shared(self, request: web.Request) -> web.StreamResponse:
        """Count whose link helped, then show the guide. The guide is shown even when nothing can be counted."""
        guide = self._content().lessons.get(request.match_info["guide"])
        if guide is None:
            return self.not_found(request.match_info["guide"])
        volunteer = _volunteer(request)
        if volunteer and request.method == "GET" and not _ROBOT.search(request.headers.get("User-Agent", "")):
            event = Event(EventKind.SHARED, topic=guide.topic, guide=guide.id, volunteer=volunteer)
            try:
                await asyncio.to_thread(self._store.record, None, event, self._now())
            except Exception as error:
                log.error("web: a shared link was not counted: %s", type(error).__name__)
        query = f"?v={volunteer}" if volunteer else ""
        raise web.HTTPFound(f"/g/{guide.id}{query}", headers={"Cache-Control": "no-store"})

    async def _verifier(self, _: web.Request) -> web.StreamResponse:
        """Zalo looks here, or for the tag on the first page, for proof that the domain is ours."""
        return self.templates.page("verifier.html", zalo_verifier=self._zalo_verifier)

    async def _robots(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text=_ROBOTS_TXT)


def _volunteer(request: web.Request) -> str:
    """The volunteer's code, or nothing when it is none."""
    code = request.query.get("v", "")
    return code if VOLUNTEER.fullmatch(code) else ""
