"""Pastes, most of 100 kB, that are hard to read: whatever takes time that grows faster than the text shows here.

Tests read each without a clock; how long that takes, benchmarks/safety.py measures.
"""

from __future__ import annotations

from typing import Final

SIZE: Final = 100_000  # bytes
_PIECES: Final = [
    ".", "a", "a.", "a-", "-a", "a@", "a@a.", "a..", "a . ", "a ", "a[", "[", "0", "1", "0 ", "1 ", "09 ", "12.", "1a",
    "ươ", "a\u0301", "\u0301", "\ufdfa", "\u200b", "０", "🔥", "tk ", "ko ", "uo7", "www.", "http://", "a.com ",
    "com. ", "%41", "/[:::", "+1,000 ", "1900 ", "1.000.", "123456 ", "0 9 1 1 1 1 1 1 1 11 ", "79A", "1234a", "AB1",
    "tên là ", "tôi tên ", "tôi tên là A ", "họ và tên ", "mk ", "mk của ", "mật khẩu: ", "otp 1234 ", "mã ",
    "ứng dụng ", "không bao giờ ", "đọc mã otp cho em ", "lừa đảo không ", "lừa đảo không, ",
    "Kính gửi bác, em gửi link.Em chào bác vietcombank.com.vn nhé ",
    "Tai khoan cua quy khach bi khoa, xac thuc tai http://vcb.top/x ngay trong 24h. ",
]  # fmt: skip
PASTES: Final = {
    **{repr(piece[:20]): piece * (SIZE // len(piece.encode())) for piece in _PIECES},
    "links in a link": "http://a/" + "http://" * 14_000,
    "half links": " ".join(f"em{number}.em" for number in range(12_000)),
    "many links": " ".join(f"a{number}.com" for number in range(16_000)),
    "long path": "http://e.top/" + "a/" * 40_000,
    "longest host": "http://" + ".".join(["rn" * 31, "i" * 63, "vay" * 20]) + ".top",
    "no text": "\x00\ud800",
    "nothing": "",
}
