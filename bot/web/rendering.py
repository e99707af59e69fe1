"""Templates and static files. Every word a citizen reads is in templates/."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import blake2s
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.content.model import Content
from bot.web.markup import to_html, to_plain
from bot.web.protocol import picture_url

HERE = Path(__file__).parent
STATIC = HERE / "static"


class Templates:
    """Renders a page with the content that is live at that moment."""

    def __init__(self, content: Callable[[], Content]) -> None:
        self._content = content
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            markup=lambda text: Markup(to_html(content().fill(text))),  # noqa: S704 - to_html escapes all but **bold**
            plain=lambda text: to_plain(content().fill(text)),
            tel=lambda number: "tel:" + number.replace(" ", ""),
            capital=lambda text: text[:1].upper() + text[1:],
            date=lambda day: f"{day:%d/%m/%Y}",
            host=lambda url: url.split("/")[2].removeprefix("www."),
        )
        self._environment.globals.update(asset=asset, picture_url=picture_url)

    def page(self, template: str, status: int = 200, **values: object) -> web.Response:
        text = self._environment.get_template(template).render(content=self._content(), **values)
        return web.Response(text=text, status=status, content_type="text/html")


@cache
def asset(name: str) -> str:
    """A static file's address. It changes with what the file holds, so that browsers may keep it for good."""
    version = blake2s((STATIC / name).read_bytes(), digest_size=4).hexdigest()
    return f"/static/{name}?v={version}"
