"""What was learnt is read once, and a place that keeps nothing costs no more than learning again."""

from __future__ import annotations

import pytest

from bot.content.model import Content
from bot.engine.library import Library
from bot.language.learning import Learnt


class Place(dict[str, Learnt]):
    """Counts how often it is read, as each time a file is; a full disk keeps nothing."""

    def __init__(self, is_full: bool = False) -> None:
        super().__init__()
        self.is_full = is_full
        self.read = 0

    def __getitem__(self, key: str) -> Learnt:
        self.read += 1
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        """As of any mapping that knows its values only by reading them."""
        try:
            self[str(key)]
        except KeyError:
            return False
        return True

    def __setitem__(self, key: str, learnt: Learnt) -> None:
        if not self.is_full:
            super().__setitem__(key, learnt)


@pytest.fixture(scope="module")
def content(library: Library) -> Content:
    """Two guides and a few messages: enough to learn from."""
    whole = library.content
    safety = whole.knowledge.safety.model_copy(
        update={"scams": whole.knowledge.safety.scams[:9], "honest": whole.knowledge.safety.honest[:9]}
    )
    knowledge = whole.knowledge.model_copy(update={"safety": safety, "background": whole.knowledge.background[:9]})
    guides = dict(list(whole.guides.items())[:2])
    return whole.model_copy(update={"guides": guides, "quizzes": {}, "paths": {}, "knowledge": knowledge})


def test_what_is_kept_is_read_once_for_the_guides_and_once_for_the_messages(content: Content) -> None:
    place = Place()
    Library(content, place)
    assert len(place) == 2
    place.read = 0
    Library(content, place)
    assert place.read == 2


def test_a_message_that_changes_sides_is_learnt_anew(content: Content) -> None:
    """Also the last scam that becomes the first honest message, after which the files say the same in a row."""
    place, safety = Place(), content.knowledge.safety
    moved = safety.model_copy(update={"scams": safety.scams[:-1], "honest": (safety.scams[-1], *safety.honest)})
    Library(content, place)
    Library(content.model_copy(update={"knowledge": content.knowledge.model_copy(update={"safety": moved})}), place)
    assert len(place) == 3


def test_a_full_disk_does_not_stop_the_start(content: Content) -> None:
    library = Library(content, Place(is_full=True))
    guide = next(iter(content.guides.values()))
    assert library.rank(guide.ask[0]).guides
    assert library.familiar
