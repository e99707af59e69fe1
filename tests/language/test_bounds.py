"""Whatever is sent, an outcome comes back after bounded work: counted, not timed, for busy machines fail nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from bot.engine.library import Library
from bot.engine.routing import understand
from bot.language import normalize
from bot.language.matching import Outcome
from bot.language.normalize import UTTERANCE_LIMIT

CALLS_LIMIT = 150_000  # of Python and C functions: the sign that stands for eighteen takes 99,000, most texts 10,000
CHARACTERS_LIMIT = 10 * UTTERANCE_LIMIT  # looked at for commands, codes, topics and guides: four times as it is

UNITS = {
    "one long word": "a",
    "a hundred kilobytes of questions": "quên mật khẩu vneid thì làm sao ạ? ",
    "ten thousand words": "vneid ",
    "words of one letter": "q w x z ",
    "misspelt words": "matt khauu taii khoann dangg nhapp ",
    "emoji": "😀👩🏽‍💻🇻🇳",
    "right to left": "مرحبا بالعالم ",
    "right-to-left marks": "\u202equên\u202c \u200fmật\u200e ",
    "control characters": "".join(map(chr, range(32))) + "\x7f\x85",
    "no spaces, no letters": "\u200b\ufeff",
    "stacked accents": "a" + "\u0301" * 50,
    "one sign that stands for eighteen": "\ufdfa",
    "Chinese": "密码忘记了怎么办",
    "fullwidth": "ｍậｔ ｋｈẩｕ ",
    "half a surrogate pair": "\ud83d ",
    "keystrokes": "ddawng kys taif khoarn m65t kha63u ",
    "punctuation": "?!.,;:()[]{}<>/\\|@#$%^&*",
    "digits": "0123456789 ",
    "line breaks": "\n\r\n\u2028",
}


class Watched(str):
    """Text that may be sliced, and tells how much of it was taken; to read it any other way fails."""

    taken = 0

    def __getitem__(self, part: object) -> str:
        assert isinstance(part, slice)
        got = str.__getitem__(self, part)
        self.taken += len(got)
        return got


def _refuse(name: str) -> Callable[..., object]:
    def refuse(*_arguments: object) -> object:
        raise AssertionError(f"the whole text was read by {name}")

    return refuse


for _name in vars(str):
    if not _name.startswith("_"):
        setattr(Watched, _name, _refuse(_name))
Watched.__iter__ = _refuse("iterating")  # type: ignore[method-assign,assignment]


def calls(work: Callable[[], object]) -> int:
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def of_size(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
class TestAnyInput:
    def test_it_has_an_outcome(self, library: Library, unit: str) -> None:
        assert understand(of_size(unit, 100_000), library).outcome in Outcome

    def test_only_its_beginning_is_read(self, library: Library, unit: str) -> None:
        text = Watched(of_size(unit, 100_000))
        understand(text, library)
        assert 0 < text.taken <= CHARACTERS_LIMIT

    def test_the_work_is_bounded(self, library: Library, unit: str) -> None:
        assert calls(lambda: understand(of_size(unit, 100_000), library)) <= CALLS_LIMIT

    def test_ten_times_the_text_is_no_more_work(self, library: Library, unit: str) -> None:
        short, long = of_size(unit, 100_000), of_size(unit, 1_000_000)
        understand(short, library)  # words are remembered: the first time costs more
        # A cache that empties, or a finalizer that happens to run, may add a call or two.
        assert calls(lambda: understand(long, library)) <= 1.1 * calls(lambda: understand(short, library))


def test_what_is_read_is_what_counts(library: Library) -> None:
    question = of_size("quên mật khẩu vneid ", UTTERANCE_LIMIT)
    assert understand(question + "x" * 100_000, library).guides == understand(question, library).guides


def test_ten_thousand_different_words_cost_no_more_than_a_hundred(library: Library) -> None:
    """None is known, so that each is sought among all that are."""
    words = [f"{chr(97 + at % 26)}{at:x}qzj" for at in range(10_000)]
    assert calls(lambda: understand(" ".join(words), library)) <= CALLS_LIMIT
    assert len(library.normalizer(" ".join(words)).folded) <= UTTERANCE_LIMIT


def test_no_more_than_the_beginning_is_normalized(monkeypatch: pytest.MonkeyPatch, library: Library) -> None:
    read: list[int] = []
    clean = normalize.clean
    monkeypatch.setattr(normalize, "clean", lambda text: read.append(len(text)) or clean(text))
    understand(of_size("xyzt ", 100_000), library)
    assert max(read) <= UTTERANCE_LIMIT
