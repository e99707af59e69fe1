"""What surrounds one update, and the ways to make a turn of it. PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.content.model import Askable, Guide, LearningPath, Quiz, QuizItem, Step
from bot.engine.composing_learning import LearningComposer
from bot.engine.library import Library, step_of
from bot.engine.model import Button, Event, EventKind, Reply, Session, Turn, Update
from bot.engine.postback import Verb
from bot.language.redact import redact

TEXT_LOGGED = 300  # characters


@dataclass(frozen=True)
class Scene:
    """One update's surroundings: what every move is given first."""

    update: Update
    session: Session
    library: Library
    came_back: bool  # after a long silence

    @property
    def composer(self) -> LearningComposer:
        return LearningComposer(self.library, self.library.voice(self.session.pronoun))

    # Where the conversation stands

    @property
    def guide(self) -> Guide | None:
        """The guide being walked; None when it is stopped, finished or no longer there."""
        return None if self.session.paused else self.library.content.guides.get(self.session.guide_id)

    @property
    def quiz(self) -> Quiz | None:
        """The quiz being done, in the same sense."""
        return None if self.session.paused else self.library.content.quizzes.get(self.session.guide_id)

    @property
    def path(self) -> LearningPath | None:
        """The learning path that is followed."""
        return self.library.content.paths.get(self.session.path)

    @property
    def waiting(self) -> Guide | Quiz | None:
        """The guide or quiz that waits for "làm tiếp", or is being walked."""
        return self.library.content.lessons.get(self.session.guide_id)

    @property
    def is_walking(self) -> bool:
        """Whether a step of a guide is being looked at, and not only its opening."""
        return self.guide is not None and bool(self.session.step_id)

    def step(self, guide: Guide) -> Step:
        return step_of(guide, self.session.step_id, self.session.step_index)[0]

    def ways_on(self, label: str = "button_resume") -> tuple[Button, ...]:
        """Back to the step being walked or the quiz being done, if any, and the menu."""
        back: tuple[Button, ...] = ()
        if self.session.step_id and (guide := self.guide):
            back = (self.composer.step_button(label, Verb.GO, guide, self.step(guide)),)
        elif self.session.step_id and (quiz := self.quiz):
            back = (self.composer.quiz_button(quiz),)
        return (*back, self.composer.menu_button)

    def left(self, unless: Guide | Quiz | None = None) -> tuple[Event, ...]:
        """The event of leaving the guide or quiz being walked before its end."""
        lesson = self.guide or self.quiz
        if lesson is None or lesson == unless or not self.session.step_id:
            return ()
        at = lesson.item(self.session.step_id) if isinstance(lesson, Quiz) else self.step(lesson)
        return (event_about(EventKind.LEFT, lesson, at),)

    # The ways to make a turn

    def turn(self, *replies: Reply, events: tuple[Event, ...] = (), **changes: object) -> Turn:
        """The place is kept, and what was being asked is over, unless `changes` of the session say otherwise."""
        here = self.with_session(**{"stuck": False, "misses": 0, **changes})
        return Turn(here.session, replies, events)

    def pause(self, reply: Reply, events: tuple[Event, ...] = (), **changes: object) -> Turn:
        """What is being walked waits for "làm tiếp"."""
        return self.turn(reply, events=events, paused=bool(self.session.guide_id), **changes)

    def forget(self, *replies: Reply, events: tuple[Event, ...] = (), **changes: object) -> Turn:
        """Nothing is being walked any more."""
        return self.turn(*replies, events=events, **place_at(), **changes)

    def with_session(self, **changes: object) -> Scene:
        return replace(self, session=replace(self.session, **changes))  # type: ignore[arg-type]


def place_at(
    lesson_id: str = "", step_id: str = "", step_index: int = 0, trail: tuple[str, ...] = ()
) -> dict[str, object]:
    """What the session keeps of where the conversation stands: at a step, at a lesson's opening, or nowhere."""
    return {"guide_id": lesson_id, "step_id": step_id, "step_index": step_index, "trail": trail, "paused": False}


def event_about(kind: EventKind, asked: Askable, step: Step | QuizItem | None = None) -> Event:
    topic = "" if isinstance(asked, LearningPath) else asked.topic
    return Event(kind, topic=topic, guide=asked.id, step=step.id if step else "")


def logged(text: str) -> str:
    """What an event may hold of a text: its beginning, without personal data."""
    return redact(text[:TEXT_LOGGED])
