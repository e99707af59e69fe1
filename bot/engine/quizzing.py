"""Moves in a quiz: an item is asked, a guess is answered, the round is scored. PURE."""

from __future__ import annotations

from bot.content.model import Quiz, QuizItem
from bot.engine import lessons, rounds
from bot.engine.model import Event, EventKind, Reply, Round, Turn
from bot.engine.postback import Postback, Verb
from bot.engine.scene import Scene, event_about, place_at


def tapped(scene: Scene, quiz: Quiz, postback: Postback) -> Turn:
    """An item that an edit took away is passed over."""
    item = quiz.item(postback.step)
    match postback.verb:
        case Verb.OPEN:
            return lessons.open(scene, quiz)
        case Verb.ROUND:
            return _ask(scene, quiz, rounds.begun(scene.session.round, quiz, postback.index))
        case Verb.THAT | Verb.LUA if item:
            return _answer(scene, quiz, item, "that" if postback.verb is Verb.THAT else "lua")
        case Verb.READ if item and (behind := scene.library.content.lessons.get(item.guide)):
            # Reading is part of the exercise, which is not left by it.
            return lessons.open(scene.with_session(guide_id=""), behind)
        case Verb.RESUME | Verb.FINISH:
            return resume(scene, quiz)
    return _go_on(scene, quiz)


def commanded(scene: Scene, quiz: Quiz, command: str) -> Turn:
    again = asked_again(scene)
    if again and scene.came_back:
        return offer_resume(scene, quiz)
    if again and command != "next":
        return again
    return _go_on(scene, quiz)


def resume(scene: Scene, quiz: Quiz) -> Turn:
    is_under_way = rounds.is_under_way(scene.session.round, quiz)
    return _go_on(scene, quiz) if is_under_way else lessons.open(scene, quiz)


def offer_resume(scene: Scene, quiz: Quiz) -> Turn:
    return scene.turn(scene.composer.quiz_resume(quiz, scene.session.round))


def guessed(scene: Scene, text: str) -> Turn | None:
    """Right or wrong, where an item waits for a guess and the text is one."""
    asked = _asked(scene)
    guess = scene.library.verdicts.meaning(text) if asked else None
    return _answer(scene, *asked, guess) if asked and guess else None


def asked_again(scene: Scene) -> Turn | None:
    """The request for a guess, where an item waits for one."""
    asked = _asked(scene)
    return scene.turn(scene.composer.quiz_guess(*asked)) if asked else None


def _go_on(scene: Scene, quiz: Quiz) -> Turn:
    """The next item, or the score; without a round under way, the first item of a new one."""
    round_ = scene.session.round
    if not rounds.is_under_way(round_, quiz):
        round_ = rounds.begun(round_, quiz)
    return _ask(scene, quiz, round_) if rounds.ahead(round_, quiz) else _score(scene, quiz, round_)


def _ask(scene: Scene, quiz: Quiz, round_: Round) -> Turn:
    item = rounds.ahead(round_, quiz)[0]
    events = (*scene.left(unless=quiz), event_about(EventKind.STEP, quiz, item))
    return _at(scene, quiz, item, round_, scene.composer.quiz_item(quiz, item, round_), events)


def _answer(scene: Scene, quiz: Quiz, item: QuizItem, guess: str) -> Turn:
    """Right or wrong, and why."""
    is_right = guess == item.truth
    round_ = rounds.answered(scene.session.round, quiz, item, is_right)
    is_last = rounds.is_under_way(round_, quiz) and not rounds.ahead(round_, quiz)
    return _at(scene, quiz, item, round_, scene.composer.quiz_answer(quiz, item, is_right, is_last))


def _score(scene: Scene, quiz: Quiz, round_: Round) -> Turn:
    after = scene.with_session(round=rounds.over(round_, quiz))
    return lessons.finished(after, quiz, scene.composer.quiz_score(quiz, round_))


def _at(scene: Scene, quiz: Quiz, item: QuizItem, round_: Round, reply: Reply, events: tuple[Event, ...] = ()) -> Turn:
    return scene.turn(reply, events=events, round=round_, **place_at(quiz.id, item.id))


def _asked(scene: Scene) -> tuple[Quiz, QuizItem] | None:
    """The item that waits for a guess, behind its quiz."""
    quiz, round_ = scene.quiz, scene.session.round
    if quiz is None or not rounds.is_under_way(round_, quiz):
        return None
    return next(((quiz, item) for item in rounds.ahead(round_, quiz) if item.id == scene.session.step_id), None)
