"""Reply and guide text to HTML and to speech. The text knows **bold** and line breaks, nothing else. PURE."""

from __future__ import annotations

import re
from html import escape

_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


def to_html(text: str) -> str:
    """Escaped first, so that whatever the text holds, the only tags are ours."""
    return _BOLD.sub(r"<strong>\1</strong>", escape(text)).replace("\n", "<br>")


def to_plain(text: str) -> str:
    """For reading aloud, and for places that take no tags."""
    return _BOLD.sub(r"\1", text)
