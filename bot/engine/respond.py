"""The conversation: one update in, one turn out. Read this first. PURE: no I/O, no clock, no channel.

A tap says by itself what is meant. A text is taken, in this order, as: a trap passed on to be judged, a secret pasted
by mistake, a choice just offered, an answer in a quiz, something else to be judged, a command, a guide's number,
despair, trouble at the step being walked, another guide, or unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.content.lookups import Term
from bot.content.model import DONE, Askable, Guide, LearningPath, Quiz, QuizItem, Step
from bot.engine import quizzing, routing
from bot.engine.composing_learning import LearningComposer, before_menu
from bot.engine.library import Library, step_of
from bot.engine.model import Address, Button, Event, EventKind, Reply, Round, Session, Turn, Update, UpdateKind
from bot.engine.paths import Progress, progress, with_finished
from bot.engine.places import Place
from bot.engine.postback import Postback, Verb, parse
from bot.language.matching import Match, Outcome
from bot.language.normalize import fold
from bot.language.redact import contains_secret, redact
from bot.safety.codes import Code, CodeKind, read_code
from bot.safety.model import ACCUSED, Judgement, Verdict

RESUME_AFTER = timedelta(hours=4)  # a longer silence means that the person comes back, not that they go on
TRAIL_LIMIT = 60  # steps remembered for going back
# Likeness to a trouble's words. Of `check:` lines, which tell no trouble, 8% reach 0.3 and 43% reach 0.15.
TROUBLE_SURE = 0.3  # from here a text in a step is taken for its trouble
TROUBLE_SURE_WHEN_ASKED = 0.15  # the same after "what goes wrong?"
TROUBLE_HERE = 0.08  # added to the troubles of the step being looked at
GUIDE_OVER_TROUBLE = 0.15  # by this much another guide must fit better to win over a trouble
HANDOFF_MISSES = 2  # texts not understood in a row before a person is offered
PLACES_SHOWN = 8  # communes of one name offered at once: no former district became more
CODES_SHOWN = 3  # QR codes of one picture that are told of
UNANSWERED_LIMIT = 300  # characters of an unanswered text that are kept, redacted


def respond(update: Update, session: Session, library: Library, now: datetime) -> Turn:
    """Answer one update. Any update in any session has an answer; nothing is raised."""
    own_text = "" if update.is_passed_on else update.text
    pronoun = library.pronoun(own_text) or session.pronoun
    came_back = session.seen_at is not None and now - session.seen_at > RESUME_AFTER
    scene = Scene(library, replace(session, pronoun=pronoun, seen_at=now), update.address, came_back)
    turn = scene.answer(update)
    taps = [tuple(button for button in reply.buttons if button.postback) for reply in turn.replies]
    offered = next(filter(None, reversed(taps)), ()) if taps else turn.session.offered
    events = tuple(replace(event, volunteer=turn.session.volunteer) for event in turn.events)
    look = (Reply("", looks_at=replace(update, text="")),) if update.picture else ()
    return Turn(replace(turn.session, offered=offered), turn.replies + look, events)


@dataclass(frozen=True)
class Scene:
    """One update's surroundings: what the moves below need to know."""

    library: Library
    session: Session
    address: Address
    came_back: bool = False

    @property
    def composer(self) -> LearningComposer:
        return LearningComposer(self.library, self.library.voice(self.session.pronoun))

    @property
    def guide(self) -> Guide | None:
        """The guide being walked; None when it is stopped, finished or no longer there."""
        return None if self.session.paused else self.library.content.guides.get(self.session.guide_id)

    @property
    def quiz(self) -> Quiz | None:
        """The quiz being done, in the same sense."""
        return None if self.session.paused else self.library.content.quizzes.get(self.session.guide_id)

    @property
    def waiting(self) -> Guide | Quiz | None:
        """The guide or quiz that waits for "làm tiếp", or is being walked."""
        return self.library.content.lessons.get(self.session.guide_id)

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
                return self.typed(update)
            case UpdateKind.SCANNED if update.codes:
                return self.scanned(update)
            case UpdateKind.LEFT | UpdateKind.WITHDRAWN:
                return Turn(self.session, (), self._left())
            case _ if update.text:  # a caption says more than its picture
                return self.typed(update)
            case UpdateKind.SCANNED:
                return self._keep(self.composer.answer("picture", *self._ways_on()))
            case _:
                return self._keep(self.composer.answer(update.kind.value, *self._ways_on()))

    def started(self, payload: str) -> Turn:
        """The chat was opened, perhaps by a link: "<guide>", "<guide>_<volunteer>" or a guide's number."""
        place, _, volunteer = payload.partition("_")
        guide = self.library.askable.get(place)
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
        if self.waiting and self.session.step_id:
            return self.offer_resume(self.waiting)
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
        if postback.verb is Verb.PLACE:
            is_there = postback.place in self.library.content.knowledge.communes
            return self.placed((Place(postback.place),)) if is_there else self.menu()
        if postback.verb in (Verb.PATHS, Verb.PATH, Verb.PATH_ALL):
            return self._tapped_path(postback)
        if quiz := self.library.content.quizzes.get(postback.place):
            return self._tapped_in_quiz(quiz, postback)
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

    def typed(self, update: Update) -> Turn:
        text = update.text
        meant = routing.understand(text, self.library)
        is_walking = bool(self.guide and self.session.step_id)
        judgement = routing.suspicion(text, meant, self.library, is_walking, update.is_passed_on)
        if judgement and judgement.verdict in ACCUSED:
            return self.inspected(text, judgement)
        if contains_secret(text):
            return self._hide(update, "secret")
        if judgement and update.is_passed_on:
            return self.inspected(text, judgement)
        if tapped := self._offered(text):
            return self.tapped(parse(tapped.postback))
        if (quiz := self.quiz) and (item := self._item_asked(quiz)) and (guess := self.library.verdicts.meaning(text)):
            return self.guess(quiz, item, guess)
        if judgement:
            return self.inspected(text, judgement)
        if meant.outcome is Outcome.COMMAND:
            return self.commanded(meant)
        if (code := routing.code_meant(text, self.library)) is not None:
            return self._keep(self.composer.topics(self._say("no_such_code", number=code)))
        if topic := routing.topic_meant(text, self.library):
            return self._keep(self.composer.topic(topic, 0))
        if told := self.looked_up(text):
            return told
        if self.library.insult_pattern.search(text.lower()):
            return self.calm()
        guide = self.guide
        if guide and self.session.step_id and (trouble := self._trouble(guide, text, meant)) is not None:
            return self.help(guide, self.step(guide), trouble)
        if meant.outcome is Outcome.GUIDE:
            return self.asked(meant)
        if guide and self.session.stuck:
            return self.still_stuck(guide, self.step(guide), text)
        if self.came_back and self.waiting and self.session.step_id:
            return self.offer_resume(self.waiting)
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
            "inspect": lambda: self._keep(self.composer.answer("inspect_ask", *self._ways_on())),
            "address": lambda: self._keep(
                self.composer.answer("address", chat=f"{self.address.channel}:{self.address.user_id}")
            ),
            "help": lambda: self._keep(self.composer.answer("help", *self._ways_on())),
            "thanks": lambda: self._keep(self.composer.answer("thanks")),
            "paths": lambda: self._tapped_path(Postback(Verb.PATHS)),
            "hello": self.greet,
            "upset": self.calm,
            "resume": lambda: self.resume(self.waiting),
            "restart": lambda: self.open(self.waiting) if self.waiting else self.menu(),
            "yes": lambda: self._yes_or_no(0),
            "no": lambda: self._yes_or_no(1),
        }
        if meant.command in moves:
            return moves[meant.command]()
        if quiz := self.quiz:
            return self._commanded_in_quiz(quiz, meant.command)
        if guide is None:
            return self.resume(self.waiting)
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
        asked = self.library.askable[meant.guides[0].id]
        turn = self.open(asked)
        return replace(turn, events=(self._event(EventKind.ASKED, asked), *turn.events))

    def inspected(self, text: str, judgement: Judgement) -> Turn:
        """What the scam check says. The place in a guide is kept."""
        kept = redact(text[:UNANSWERED_LIMIT])
        event = Event(EventKind.INSPECTED, value=judgement.verdict, text=kept)
        return self.turn(self.composer.judged(judgement, self._ways_on()), events=(event,))

    def scanned(self, update: Update) -> Turn:
        """What the QR codes of a picture hold, the worst first. The place in a guide is kept."""
        codes = [read_code(content) for content in update.codes[:CODES_SHOWN]]
        if any(code.kind is CodeKind.PRIVATE for code in codes):
            return self._hide(update, "qr_private")
        judged = [(code, self.library.inspect(code.text) if code.text else None) for code in codes]
        judged.sort(key=_badness, reverse=True)
        replies = [self.composer.code(code, judgement, self._ways_on()) for code, judgement in judged]
        events = [
            Event(EventKind.INSPECTED, value=judgement.verdict, text=redact(code.text[:UNANSWERED_LIMIT]))
            for code, judgement in judged
            if judgement
        ]
        return self.turn(*replies, events=tuple(events))

    def _hide(self, update: Update, phrase: str) -> Turn:
        """A secret: nothing of it is kept, and it should not stay in the chat either."""
        return self._keep(replace(self.composer.answer(phrase, *self._ways_on()), takes_away=update.message))

    def choose(self, meant: Match) -> Turn:
        """Torn: the person chooses. First aid comes first, whatever fits a little better."""
        asked = [self.library.askable[one.id] for one in meant.guides]
        asked.sort(key=lambda one: not self.library.is_urgent(one.id))
        return self._keep(self.composer.choices(asked, self._ways_on()[:-1]))

    def looked_up(self, text: str) -> Turn | None:
        """What a word means, or where a commune's papers go, if that is all that is asked. The place is kept."""
        if term := routing.term_meant(text, self.library):
            return self.explained(term)
        if places := routing.places_meant(text, self.library):
            return self.placed(places)
        is_walking = self.guide and self.session.step_id
        return self.placed(()) if not is_walking and self.library.placeless.meaning(text) else None

    def explained(self, term: Term) -> Turn:
        guide = self.library.content.guides.get(term.guide)
        events = (self._event(EventKind.ASKED, guide),) if guide else ()
        return self.turn(self.composer.term(term, self.guide, self._ways_on("button_here")), events=events)

    def placed(self, places: tuple[Place, ...]) -> Turn:
        """Where one commune's papers go; which of several is meant; or a request for a name that tells more."""
        back = self._ways_on("button_here")
        knowledge = self.library.content.knowledge
        guide = self.library.content.guides.get(knowledge.questions.places.guide)
        events = (self._event(EventKind.ASKED, guide),) if guide else ()
        if len(places) == 1:
            return self.turn(self.composer.place(places[0], back), events=events)
        if 1 < len(places) <= PLACES_SHOWN:
            return self.turn(self.composer.which_place(places, back), events=events)
        return self.turn(self.composer.place_nameless(back), events=events)

    def unknown(self, text: str) -> Turn:
        if term := routing.term_named(text, self.library):
            return self.explained(term)
        misses = self.session.misses + 1
        event = Event(EventKind.UNANSWERED, text=redact(text[:UNANSWERED_LIMIT]))
        first = "unknown_matter" if self.library.is_matter(text) else "unknown"
        phrase = "unknown_again" if misses >= HANDOFF_MISSES else first
        reply = self.composer.with_hotline(phrase, self.guide, *self._ways_on())
        return self.turn(reply, events=(event,), misses=misses)

    def greet(self) -> Turn:
        if self.waiting and self.session.step_id:
            return self.offer_resume(self.waiting)
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
        if (quiz := self.quiz) and (item := self._item_asked(quiz)):
            return self._keep(self.composer.quiz_guess(quiz, item))
        return self._keep(self.composer.answer("help", *self._ways_on()))

    # Moves

    def menu(self) -> Turn:
        return self._pause(self.composer.topics(self._say("topics_title")))

    def open(self, asked: Askable) -> Turn:
        if isinstance(asked, LearningPath):
            return self.open_path(asked)
        events = (*self._left(unless=asked), self._event(EventKind.OPENED, asked))
        changes = {"guide_id": asked.id, "step_id": "", "step_index": 0, "trail": (), "paused": False}
        if isinstance(asked, Quiz):
            reply = self.composer.quiz_opening(asked)
        else:
            reply = before_menu(self.composer.opening(asked), *self._to_quiz(asked))
        return self.turn(reply, events=events, **changes)

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
        if other := self.library.content.lessons.get(target):
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
        return self._finished(guide, before_menu(self.composer.finished(guide), *self._to_quiz(guide)))

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
        if self.guide is None and self.quiz is None:
            return self._keep(self.composer.answer("nothing_to_stop", self.composer.menu_button))
        reply = self.composer.answer("stopped", self.composer.menu_button)
        return self._pause(reply, events=self._left())

    def resume(self, guide: Guide | Quiz | None) -> Turn:
        if guide is None:
            path = self.library.content.paths.get(self.session.path)
            return self.open_path(path) if path else self.menu()
        if isinstance(guide, Quiz):
            is_under_way = quizzing.is_under_way(self.session.round, guide)
            return self.go_on(guide) if is_under_way else self.open(guide)
        if not self._is_in(guide) or not self.session.step_id:
            return self.open(guide)
        step, found = step_of(guide, self.session.step_id, self.session.step_index)
        notes = () if found else (self.composer.answer("guide_changed"),)
        return self._show(guide, step, self.session.trail, notes)

    def offer_resume(self, guide: Guide | Quiz) -> Turn:
        if isinstance(guide, Quiz):
            return self._keep(self.composer.quiz_resume(guide, self.session.round))
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

    # A quiz

    def _tapped_in_quiz(self, quiz: Quiz, postback: Postback) -> Turn:
        """An item that an edit took away is passed over."""
        item = quiz.item(postback.step)
        round_ = self.session.round
        match postback.verb:
            case Verb.OPEN:
                return self.open(quiz)
            case Verb.ROUND:
                return self.ask(quiz, quizzing.begun(round_, quiz, postback.index))
            case Verb.THAT | Verb.LUA if item:
                return self.guess(quiz, item, "that" if postback.verb is Verb.THAT else "lua")
            case Verb.READ if item and (behind := self.library.content.lessons.get(item.guide)):
                # Reading is part of the exercise, which is not left by it.
                return replace(self, session=replace(self.session, guide_id="")).open(behind)
            case Verb.RESUME | Verb.FINISH:
                return self.resume(quiz)
        return self.go_on(quiz)

    def _commanded_in_quiz(self, quiz: Quiz, command: str) -> Turn:
        item = self._item_asked(quiz)
        if item and self.came_back:
            return self.offer_resume(quiz)
        if item and command != "next":
            return self._keep(self.composer.quiz_guess(quiz, item))
        return self.go_on(quiz)

    def go_on(self, quiz: Quiz) -> Turn:
        """The next item, or the score; without a round under way, the first item of a new one."""
        round_ = self.session.round
        if not quizzing.is_under_way(round_, quiz):
            round_ = quizzing.begun(round_, quiz)
        return self.ask(quiz, round_) if quizzing.ahead(round_, quiz) else self.score(quiz, round_)

    def ask(self, quiz: Quiz, round_: Round) -> Turn:
        item = quizzing.ahead(round_, quiz)[0]
        events = () if self.session.guide_id == quiz.id else self._left()
        events = (*events, self._event(EventKind.STEP, quiz, item))
        return self._at_item(quiz, item, round_, self.composer.quiz_item(quiz, item, round_), events)

    def guess(self, quiz: Quiz, item: QuizItem, guess: str) -> Turn:
        """Right or wrong, and why."""
        is_right = guess == item.truth
        round_ = quizzing.answered(self.session.round, quiz, item, is_right)
        is_last = quizzing.is_under_way(round_, quiz) and not quizzing.ahead(round_, quiz)
        return self._at_item(quiz, item, round_, self.composer.quiz_answer(quiz, item, is_right, is_last))

    def score(self, quiz: Quiz, round_: Round) -> Turn:
        return self._finished(quiz, self.composer.quiz_score(quiz, round_), round=quizzing.over(round_, quiz))

    def _at_item(self, quiz: Quiz, item: QuizItem, round_: Round, reply: Reply, events: tuple[Event, ...] = ()) -> Turn:
        place = {"guide_id": quiz.id, "step_id": item.id, "step_index": 0, "trail": (), "paused": False}
        return self.turn(reply, events=events, round=round_, **place)

    def _item_asked(self, quiz: Quiz) -> QuizItem | None:
        """The item that waits for an answer."""
        waiting = quizzing.ahead(self.session.round, quiz) if quizzing.is_under_way(self.session.round, quiz) else ()
        return next((item for item in waiting if item.id == self.session.step_id), None)

    def _to_quiz(self, guide: Guide) -> tuple[Button, ...]:
        """Back to the round under way, where this guide stands behind one of its items."""
        round_ = self.session.round
        quiz = self.library.content.quizzes.get(round_.quiz_id)
        is_behind = quiz and any(item.guide == guide.id for item in quizzing.items_of(round_, quiz))
        return (self.composer.quiz_button(quiz),) if quiz and is_behind else ()

    # A learning path

    def _tapped_path(self, postback: Postback) -> Turn:
        path = self.library.content.paths.get(postback.place)
        if path and postback.verb is Verb.PATH:
            return self.open_path(path)
        if path:
            return self._keep(self.composer.path_all(self._progress(path)))
        followed = self.library.content.paths.get(self.session.path)
        return self._keep(self.composer.paths(self._progress(followed) if followed else None))

    def open_path(self, path: LearningPath) -> Turn:
        """This is the path followed from now on. A guide begun waits."""
        turn = self._pause(self.composer.path(self._progress(path)), events=(self._event(EventKind.OPENED, path),))
        return replace(turn, session=replace(turn.session, path=path.id))

    def _finished(self, lesson: Guide | Quiz, reply: Reply, **changes: object) -> Turn:
        """The end of a guide or a round; on the path followed, with what comes next."""
        learnt = with_finished(self.session.finished, lesson, self.library.content)
        here = replace(self, session=replace(self.session, finished=learnt, **changes))  # type: ignore[arg-type]
        path = self.library.content.paths.get(self.session.path)
        is_on_path = path is not None and lesson.id in path.guides
        replies = self.composer.on_path(reply, here._progress(path)) if path and is_on_path else (reply,)
        return here._forget(*replies, events=(self._event(EventKind.FINISHED, lesson),))

    def _progress(self, path: LearningPath) -> Progress:
        return progress(path, self.session.finished, self.library.content)

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

    def _forget(self, *replies: Reply, events: tuple[Event, ...] = ()) -> Turn:
        return self.turn(*replies, events=events, guide_id="", step_id="", step_index=0, trail=(), paused=False)

    def _is_in(self, guide: Guide) -> bool:
        return self.session.guide_id == guide.id

    def _ways_on(self, label: str = "button_resume") -> tuple[Button, ...]:
        """Back to the step being walked or the quiz being done, if any, and the menu."""
        back: tuple[Button, ...] = ()
        if self.session.step_id and (guide := self.guide):
            back = (self.composer.step_button(label, Verb.GO, guide, self.step(guide)),)
        elif self.session.step_id and (quiz := self.quiz):
            back = (self.composer.quiz_button(quiz),)
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

    def _event(self, kind: EventKind, asked: Askable, step: Step | QuizItem | None = None) -> Event:
        topic = "" if isinstance(asked, LearningPath) else asked.topic
        return Event(kind, topic=topic, guide=asked.id, step=step.id if step else "")

    def _left(self, unless: Guide | Quiz | None = None) -> tuple[Event, ...]:
        """The event of leaving the guide or quiz being walked before its end."""
        if not self.session.step_id:
            return ()
        if (quiz := self.quiz) and quiz != unless:
            return (self._event(EventKind.LEFT, quiz, quiz.item(self.session.step_id)),)
        if (guide := self.guide) and guide != unless:
            return (self._event(EventKind.LEFT, guide, self.step(guide)),)
        return ()

    def _say(self, phrase: str, /, **values: object) -> str:
        return self.composer.answer(phrase, **values).text


def _badness(judged: tuple[Code, Judgement | None]) -> int:
    """What is no matter of the scam check, as a payment, is as good as not known."""
    verdict = judged[1].verdict if judged[1] else Verdict.UNKNOWN
    return list(Verdict).index(verdict)
