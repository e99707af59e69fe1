"""Every guide walked to its end: the straight way, one trouble on it, and the second answer where the way forks.

The transcripts are tests/conversations/guides/*.yaml; `pytest --update-golden` writes them, a new guide's too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bot.content.load import load_content
from bot.content.model import Guide, Step
from bot.engine.library import Library
from bot.engine.model import EventKind
from tests.conftest import ROOT, TODAY, Talk
from tests.test_conversations import FOLDER, Readable, play, transcript

WALKS = FOLDER / "guides"
STEPS_LIMIT = 60  # of one walk: the longest guide has under 20
IDS = sorted(load_content(ROOT / "scenarios", ROOT / "knowledge", TODAY).content.guides)


class Walker:
    """Walks a guide as its buttons lead, and keeps what it did."""

    def __init__(self, library: Library, guide: Guide) -> None:
        self.talk = Talk(library)
        self.guide = guide
        self.say = lambda name: library.say(getattr(library.phrases, name))
        self.turns: list[dict[str, Any]] = []

    def do(self, user: str | dict[str, str]) -> None:
        self.turns.append({"user": user})
        play(self.talk, user)

    @property
    def step(self) -> Step | None:
        """Where the conversation stands; None when the guide was left or finished."""
        session = self.talk.session
        return self.guide.step(session.step_id) if session.guide_id == self.guide.id else None

    def walk(self, answer: int, with_trouble: bool) -> None:
        """To the end, taking the `answer`-th option where the way first forks, and the first one after that."""
        self.do(f"so {self.guide.code}")
        self.do({"tap": self.say("button_start")})
        for _ in range(STEPS_LIMIT):
            step = self.step
            if step is None:
                return
            if with_trouble and step.trouble:
                with_trouble = False
                self.do(step.trouble[0].ask[0])
                if self.say("button_seen") in self.talk.labels:
                    self.do({"tap": self.say("button_seen")})
            elif step.choose:
                self.do({"tap": list(step.options)[min(answer, len(step.options) - 1)]})
                answer = 0
            else:
                self.do({"tap": self.say("button_next")})
        raise AssertionError(f"{self.guide.id} does not end")


def walked(library: Library, guide: Guide) -> Walker:
    walker = Walker(library, guide)
    walker.walk(answer=0, with_trouble=True)
    if any(step.choose for step in guide.steps):
        walker.walk(answer=1, with_trouble=False)
    return walker


def troubles_told(walker: Walker) -> Iterator[str]:
    """The words in which a trouble was told."""
    words = {line for step in walker.guide.steps for trouble in step.trouble for line in trouble.ask}
    return (turn["user"] for turn in walker.turns if isinstance(turn["user"], str) and turn["user"] in words)


@pytest.mark.parametrize("guide_id", IDS)
def test_walk(guide_id: str, library: Library, request: pytest.FixtureRequest) -> None:
    guide = library.content.guides[guide_id]
    walker = walked(library, guide)
    path = WALKS / f"{guide_id}.yaml"
    played = transcript(library, walker.turns)
    if request.config.getoption("--update-golden"):
        golden = {"about": guide.title, "turns": played}
        text = yaml.dump(golden, Dumper=Readable, allow_unicode=True, sort_keys=False, width=1000)
        path.write_text(text, encoding="utf-8")
        return
    golden = yaml.safe_load(path.read_text(encoding="utf-8"))
    for number, (turn, told) in enumerate(zip(golden["turns"], played, strict=True), 1):
        assert told == turn, f"turn {number}: {turn['user']}"


@pytest.mark.parametrize("guide_id", IDS)
def test_it_leads_somewhere_and_its_trouble_is_understood(guide_id: str, library: Library) -> None:
    walker = walked(library, library.content.guides[guide_id])
    ends = {EventKind.FINISHED, EventKind.LEFT}
    assert ends & {event.kind for event in walker.talk.events}
    if any(troubles_told(walker)):
        assert EventKind.STUCK in {event.kind for event in walker.talk.events}, list(troubles_told(walker))


def test_no_walk_is_left_of_a_guide_that_is_gone(library: Library) -> None:
    assert sorted(path.stem for path in WALKS.glob("*.yaml")) == IDS
