"""Moves in a guide: from step to step, and help where a step goes wrong. PURE."""

from __future__ import annotations

from dataclasses import replace

from bot.content.model import DONE, Guide, Step
from bot.engine import lessons
from bot.engine.library import step_of
from bot.engine.model import Event, EventKind, Reply, Turn
from bot.engine.postback import Postback, Verb
from bot.engine.scene import Scene, event_about, logged, place_at
from bot.language.matching import Match, Outcome

TRAIL_LIMIT = 60  # steps remembered for going back
# Likeness to a trouble's words. Of `check:` lines, which tell no trouble, 8% reach 0.33 and 44% reach 0.17.
TROUBLE_SURE = 0.33  # from here a text in a step is taken for its trouble
TROUBLE_SURE_WHEN_ASKED = 0.17  # the same after "what goes wrong?"
TROUBLE_HERE = 0.08  # added to the troubles of the step being looked at
GUIDE_OVER_TROUBLE = 0.15  # by this much another guide must fit better to win over a trouble
_VERBS = {"next": Verb.NEXT, "back": Verb.BACK, "stuck": Verb.STUCK, "all": Verb.ALL}


def tapped(scene: Scene, guide: Guide, postback: Postback) -> Turn:
    match postback.verb:
        case Verb.OPEN:
            return lessons.open(scene, guide)
        case Verb.FINISH:
            return _finish(scene, guide)
        case Verb.RATE_YES | Verb.RATE_NO:
            return _rate(scene, guide, postback.verb is Verb.RATE_YES)
        case Verb.RESUME:
            return resume(scene, guide)
    step, notes = _sought(scene, guide, postback.step, postback.index)
    if notes or postback.verb is Verb.GO:
        return _go(scene, guide, step, notes)
    match postback.verb:
        case Verb.NEXT:
            return _next(scene, guide, step)
        case Verb.BACK:
            return _back(scene, guide, step)
        case Verb.STUCK:
            return _ask_trouble(scene, guide, step)
        case Verb.TROUBLE:
            return _help(scene, guide, step, postback.index)
        case Verb.STILL:
            return still_stuck(scene, guide, step)
        case _:
            return _at(scene, guide, step, scene.composer.all_steps(guide, step))


def commanded(scene: Scene, guide: Guide, command: str) -> Turn:
    """What is typed does the same as the button of the step being looked at."""
    if scene.came_back:
        return offer_resume(scene, guide)
    step = scene.step(guide)
    if not scene.session.step_id:  # at the guide's opening, every move on is its first step
        return _go(scene, guide, step) if command == "next" else lessons.open(scene, guide)
    return tapped(scene, guide, Postback(_VERBS[command], guide.id, step.id))


def resume(scene: Scene, guide: Guide) -> Turn:
    session = scene.session
    if session.guide_id != guide.id or not session.step_id:
        return lessons.open(scene, guide)
    step, notes = _sought(scene, guide, session.step_id, session.step_index)
    return _show(scene, guide, step, session.trail, notes)


def offer_resume(scene: Scene, guide: Guide) -> Turn:
    return scene.turn(scene.composer.resume(guide, scene.step(guide), len(scene.session.trail)))


def told_trouble(scene: Scene, text: str, meant: Match) -> Turn | None:
    """Help with the trouble that the text tells of, unless another guide fits clearly better."""
    guide = scene.guide
    if guide is None or not scene.session.step_id:
        return None
    step = scene.step(guide)
    owners = [owner for owner, _ in scene.library.troubles(guide)]
    found = [
        (score + TROUBLE_HERE * (owners[number] == step.id), number)
        for number, score in scene.library.find_troubles(guide, scene.library.normalizer(text))
    ]
    score, number = max(found, default=(0.0, 0))
    if score < (TROUBLE_SURE_WHEN_ASKED if scene.session.stuck else TROUBLE_SURE):
        return None
    other = meant.guides[0] if meant.outcome is Outcome.GUIDE else None
    if other and other.id != guide.id and other.score > score + GUIDE_OVER_TROUBLE:
        return None
    return _help(scene, guide, step, number)


def still_stuck(scene: Scene, guide: Guide, step: Step, text: str = "") -> Turn:
    """No help was found, perhaps for a trouble told in the text: the hotline."""
    events = [event_about(EventKind.STUCK, guide, step)]
    if text:
        events.append(replace(event_about(EventKind.UNANSWERED, guide, step), text=logged(text)))
    return _at(scene, guide, step, scene.composer.still_stuck(guide, step), *events)


def _go(scene: Scene, guide: Guide, step: Step, notes: tuple[Reply, ...] = ()) -> Turn:
    """Show a step; the one that was looked at before is kept for going back."""
    return _show(scene, guide, step, _trail_to(scene, guide, step), notes, scene.left(unless=guide))


def _next(scene: Scene, guide: Guide, step: Step) -> Turn:
    """This step is done. A tap on an older step's button does the same as it did then."""
    if step.choose:
        return _go(scene, guide, step)
    target = guide.targets(step)[0]
    if target == DONE:
        return _finish(scene, guide)
    if other := scene.library.content.lessons.get(target):
        return lessons.open(scene, other)
    here = scene.with_session(guide_id=guide.id, step_id=step.id, trail=_trail_to(scene, guide, step))
    return _go(here, guide, step_of(guide, target, 0)[0])


def _back(scene: Scene, guide: Guide, step: Step) -> Turn:
    trail = _trail_to(scene, guide, step)
    if not trail:
        return lessons.open(scene, guide)
    return _show(scene, guide, step_of(guide, trail[-1], 0)[0], trail[:-1])


def _finish(scene: Scene, guide: Guide) -> Turn:
    reply = lessons.with_way_to_quiz(scene, guide, scene.composer.finished(guide))
    return lessons.finished(scene, guide, reply)


def _rate(scene: Scene, guide: Guide, helped: bool) -> Turn:
    event = replace(event_about(EventKind.RATED, guide), value="yes" if helped else "no")
    menu = scene.composer.menu_button
    if helped:
        return scene.turn(scene.composer.answer("rated_yes", menu), events=(event,))
    return scene.turn(scene.composer.with_hotline("rated_no", guide, menu), events=(event,))


def _ask_trouble(scene: Scene, guide: Guide, step: Step) -> Turn:
    event = event_about(EventKind.STUCK, guide, step)
    return _at(scene, guide, step, scene.composer.ask_trouble(guide, step), event, stuck=True)


def _help(scene: Scene, guide: Guide, step: Step, number: int) -> Turn:
    troubles = scene.library.troubles(guide)
    if number >= len(troubles):  # a button from before an edit
        return _go(scene, guide, step)
    reply = scene.composer.trouble(guide, step, troubles[number][1])
    return _at(scene, guide, step, reply, event_about(EventKind.STUCK, guide, step))


def _sought(scene: Scene, guide: Guide, step_id: str, index: int) -> tuple[Step, tuple[Reply, ...]]:
    """The step, or the nearest one with a note that the guide was changed."""
    step, found = step_of(guide, step_id, index)
    return step, () if found else (scene.composer.answer("guide_changed"),)


def _show(
    scene: Scene,
    guide: Guide,
    step: Step,
    trail: tuple[str, ...],
    notes: tuple[Reply, ...] = (),
    events: tuple[Event, ...] = (),
) -> Turn:
    events = (*events, event_about(EventKind.STEP, guide, step))
    place = _place(guide, step, trail)
    return scene.turn(*notes, scene.composer.step(guide, step, len(trail)), events=events, **place)


def _at(scene: Scene, guide: Guide, step: Step, reply: Reply, *events: Event, stuck: bool = False) -> Turn:
    """An answer at a step, which becomes the place where the conversation stands."""
    place = _place(guide, step, _trail_to(scene, guide, step))
    return scene.turn(reply, events=events, stuck=stuck, **place)


def _place(guide: Guide, step: Step, trail: tuple[str, ...]) -> dict[str, object]:
    return place_at(guide.id, step.id, guide.index(step.id), trail)


def _trail_to(scene: Scene, guide: Guide, step: Step) -> tuple[str, ...]:
    """The steps walked before this one: fewer when it was walked before, one more when it is new."""
    session = scene.session
    if session.guide_id != guide.id:
        return ()
    if step.id in session.trail:
        return session.trail[: session.trail.index(step.id)]
    if session.step_id in ("", step.id):
        return session.trail
    return (*session.trail, session.step_id)[-TRAIL_LIMIT:]
