"""How far somebody is on a learning path. PURE."""

from __future__ import annotations

from dataclasses import dataclass

from bot.content.model import Content, Guide, LearningPath, Quiz


@dataclass(frozen=True)
class Progress:
    """The lessons of a path that there are, and how many of them are learnt."""

    path: LearningPath
    lessons: tuple[Guide | Quiz, ...]
    learnt: frozenset[str]

    @property
    def next(self) -> Guide | Quiz | None:
        """The first that is not learnt; None at the end of the path."""
        return next((lesson for lesson in self.lessons if lesson.id not in self.learnt), None)


def progress(path: LearningPath, finished: tuple[str, ...], content: Content) -> Progress:
    known = content.lessons
    lessons = tuple(known[name] for name in path.guides if name in known)
    return Progress(path, lessons, frozenset(lesson.id for lesson in lessons if lesson.id in finished))


def with_finished(finished: tuple[str, ...], lesson: Guide | Quiz, content: Content) -> tuple[str, ...]:
    """Remembered only where a path can ask for it."""
    is_on_path = any(lesson.id in path.guides for path in content.paths.values())
    return (*finished, lesson.id) if is_on_path and lesson.id not in finished else finished
