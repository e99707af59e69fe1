"""A round of a quiz: which items are asked, what is answered, how it went. PURE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.content.model import ROUND, Quiz, QuizItem
from bot.engine.model import Round


def begun(last: Round, quiz: Quiz, size: int = 0) -> Round:
    """A new round, which goes on where the last one of this quiz ended."""
    start = over(last, quiz).start if last.quiz_id == quiz.id else 0
    return Round(quiz.id, start, min(size or ROUND, len(quiz.items)))


def over(round_: Round, quiz: Quiz) -> Round:
    """The round put away: only where the next one begins is remembered."""
    return Round(quiz.id, (round_.start + round_.size) % len(quiz.items))


def is_under_way(round_: Round, quiz: Quiz) -> bool:
    return round_.quiz_id == quiz.id and round_.size > 0


def items_of(round_: Round, quiz: Quiz) -> tuple[QuizItem, ...]:
    count = len(quiz.items)
    return tuple(quiz.items[(round_.start + at) % count] for at in range(min(round_.size, count)))


def ahead(round_: Round, quiz: Quiz) -> tuple[QuizItem, ...]:
    """The items of the round that are not answered yet."""
    answered = {*round_.right, *round_.wrong}
    return tuple(item for item in items_of(round_, quiz) if item.id not in answered)


def answered(round_: Round, quiz: Quiz, item: QuizItem, is_right: bool) -> Round:
    """Only the first answer to an item of this round counts: buttons of earlier ones may be tapped again."""
    if not is_under_way(round_, quiz) or item not in ahead(round_, quiz):
        return round_
    if is_right:
        return replace(round_, right=(*round_.right, item.id))
    return replace(round_, wrong=(*round_.wrong, item.id))


def missed(round_: Round, quiz: Quiz) -> Sequence[QuizItem]:
    """The items answered wrongly; those of the kind that was missed most stand first."""
    items = [item for item in quiz.items if item.id in round_.wrong]
    often = Counter(item.kind for item in items)
    return sorted(items, key=lambda item: -often[item.kind])
