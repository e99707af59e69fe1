"""Which of the choices just offered a text picks. PURE."""

from __future__ import annotations

from bot.engine import routing
from bot.engine.model import Button
from bot.engine.postback import Verb, parse
from bot.engine.scene import Scene
from bot.language.normalize import fold

ANSWER_WORDS = 8  # a longer sentence that names an answer may tell something else
_QUESTIONS = {Verb.RATE_YES, Verb.RESUME, Verb.STILL}  # what one of the first two buttons does after yes or no is asked


def named(scene: Scene, text: str) -> Button | None:
    """The choice that the text names, by number ("2", "hai") or by its words."""
    offered = scene.session.offered
    number = routing.number_meant(text, scene.library)
    if number and number <= len(offered):
        return offered[number - 1]
    plain = scene.library.normalizer.plain
    words = plain(text).folded
    for button in offered:
        if plain(button.label).folded == words:
            return button
    guide = scene.guide
    if guide is None or not scene.step(guide).choose or len(words) > ANSWER_WORDS:
        return None
    # "máy iphone": in a question with few answers, naming one of them inside a short sentence is enough.
    labels = {fold(label) for label in scene.step(guide).options}
    found = [one for one in offered if fold(one.label) in labels and set(plain(one.label).folded) <= set(words)]
    return found[0] if len(found) == 1 else None


def agreed(scene: Scene, command: str) -> Button | None:
    """The choice that "yes", "no" or "ok" means as the answer to a question just asked."""
    first_two = scene.session.offered[:2]
    verbs = [postback.verb for button in first_two if (postback := parse(button.postback))]
    match command:
        case "next" if verbs[:1] == [Verb.RESUME]:  # to "làm tiếp không ạ?"; anywhere else it is the next step
            return first_two[0]
        case "yes" if _QUESTIONS.intersection(verbs):
            return first_two[0]
        case "no" if _QUESTIONS.intersection(verbs):
            return first_two[1] if len(first_two) > 1 else None
    return None
