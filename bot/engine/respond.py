"""Where a message comes in, and in which order it is taken. Read this first. PURE: no I/O, no clock, no channel.

A tap says by itself what is meant. A text is taken, in this order, as: a trap, a secret pasted by mistake, anything
else that was passed on, a choice just offered, an answer in a quiz, something else to be judged, a command, a guide's
number, a topic, a word or place that is asked about, despair, trouble at the step being walked, another guide, more
about a trouble, a return after hours, a few guides to choose from, or unknown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.content.model import Guide, Quiz
from bot.engine import choosing, judging, lessons, looking_up, paths, quizzing, routing, walking
from bot.engine.library import Library
from bot.engine.model import Event, EventKind, Reply, Session, Turn, Update, UpdateKind
from bot.engine.places import Place
from bot.engine.postback import Postback, Verb, parse
from bot.engine.scene import Scene, event_about, logged
from bot.language.matching import Match, Outcome
from bot.language.redact import contains_secret
from bot.safety.model import ACCUSED

RESUME_AFTER = timedelta(hours=4)  # a longer silence means that the person comes back, not that they go on
HANDOFF_MISSES = 2  # texts not understood in a row before a person is offered


def respond(update: Update, session: Session, library: Library, now: datetime) -> Turn:
    """Answer one update. Any update in any session has an answer; nothing is raised."""
    own_text = "" if update.is_passed_on else update.text
    pronoun = library.pronoun(own_text) or session.pronoun
    came_back = session.seen_at is not None and now - session.seen_at > RESUME_AFTER
    turn = _answer(Scene(update, replace(session, pronoun=pronoun, seen_at=now), library, came_back))
    taps = [tuple(button for button in reply.buttons if button.postback) for reply in turn.replies]
    offered = next(filter(None, reversed(taps)), ()) if taps else turn.session.offered
    events = tuple(replace(event, volunteer=turn.session.volunteer) for event in turn.events)
    look = (Reply("", looks_at=replace(update, text="")),) if update.picture else ()
    return Turn(replace(turn.session, offered=offered), turn.replies + look, events)


def _answer(scene: Scene) -> Turn:
    update = scene.update
    match update.kind:
        case UpdateKind.BUTTON:
            return _tapped(scene, parse(update.data))
        case UpdateKind.START:
            return _started(scene, update.data)
        case UpdateKind.TEXT:
            return _typed(scene, update.text)
        case UpdateKind.SCANNED if update.codes:
            return judging.scanned(scene)
        case UpdateKind.LEFT | UpdateKind.WITHDRAWN:
            return Turn(scene.session, (), scene.left())
        case _ if update.text:  # a caption says more than its picture
            return _typed(scene, update.text)
        case UpdateKind.SCANNED:
            return scene.turn(scene.composer.answer("picture", *scene.ways_on()))
        case _:
            return scene.turn(scene.composer.answer(update.kind.value, *scene.ways_on()))


def _started(scene: Scene, payload: str) -> Turn:
    """The chat was opened, perhaps by a link: "<guide>", "<guide>_<volunteer>" or a guide's number."""
    content = scene.library.content
    place, _, volunteer = payload.partition("_")
    asked = scene.library.askable.get(place)
    if asked is None and place.isdecimal() and len(place) <= 3:
        asked = content.by_code(int(place))
    if asked:
        is_code = volunteer.replace("-", "").isalnum() and volunteer.isascii()
        return lessons.open(scene.with_session(volunteer=volunteer) if is_code else scene, asked)
    if payload and "_" not in payload and content.topic(payload):
        return _tapped(scene, Postback(Verb.TOPIC, payload))
    if payload:
        return scene.turn(scene.composer.topics("guide_gone"))
    return _offer_resume(scene) or scene.turn(scene.composer.topics("greeting"))


def _tapped(scene: Scene, postback: Postback | None) -> Turn:
    """A button's own meaning, whatever the session remembers."""
    content = scene.library.content
    if postback is None or postback.verb is Verb.MENU:
        return _menu(scene)
    if postback.verb is Verb.TOPIC:
        topic = content.topic(postback.place)
        return scene.turn(scene.composer.topic(topic, postback.index)) if topic else _menu(scene)
    if postback.verb is Verb.STOP:
        return lessons.stop(scene)
    if postback.verb is Verb.PLACE:
        is_there = postback.place in content.knowledge.communes
        return looking_up.places(scene, (Place(postback.place),)) if is_there else _menu(scene)
    if postback.verb in (Verb.PATHS, Verb.PATH, Verb.PATH_ALL):
        return paths.tapped(scene, postback)
    if quiz := content.quizzes.get(postback.place):
        return quizzing.tapped(scene, quiz, postback)
    if guide := content.guides.get(postback.place):
        return walking.tapped(scene, guide, postback)
    if title := content.planned.get(postback.place):
        reply = scene.composer.with_hotline("guide_planned", scene.guide, *scene.ways_on(), title=title)
        return scene.turn(reply, events=(Event(EventKind.UNANSWERED, guide=postback.place),))
    return scene.forget(scene.composer.topics("guide_gone"))


def _typed(scene: Scene, text: str) -> Turn:
    """The order matters, and is told on top."""
    library, is_passed_on = scene.library, scene.update.is_passed_on
    meant = routing.understand(text, library)
    judgement = routing.suspicion(text, meant, library, scene.is_walking, is_passed_on)
    if judgement and judgement.verdict in ACCUSED:
        return judging.inspected(scene, text, judgement)
    if contains_secret(text):
        return judging.hidden(scene, "secret")
    if judgement and is_passed_on:
        return judging.inspected(scene, text, judgement)
    if button := choosing.named(scene, text):
        return _tapped(scene, parse(button.postback))
    if turn := quizzing.guessed(scene, text):
        return turn
    if judgement:
        return judging.inspected(scene, text, judgement)
    if meant.outcome is Outcome.COMMAND:
        return _commanded(scene, meant)
    if meant.number is not None:
        return scene.turn(scene.composer.topics("no_such_code", number=meant.number))
    if meant.topic:
        return scene.turn(scene.composer.topic(meant.topic, 0))
    if turn := looking_up.asked(scene, text):
        return turn
    if library.insult_pattern.search(text.lower()):
        return _calm(scene)
    if turn := walking.told_trouble(scene, text, meant):
        return turn
    if meant.outcome is Outcome.GUIDE:
        return _asked(scene, meant)
    if scene.session.stuck and (guide := scene.guide):
        return walking.still_stuck(scene, guide, scene.step(guide), text)
    if scene.came_back and (turn := _offer_resume(scene)):
        return turn
    return _choose(scene, meant) if meant.outcome is Outcome.CHOICES else _unknown(scene, text)


def _commanded(scene: Scene, meant: Match) -> Turn:
    """First what means the same everywhere, then the moves inside a quiz or a guide."""
    if button := choosing.agreed(scene, meant.command):
        return _tapped(scene, parse(button.postback))
    composer = scene.composer
    match meant.command:
        case routing.CODE_COMMAND:
            return _asked(scene, meant)
        case "menu":
            return _menu(scene)
        case "stop":
            return lessons.stop(scene)
        case "inspect":
            return scene.turn(composer.answer("inspect_ask", *scene.ways_on()))
        case "address":
            address = scene.update.address
            return scene.turn(composer.answer("address", chat=f"{address.channel}:{address.user_id}"))
        case "help":
            return scene.turn(composer.answer("help", *scene.ways_on()))
        case "yes" | "no":  # without a question there is nothing to agree to
            return quizzing.asked_again(scene) or scene.turn(composer.answer("help", *scene.ways_on()))
        case "thanks":
            return scene.turn(composer.answer("thanks"))
        case "paths":
            return paths.tapped(scene, Postback(Verb.PATHS))
        case "hello":
            return _greet(scene)
        case "upset":
            return _calm(scene)
        case "resume":
            return _resume(scene)
        case "restart":
            return lessons.open(scene, scene.waiting) if scene.waiting else _menu(scene)
    if quiz := scene.quiz:
        return quizzing.commanded(scene, quiz, meant.command)
    if guide := scene.guide:
        return walking.commanded(scene, guide, meant.command)
    return _resume(scene)


def _asked(scene: Scene, meant: Match) -> Turn:
    asked = scene.library.askable[meant.guides[0].id]
    turn = lessons.open(scene, asked)
    return replace(turn, events=(event_about(EventKind.ASKED, asked), *turn.events))


def _choose(scene: Scene, meant: Match) -> Turn:
    """Torn: the person chooses. First aid comes first, whatever fits a little better."""
    asked = [scene.library.askable[one.id] for one in meant.guides]
    asked.sort(key=lambda one: not scene.library.is_urgent(one.id))
    return scene.turn(scene.composer.choices(asked, scene.ways_on()[:-1]))


def _unknown(scene: Scene, text: str) -> Turn:
    if term := routing.term_named(text, scene.library):
        return looking_up.term(scene, term)
    misses = scene.session.misses + 1
    first = "unknown_matter" if scene.library.is_matter(text) else "unknown"
    phrase = "unknown_again" if misses >= HANDOFF_MISSES else first
    reply = scene.composer.with_hotline(phrase, scene.guide, *scene.ways_on())
    return scene.turn(reply, events=(Event(EventKind.UNANSWERED, text=logged(text)),), misses=misses)


def _menu(scene: Scene) -> Turn:
    return scene.pause(scene.composer.topics("topics_title"))


def _greet(scene: Scene) -> Turn:
    phrase = "greeting_again" if scene.session.version else "greeting"
    return _offer_resume(scene) or scene.turn(scene.composer.topics(phrase))


def _calm(scene: Scene) -> Turn:
    """One calm line, and the shortest way out."""
    if scene.is_walking and (guide := scene.guide):
        walked = len(scene.session.trail)
        return scene.turn(scene.composer.calm(guide, scene.step(guide), walked, scene.ways_on()))
    return scene.turn(scene.composer.with_hotline("calm", None, *scene.ways_on()))


def _resume(scene: Scene) -> Turn:
    match scene.waiting:
        case Guide() as guide:
            return walking.resume(scene, guide)
        case Quiz() as quiz:
            return quizzing.resume(scene, quiz)
    return paths.open(scene, scene.path) if scene.path else _menu(scene)


def _offer_resume(scene: Scene) -> Turn | None:
    """Nothing where nothing was begun."""
    match scene.waiting if scene.session.step_id else None:
        case Guide() as guide:
            return walking.offer_resume(scene, guide)
        case Quiz() as quiz:
            return quizzing.offer_resume(scene, quiz)
    return None
