"""Moves on a learning path. PURE."""

from __future__ import annotations

from bot.content.model import LearningPath
from bot.engine.model import EventKind, Turn
from bot.engine.postback import Postback, Verb
from bot.engine.progress import Progress, progress
from bot.engine.scene import Scene, event_about


def tapped(scene: Scene, postback: Postback) -> Turn:
    path = scene.library.content.paths.get(postback.place)
    if path and postback.verb is Verb.PATH:
        return open(scene, path)
    if path:
        return scene.turn(scene.composer.path_all(_progress(scene, path)))
    return scene.turn(scene.composer.paths(_progress(scene, scene.path) if scene.path else None))


def open(scene: Scene, path: LearningPath) -> Turn:
    """This is the path followed from now on. A guide begun waits."""
    reply = scene.composer.path(_progress(scene, path))
    return scene.pause(reply, (event_about(EventKind.OPENED, path),), path=path.id)


def _progress(scene: Scene, path: LearningPath) -> Progress:
    return progress(path, scene.session.finished, scene.library.content)
