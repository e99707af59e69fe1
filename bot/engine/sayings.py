"""What a whole utterance means by a list: a command, a number, a name that is asked about. PURE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from bot.content.lookups import Asking
from bot.language.normalize import Normalizer, Utterance

_Meaning = TypeVar("_Meaning")
_NAME = "qqq"  # stands for the name while a form is normalized: no word, no synonym, no keystrokes of Telex
_Words = tuple[str, ...]


class Sayings(Generic[_Meaning]):
    """Whole utterances and what they mean. An accent left out is forgiven, a wrong one is another word."""

    def __init__(self, normalize: Callable[[str], Utterance], groups: Mapping[_Meaning, Iterable[str]]) -> None:
        self._normalize = normalize
        self._said: dict[str, list[tuple[Utterance, _Meaning]]] = {}
        for meaning, group in groups.items():
            for words in group:
                said = normalize(words)
                self._said.setdefault(said.key, []).append((said, meaning))

    def meaning(self, text: str) -> _Meaning | None:
        """None when nothing of the list was said: "đúng" is not "dừng", "dung" may be."""
        return next(iter(self.meanings(self._normalize(text))), None)

    def meanings(self, typed: Utterance) -> tuple[_Meaning, ...]:
        """Everything that it may mean, each once."""
        found = (meaning for said, meaning in self._said.get(typed.key, ()) if _forgiven(typed, said))
        return tuple(dict.fromkeys(found))


class Lookup(Generic[_Meaning]):
    """Things with names, and the ways of asking about one: "{} là gì"."""

    def __init__(self, normalizer: Normalizer, asking: Asking, names: Mapping[_Meaning, Iterable[str]]) -> None:
        self._normalizer = normalizer
        self._names = Sayings(normalizer, names)
        self._forms = sorted({_halves(normalizer, form) for form in asking.forms}, key=_length, reverse=True)
        self._before = _edges(normalizer, asking.before)
        self._after = _edges(normalizer, asking.after)

    def named(self, text: str) -> tuple[_Meaning, ...]:
        """What the text names, when the name is all of it."""
        return self._names.meanings(self._normalizer(text))

    def asked(self, text: str) -> tuple[_Meaning, ...]:
        """What the text asks about, when it asks nothing else."""
        said = self._normalizer(text)
        found = (self._names.meanings(name) for name in self._asked_names(said))
        return next(filter(None, found), ())

    def _asked_names(self, said: Utterance) -> Iterator[Utterance]:
        """Every part of the utterance that stands where a form has the name; the longest form first."""
        for whole in self._bare(said):
            for before, after in self._forms:
                end = len(whole.folded) - len(after)
                if len(before) < end and whole.folded[: len(before)] == before and whole.folded[end:] == after:
                    yield from self._bare(_part(whole, len(before), end))

    def _bare(self, said: Utterance) -> Iterator[Utterance]:
        """As it was said, then with ever more of what may stand before and after taken off."""
        for whole in _peeled(said, self._after, from_end=True):
            yield from _peeled(whole, self._before, from_end=False)


def _forgiven(typed: Utterance, said: Utterance) -> bool:
    words = zip(typed.words, typed.folded, said.words, strict=True)
    return all(word in (folded, known) for word, folded, known in words)


def _halves(normalizer: Normalizer, form: str) -> tuple[_Words, _Words]:
    """The words before and after the name, as an utterance has them once it is normalized."""
    words = normalizer(form.format(f" {_NAME} ")).folded
    at = words.index(_NAME)
    return words[:at], words[at + 1 :]


def _length(form: tuple[_Words, _Words]) -> int:
    return len(form[0]) + len(form[1])


def _edges(normalizer: Normalizer, lines: Iterable[str]) -> tuple[_Words, ...]:
    return tuple(sorted({normalizer(line).folded for line in lines}, key=len, reverse=True))


def _peeled(said: Utterance, edges: Iterable[_Words], from_end: bool) -> Iterator[Utterance]:
    """The utterance, and what is left of it each time that one of the edges is taken off."""
    while True:
        yield said
        count = len(said.folded)
        for edge in edges:
            start = count - len(edge) if from_end else 0
            if len(edge) < count and said.folded[start : start + len(edge)] == edge:
                said = _part(said, 0, start) if from_end else _part(said, len(edge), count)
                break
        else:
            return


def _part(said: Utterance, start: int, end: int) -> Utterance:
    return Utterance(said.text, said.words[start:end], said.folded[start:end])
