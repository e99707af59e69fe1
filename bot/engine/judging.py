"""What is judged and not walked: messages, links, QR codes, secrets. The place in a guide is kept. PURE."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.model import Event, EventKind, Turn
from bot.engine.scene import Scene, logged
from bot.safety.codes import Code, CodeKind, read_code
from bot.safety.model import Judgement, Verdict

CODES_SHOWN = 3  # QR codes of one picture that are told of


def inspected(scene: Scene, text: str, judgement: Judgement) -> Turn:
    """What the scam check says."""
    return scene.turn(scene.composer.judged(judgement, scene.ways_on()), events=(_event(text, judgement),))


def scanned(scene: Scene) -> Turn:
    """What the QR codes of a picture hold, the worst first."""
    codes = [read_code(content) for content in scene.update.codes[:CODES_SHOWN]]
    if any(code.kind is CodeKind.PRIVATE for code in codes):
        return hidden(scene, "qr_private")
    judged = [(code, scene.library.inspect(code.text) if code.text else None) for code in codes]
    judged.sort(key=_badness, reverse=True)
    replies = [scene.composer.code(code, judgement, scene.ways_on()) for code, judgement in judged]
    events = tuple(_event(code.text, judgement) for code, judgement in judged if judgement)
    return scene.turn(*replies, events=events)


def hidden(scene: Scene, phrase: str) -> Turn:
    """A secret: nothing of it is kept, and it should not stay in the chat either."""
    reply = scene.composer.answer(phrase, *scene.ways_on())
    return scene.turn(replace(reply, takes_away=scene.update.message))


def _event(text: str, judgement: Judgement) -> Event:
    return Event(EventKind.INSPECTED, value=judgement.verdict, text=logged(text))


def _badness(judged: tuple[Code, Judgement | None]) -> int:
    """What is no matter of the scam check, as a payment, is as good as not known."""
    verdict = judged[1].verdict if judged[1] else Verdict.UNKNOWN
    return list(Verdict).index(verdict)
