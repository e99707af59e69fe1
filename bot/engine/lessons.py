"""Guides and quizzes alike: how one is opened, stopped and ended. PURE."""

from __future__ import annotations

from bot.content.model import Askable, Guide, LearningPath, Quiz
from bot.engine import paths, rounds
from bot.engine.composing_learning import before_menu
from bot.engine.model import EventKind, Reply, Turn
from bot.engine.progress import progress, with_finished
from bot.engine.scene import Scene, event_about, place_at


def open(scene: Scene, asked: Askable) -> Turn:
    if isinstance(asked, LearningPath):
        return paths.open(scene, asked)
    if isinstance(asked, Quiz):
        reply = scene.composer.quiz_opening(asked)
    else:
        reply = with_way_to_quiz(scene, asked, scene.composer.opening(asked))
    events = (*scene.left(unless=asked), event_about(EventKind.OPENED, asked))
    return scene.turn(reply, events=events, **place_at(asked.id))


def stop(scene: Scene) -> Turn:
    if scene.guide is None and scene.quiz is None:
        return scene.turn(scene.composer.answer("nothing_to_stop", scene.composer.menu_button))
    return scene.pause(scene.composer.answer("stopped", scene.composer.menu_button), scene.left())


def finished(scene: Scene, lesson: Guide | Quiz, reply: Reply) -> Turn:
    """The end of a guide or a round; on the path followed, with what comes next."""
    content = scene.library.content
    learnt = with_finished(scene.session.finished, lesson, content)
    replies: tuple[Reply, ...] = (reply,)
    if scene.path and lesson.id in scene.path.guides:
        replies = scene.composer.on_path(reply, progress(scene.path, learnt, content))
    return scene.forget(*replies, events=(event_about(EventKind.FINISHED, lesson),), finished=learnt)


def with_way_to_quiz(scene: Scene, guide: Guide, reply: Reply) -> Reply:
    """With a button back to the round under way, where this guide stands behind one of its items."""
    round_ = scene.session.round
    quiz = scene.library.content.quizzes.get(round_.quiz_id)
    is_behind = quiz and any(item.guide == guide.id for item in rounds.items_of(round_, quiz))
    return before_menu(reply, scene.composer.quiz_button(quiz)) if quiz and is_behind else reply
