"""What is looked up: the meaning of a word, and where a commune's papers go. The place in a guide is kept. PURE."""

from __future__ import annotations

from bot.content.lookups import Term
from bot.engine import routing
from bot.engine.model import Event, EventKind, Turn
from bot.engine.places import Place
from bot.engine.scene import Scene, event_about

PLACES_SHOWN = 8  # communes of one name offered at once: no former district became more


def asked(scene: Scene, text: str) -> Turn | None:
    """A word or a commune, if that is all that is asked about."""
    if word := routing.term_meant(text, scene.library):
        return term(scene, word)
    if meant := routing.places_meant(text, scene.library):
        return places(scene, meant)
    return places(scene, ()) if not scene.is_walking and scene.library.placeless.meaning(text) else None


def term(scene: Scene, meant: Term) -> Turn:
    reply = scene.composer.term(meant, scene.guide, scene.ways_on("button_here"))
    return scene.turn(reply, events=_asked_for(scene, meant.guide))


def places(scene: Scene, meant: tuple[Place, ...]) -> Turn:
    """Where one commune's papers go; which of several is meant; or a request for a name that tells more."""
    back = scene.ways_on("button_here")
    if len(meant) == 1:
        reply = scene.composer.place(meant[0], back)
    elif 1 < len(meant) <= PLACES_SHOWN:
        reply = scene.composer.which_place(meant, back)
    else:
        reply = scene.composer.place_nameless(back)
    return scene.turn(reply, events=_asked_for(scene, scene.library.content.knowledge.questions.places.guide))


def _asked_for(scene: Scene, guide_id: str) -> tuple[Event, ...]:
    """It counts as a question for the guide that it belongs to."""
    guide = scene.library.content.guides.get(guide_id)
    return (event_about(EventKind.ASKED, guide),) if guide else ()
