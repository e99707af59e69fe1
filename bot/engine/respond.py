"""The conversation: one update in, one turn out. Read this first. PURE: no I/O, no clock, no channel.

A tap says by itself what is meant. A text is taken, in this order, as: a secret pasted by mistake, a choice just
offered, a command, a guide's number, despair, trouble at the step being walked, another guide, or unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.content.model import DONE, Guide, Step
from bot.engine import routing
from bot.engine.composing import Composer
from bot.engine.library import Library, step_of
from bot.engine.model import Address, Button, Event, EventKind, Reply, Session, Turn, Update, UpdateKind
from bot.engine.postback import Postback, Verb, parse
from bot.language.matching import Match, Outcome
from bot.language.normalize import fold
from bot.language.redact import contains_secret, redact

RESUME_AFTER = timedelta(hours=4)  # a longer silence means that the person comes back, not that they go on
TRAIL_LIMIT = 60  # steps remembered for going back
# Likeness to a trouble's words. Of `check:` lines, which tell no trouble, 8% reach 0.3 and 43% reach 0.15.
TROUBLE_SURE = 0.3  # from here a text in a step is taken for its trouble
TROUBLE_SURE_WHEN_ASKED = 0.15  # the same after "what goes wrong?"
TROUBLE_HERE = 0.08  # added to the troubles of the step being looked at
GUIDE_OVER_TROUBLE = 0.15  # by this much another guide must fit better to win over a trouble
HANDOFF_MISSES = 2  # texts not understood in a row before a person is offered
UNANSWERED_LIMIT = 300  # characters of an unanswered text that are kept, redacted


def respond(update: Update, session: Session, library: Library, now: datetime) -> Turn:
    """Answer one update. Any update in any session has an answer; nothing is raised."""
    pronoun = library.pronoun(update.text) or session.pronoun
    came_back = session.seen_at is not None and now - session.seen_at > RESUME_AFTER
    scene = Scene(library, replace(session, pronoun=pronoun, seen_at=now), update.address, came_back)
    turn = scene.answer(update)
    taps = [tuple(button for button in reply.buttons if button.postback) for reply in turn.replies]
    offered = taps[-1] if taps else turn.session.offered
    events = tuple(replace(event, volunteer=turn.session.volunteer) for event in turn.events)
    return Turn(replace(turn.session, offered=offered), turn.replies, events)


@dataclass(frozen=True)
class Scene:
    """One update's surroundings: what the moves below need to know."""

    library: Library
    session: Session
    address: Address
    came_back: bool = False

    @property
    def composer(self) -> Composer:
        return Composer(self.library, self.library.voice(self.session.pronoun))

    @property
    def guide(self) -> Guide | None:
        """The guide being walked; None when it is stopped, finished or no longer there."""
        return None if self.session.paused else self.waiting_guide

    @property
    def waiting_guide(self) -> Guide | None:
        return self.library.content.guides.get(self.session.guide_id)

    def step(self, guide: Guide) -> Step:
        return step_of(guide, self.session.step_id, self.session.step_index)[0]

    def turn(self, *replies: Reply, events: tuple[Event, ...] = (), **changes: object) -> Turn:
        """Replies and events; what was being asked is over unless `changes` says otherwise."""
        session = replace(self.session, **{"stuck": False, "misses": 0, **changes})  # type: ignore[arg-type]
        return Turn(session, replies, events)

    # What was done

    def answer(self, update: Update) -> Turn:
        match update.kind:
            case UpdateKind.BUTTON:
                return self.tapped(parse(update.data))
            case UpdateKind.START:
                return self.started(update.data)
            case UpdateKind.TEXT:
                return self.typed(update.text)
            case UpdateKind.LEFT | UpdateKind.WITHDRAWN:
                return Turn(self.session, (), self._left())
            case _ if update.text:  # a caption says more than its picture
                return self.typed(update.text)
            case _:
                return self._keep(self.composer.answer(update.kind.value, *self._ways_on()))

    def started(self, payload: str) -> Turn:
        """The chat was opened, perhaps by a link: "<guide>", "<guide>_<volunteer>" or a guide's number."""
        place, _, volunteer = payload.partition("_")
        guide = self.library.content.guides.get(place)
        if guide is None and place.isdecimal() and len(place) <= 3:
            guide = self.library.content.by_code(int(place))
        if guide:
            volunteer = volunteer if volunteer.replace("-", "").isalnum() and volunteer.isascii() else ""
            scene = replace(self, session=replace(self.session, volunteer=volunteer or self.session.volunteer))
            return scene.open(guide)
        if payload and "_" not in payload and payload in {topic.id for topic in self.library.content.topics}:
            return self.tapped(Postback(Verb.TOPIC, payload))
        if payload:
            return self.turn(self.composer.topics(self._say("guide_gone")))
        if self.waiting_guide and self.session.step_id:
            return self.offer_resume(self.waiting_guide)
        return self.turn(self.composer.topics(self._say("greeting")))

    def tapped(self, postback: Postback | None) -> Turn:
        """A button's own meaning, whatever the session remembers."""
        if postback is None or postback.verb is Verb.MENU:
            return self.menu()
        if postback.verb is Verb.TOPIC:
            topic = self.library.content.topic(postback.place)
            return self._keep(self.composer.topic(topic, postback.index)) if topic else self.menu()
        if postback.verb is Verb.STOP:
            return self.stop()
        guide = self.library.content.guides.get(postback.place)
        if guide is None and (title := self.library.content.planned.get(postback.place)):
            event = Event(EventKind.UNANSWERED, guide=postback.place)
            reply = self.composer.with_hotline("guide_planned", self.guide, *self._ways_on(), title=title)
            return self.turn(reply, events=(event,))
        if guide is None:
            return self._forget(self.composer.topics(self._say("guide_gone")))
        return self._tapped_in(guide, postback)

    def _tapped_in(self, guide: Guide, postback: Postback) -> Turn:
        match postback.verb:
            case Verb.OPEN:
                return self.open(guide)
            case Verb.FINISH:
                return self.finish(guide)
            case Verb.RATE_YES | Verb.RATE_NO:
                return self.rate(guide, postback.verb is Verb.RATE_YES)
            case Verb.RESUME:
                return self.resume(guide)
        step, found = step_of(guide, postback.step, postback.index)
        notes = () if found else (self.composer.answer("guide_changed"),)
        match postback.verb:
            case Verb.GO:
                return self.go(guide, step, notes)
            case _ if not found:
                return self.go(guide, step, notes)
            case Verb.NEXT:
                return self.next(guide, step)
            case Verb.BACK:
                return self.back(guide, step)
            case Verb.STUCK:
                return self.ask_trouble(guide, step)
            case Verb.TROUBLE:
                return self.help(guide, step, postback.index)
            case Verb.STILL:
                return self.still_stuck(guide, step)
            case _:
                return self._at(guide, step, self.composer.all_steps(guide, step))

    # What was said

    def typed(self, text: str) -> Turn:
        if contains_secret(text):
            return self._keep(self.composer.answer("secret", *self._ways_on()))
        if tapped := self._offered(text):
            return self.tapped(parse(tapped.postback))
        meant = routing.understand(text, self.library)
        if meant.outcome is Outcome.COMMAND:
            return self.commanded(meant)
        if (code := routing.code_meant(text, self.library)) is not None:
            return self._keep(self.composer.topics(self._say("no_such_code", number=code)))
        if topic := routing.topic_meant(text, self.library):
            return self._keep(self.composer.topic(topic, 0))
        if self.library.insult_pattern.search(text.lower()):
            return self.calm()
        guide = self.guide
        if guide and self.session.step_id and (trouble := self._trouble(guide, text, meant)) is not None:
            return self.help(guide, self.step(guide), trouble)
        if meant.outcome is Outcome.GUIDE:
            return self.asked(meant)
        if guide and self.session.stuck:
            return self.still_stuck(guide, self.step(guide), text)
        if self.came_back and self.waiting_guide and self.session.step_id:
            return self.offer_resume(self.waiting_guide)
        return self.choose(meant) if meant.outcome is Outcome.CHOICES else self.unknown(text)

    def _offered(self, text: str) -> Button | None:
        """The choice just offered that the text names, by number ("2", "hai") or by its words."""
        number = routing.number_meant(text, self.library)
        if number and number <= len(self.session.offered):
            return self.session.offered[number - 1]
        words = self.library.normalizer.plain(text).folded
        plain = self.library.normalizer.plain
        for button in self.session.offered:
            if plain(button.label).folded == words:
                return button
        guide = self.guide
        if guide is None or not self.step(guide).choose or len(words) > 8:
            return None
        # "máy iphone": in a question with few answers, naming one of them inside a short sentence is enough.
        labels = {fold(label) for label in self.step(guide).options}
        named = [
            button
            for button in self.session.offered
            if fold(button.label) in labels and set(plain(button.label).folded) <= set(words)
        ]
        return named[0] if len(named) == 1 else None

    def commanded(self, meant: Match) -> Turn:
        """ "ok" to "làm tiếp không ạ?" agrees; anywhere else it is the next step."""
        asked = parse(self.session.offered[0].postback) if self.session.offered else None
        if meant.command == "next" and asked and asked.verb is Verb.RESUME:
            return self.tapped(asked)
        if meant.command == routing.CODE_COMMAND:
            return self.asked(meant)
        guide = self.guide
        moves: dict[str, Callable[[], Turn]] = {
            "menu": self.menu,
            "stop": self.stop,
            "address": lambda: self._keep(
                self.composer.answer("address", chat=f"{self.address.channel}:{self.address.user_id}")
            ),
            "help": lambda: self._keep(self.composer.answer("help", *self._ways_on())),
            "thanks": lambda: self._keep(self.composer.answer("thanks")),
            "hello": self.greet,
            "upset": self.calm,
            "resume": lambda: self.resume(self.waiting_guide),
            "restart": lambda: self.open(self.waiting_guide) if self.waiting_guide else self.menu(),
            "yes": lambda: self._yes_or_no(0),
            "no": lambda: self._yes_or_no(1),
        }
        if meant.command in moves:
            return moves[meant.command]()
        if guide is None:
            return self.resume(self.waiting_guide)
        if self.came_back:
            return self.offer_resume(guide)
        step = self.step(guide)
        if not self.session.step_id:  # at the guide's opening, every move on is its first step
            return self.go(guide, step) if meant.command == "next" else self.open(guide)
        in_guide: dict[str, Callable[[], Turn]] = {
            "next": lambda: self.go(guide, step) if step.choose else self.next(guide, step),
            "back": lambda: self.back(guide, step),
            "stuck": lambda: self.ask_trouble(guide, step),
            "all": lambda: self._at(guide, step, self.composer.all_steps(guide, step)),
        }
        return in_guide[meant.command]()

    def asked(self, meant: Match) -> Turn:
        guide = self.library.content.guides[meant.guides[0].id]
        turn = self.open(guide)
        return replace(turn, events=(self._event(EventKind.ASKED, guide), *turn.events))

    def choose(self, meant: Match) -> Turn:
        """Torn: the person chooses. First aid comes first, whatever fits a little better."""
        guides = [self.library.content.guides[one.id] for one in meant.guides]
        guides.sort(key=lambda guide: not guide.urgent)
        return self._keep(self.composer.choices(guides, self._ways_on()[:-1]))

    def unknown(self, text: str) -> Turn:
        misses = self.session.misses + 1
        event = Event(EventKind.UNANSWERED, text=redact(text[:UNANSWERED_LIMIT]))
        phrase = "unknown_again" if misses >= HANDOFF_MISSES else "unknown"
        reply = self.composer.with_hotline(phrase, self.guide, *self._ways_on())
        return self.turn(reply, events=(event,), misses=misses)

    def greet(self) -> Turn:
        if self.waiting_guide and self.session.step_id:
            return self.offer_resume(self.waiting_guide)
        return self.turn(self.composer.topics(self._say("greeting_again" if self.session.version else "greeting")))

    def calm(self) -> Turn:
        """One calm line, and the shortest way out."""
        guide = self.guide
        if guide and self.session.step_id:
            step = self.step(guide)
            walked = len(self.session.trail)
            progress = {"step": walked + 1, "total": walked + guide.longest_way[step.id]}
            return self._keep(self.composer.with_hotline("calm_step", guide, *self._ways_on(), **progress))
        return self._keep(self.composer.with_hotline("calm", None, *self._ways_on()))

    def _yes_or_no(self, position: int) -> Turn:
        """An answer to a question just asked; without one there is nothing to agree to."""
        offered = self.session.offered[: position + 1]
        asked = [parse(button.postback) for button in self.session.offered[:2]]
        questions = {Verb.RATE_YES, Verb.RESUME, Verb.STILL}
        if len(offered) > position and any(one and one.verb in questions for one in asked):
            return self.tapped(parse(offered[position].postback))
        return self._keep(self.composer.answer("help", *self._ways_on()))

    # Moves

    def menu(self) -> Turn:
        return self._pause(self.composer.topics(self._say("topics_title")))

    def open(self, guide: Guide) -> Turn:
        events = (*self._left(unless=guide), self._event(EventKind.OPENED, guide))
        changes = {"guide_id": guide.id, "step_id": "", "step_index": 0, "trail": (), "paused": False}
        return self.turn(self.composer.opening(guide), events=events, **changes)

    def go(self, guide: Guide, step: Step, notes: tuple[Reply, ...] = ()) -> Turn:
        """Show a step; the one that was looked at before is kept for going back."""
        events = () if self._is_in(guide) else self._left()
        return self._show(guide, step, self._trail_to(guide, step), notes, events)

    def next(self, guide: Guide, step: Step) -> Turn:
        """This step is done. A tap on an older step's button does the same as it did then."""
        target = guide.targets(step)[0]
        if step.choose:
            return self.go(guide, step)
        if target == DONE:
            return self.finish(guide)
        if other := self.library.content.guides.get(target):
            return self.open(other)
        place = {"guide_id": guide.id, "step_id": step.id, "trail": self._trail_to(guide, step)}
        here = replace(self, session=replace(self.session, **place))  # type: ignore[arg-type]
        return here.go(guide, step_of(guide, target, 0)[0])

    def back(self, guide: Guide, step: Step) -> Turn:
        trail = self._trail_to(guide, step)
        if not trail:
            return self.open(guide)
        return self._show(guide, step_of(guide, trail[-1], 0)[0], trail[:-1])

    def finish(self, guide: Guide) -> Turn:
        return self._forget(self.composer.finished(guide), events=(self._event(EventKind.FINISHED, guide),))

    def rate(self, guide: Guide, helped: bool) -> Turn:
        event = replace(self._event(EventKind.RATED, guide), value="yes" if helped else "no")
        menu = self.composer.menu_button
        if helped:
            return self.turn(self.composer.answer("rated_yes", menu), events=(event,))
        return self.turn(self.composer.with_hotline("rated_no", guide, menu), events=(event,))

    def ask_trouble(self, guide: Guide, step: Step) -> Turn:
        turn = self._at(guide, step, self.composer.ask_trouble(guide, step), self._event(EventKind.STUCK, guide, step))
        return replace(turn, session=replace(turn.session, stuck=True))

    def help(self, guide: Guide, step: Step, number: int) -> Turn:
        troubles = self.library.troubles(guide)
        if number >= len(troubles):  # a button from before an edit
            return self.go(guide, step)
        reply = self.composer.trouble(guide, step, troubles[number][1])
        return self._at(guide, step, reply, self._event(EventKind.STUCK, guide, step))

    def still_stuck(self, guide: Guide, step: Step, text: str = "") -> Turn:
        events = [self._event(EventKind.STUCK, guide, step)]
        if text:
            unanswered = self._event(EventKind.UNANSWERED, guide, step)
            events.append(replace(unanswered, text=redact(text[:UNANSWERED_LIMIT])))
        return self._at(guide, step, self.composer.still_stuck(guide, step), *events)

    def stop(self) -> Turn:
        if self.guide is None:
            return self._keep(self.composer.answer("nothing_to_stop", self.composer.menu_button))
        reply = self.composer.answer("stopped", self.composer.menu_button)
        return self._pause(reply, events=self._left())

    def resume(self, guide: Guide | None) -> Turn:
        if guide is None:
            return self.menu()
        if not self._is_in(guide) or not self.session.step_id:
            return self.open(guide)
        step, found = step_of(guide, self.session.step_id, self.session.step_index)
        notes = () if found else (self.composer.answer("guide_changed"),)
        return self._show(guide, step, self.session.trail, notes)

    def offer_resume(self, guide: Guide) -> Turn:
        step = self.step(guide)
        walked = len(self.session.trail)
        reply = self.composer.answer(
            "resume",
            self.composer.button(self._say("button_resume"), Verb.RESUME, guide.id),
            self.composer.button(self._say("button_something_else"), Verb.MENU),
            title=guide.title,
            step=walked + 1,
            total=walked + guide.longest_way[step.id],
        )
        return self._keep(reply)

    # Pieces

    def _show(
        self,
        guide: Guide,
        step: Step,
        trail: tuple[str, ...],
        notes: tuple[Reply, ...] = (),
        events: tuple[Event, ...] = (),
    ) -> Turn:
        reply = self.composer.step(guide, step, len(trail))
        return self.turn(
            *notes,
            reply,
            events=(*events, self._event(EventKind.STEP, guide, step)),
            guide_id=guide.id,
            step_id=step.id,
            step_index=guide.index(step.id),
            trail=trail,
            paused=False,
        )

    def _trail_to(self, guide: Guide, step: Step) -> tuple[str, ...]:
        """The steps walked before this one: fewer when it was walked before, one more when it is new."""
        session = self.session
        if not self._is_in(guide):
            return ()
        if step.id in session.trail:
            return session.trail[: session.trail.index(step.id)]
        if session.step_id in ("", step.id):
            return session.trail
        return (*session.trail, session.step_id)[-TRAIL_LIMIT:]

    def _at(self, guide: Guide, step: Step, reply: Reply, *events: Event) -> Turn:
        """An answer at a step, which becomes the place where the conversation stands."""
        trail = self._trail_to(guide, step)
        place = {"guide_id": guide.id, "step_id": step.id, "step_index": guide.index(step.id), "trail": trail}
        return self.turn(reply, events=events, paused=False, **place)

    def _keep(self, reply: Reply) -> Turn:
        return self.turn(reply)

    def _pause(self, reply: Reply, events: tuple[Event, ...] = ()) -> Turn:
        return self.turn(reply, events=events, paused=bool(self.session.guide_id))

    def _forget(self, reply: Reply, events: tuple[Event, ...] = ()) -> Turn:
        return self.turn(reply, events=events, guide_id="", step_id="", step_index=0, trail=(), paused=False)

    def _is_in(self, guide: Guide) -> bool:
        return self.session.guide_id == guide.id

    def _ways_on(self) -> tuple[Button, ...]:
        """Back to the step being walked, if any, and the menu."""
        guide = self.guide
        back = (self.composer.resume_button(guide, self.step(guide)),) if guide and self.session.step_id else ()
        return (*back, self.composer.menu_button)

    def _trouble(self, guide: Guide, text: str, meant: Match) -> int | None:
        """The number of the trouble that the text tells, unless another guide fits clearly better."""
        here = self.step(guide).id
        owners = [owner for owner, _ in self.library.troubles(guide)]
        found = [
            (score + TROUBLE_HERE * (owners[number] == here), number)
            for number, score in self.library.find_troubles(guide, self.library.normalizer(text))
        ]
        if not found:
            return None
        score, number = max(found)
        if score < (TROUBLE_SURE_WHEN_ASKED if self.session.stuck else TROUBLE_SURE):
            return None
        other = meant.guides[0] if meant.outcome is Outcome.GUIDE else None
        wins = other is not None and other.id != guide.id and other.score > score + GUIDE_OVER_TROUBLE
        return None if wins else number

    def _event(self, kind: EventKind, guide: Guide, step: Step | None = None) -> Event:
        return Event(kind, topic=guide.topic, guide=guide.id, step=step.id if step else "")

    def _left(self, unless: Guide | None = None) -> tuple[Event, ...]:
        """The event of leaving the guide being walked before its end."""
        guide = self.guide
        if guide is None or guide == unless or not self.session.step_id:
            return ()
        return (self._event(EventKind.LEFT, guide, self.step(guide)),)

    def _say(self, phrase: str, /, **values: object) -> str:
        return self.composer.answer(phrase, **values).text
