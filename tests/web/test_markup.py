"""Bold and line breaks become tags; nothing else does."""

from __future__ import annotations

import pytest

from bot.web.markup import to_html, to_plain


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Bấm **Gửi**.", "Bấm <strong>Gửi</strong>."),
        ("**a** và **b**", "<strong>a</strong> và <strong>b</strong>"),
        ("một\nhai", "một<br>hai"),
        ("**<script>**", "<strong>&lt;script&gt;</strong>"),
        ("\"a\" & 'b'", "&quot;a&quot; &amp; &#x27;b&#x27;"),
        ("2 ** 3", "2 ** 3"),
        ("****", "****"),
    ],
)
def test_to_html(text: str, html: str) -> None:
    assert to_html(text) == html


def test_to_plain() -> None:
    assert to_plain("Bấm **Gửi**.\nXong") == "Bấm Gửi.\nXong"
