"""Guides and phrases to replies, in no channel's dialect. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.content.lookups import Term
from bot.content.model import DONE, Askable, Guide, Hotline, LearningPath, Quiz, Step, Topic, Trouble
from bot.engine.library import Library, Voice, capital
from bot.engine.model import Button, Reply
from bot.engine.places import Place
from bot.engine.postback import Postback, Verb
from bot.safety.codes import Code, CodeKind
from bot.safety.model import ACCUSED, Judgement, Verdict

PAGE = 8  # guides of a topic shown at once: what fits a small phone without much scrolling
TROUBLES_SHOWN = 4
REASONS_SHOWN = 3
_CIRCLED = "①②③④⑤⑥⑦⑧⑨"


@dataclass(frozen=True)
class Composer:
    """Says things in the assistant's words to one person."""

    library: Library
    voice: Voice

    # Buttons

    def button(self, label: str, verb: Verb, place: str = "", step: str = "", index: int = 0) -> Button:
        return Button(label, postback=str(Postback(verb, place, step, index)))

    @property
    def menu_button(self) -> Button:
        return self.button(self._say("button_menu"), Verb.MENU)

    def open_button(self, asked: Askable) -> Button:
        verb = Verb.PATH if isinstance(asked, LearningPath) else Verb.OPEN
        return self.button(asked.title, verb, asked.id)

    def call_button(self, hotline: Hotline) -> Button:
        return Button(self._say("button_call", name=hotline.name), phone=hotline.number.replace(" ", ""))

    def step_button(self, label: str, verb: Verb, guide: Guide, step: Step) -> Button:
        return self.button(self._say(label), verb, guide.id, step.id, guide.index(step.id))

    # Menus

    def topics(self, phrase: str, /, **values: object) -> Reply:
        """All topics to choose from, below a phrase."""
        topics = [topic for topic in self.library.content.topics if topic.guides]
        text = self._say(phrase, **values)
        return Reply(text, tuple(self.button(topic.title, Verb.TOPIC, topic.id) for topic in topics))

    def topic(self, topic: Topic, page: int) -> Reply:
        guides = list(self.library.content.guides_of(topic))
        start = page * PAGE if page * PAGE < len(guides) else 0
        buttons = [self.open_button(guide) for guide in guides[start : start + PAGE]]
        if topic.paths and not start:
            buttons.insert(0, self.button(self._say("button_paths"), Verb.PATHS))
        if self._hurt_guide in guides:
            buttons.insert(0, self._hurt_button)
        buttons += [self.open_button(quiz) for quiz in self.library.content.quizzes_of(topic)]
        if start + PAGE < len(guides):
            buttons.append(self.button(self._say("button_more"), Verb.TOPIC, topic.id, index=start // PAGE + 1))
        text = self._say("topic_title", title=topic.title, summary=topic.summary)
        return Reply(text, (*buttons, self.menu_button), replaces=True)

    def choices(self, guides: Iterable[Askable], extra: Sequence[Button] = ()) -> Reply:
        buttons = [self.open_button(guide) for guide in guides]
        return Reply(self._say("torn" if len(buttons) > 1 else "torn_one"), (*buttons, *extra, self.menu_button))

    # A guide

    def opening(self, guide: Guide) -> Reply:
        """Danger first: where there is something to do at once, it stands before everything else."""
        lines = []
        buttons = [self.button(self._say("button_start"), Verb.GO, guide.id, guide.steps[0].id)]
        if guide.urgent:
            lines.append(self._say("urgent", title=guide.title, lines=_circled(guide.urgent)))
            lines.append(guide.summary)
            buttons += [self.call_button(hotline) for hotline in self._hotlines(guide.hotline)]
            buttons += [self.open_button(other) for other in self._related(guide)[:1]]
        else:
            total = guide.longest_way[guide.steps[0].id]
            lines.append(
                self._say("opening", title=guide.title, summary=guide.summary, minutes=guide.minutes, total=total)
            )
            if guide.prepare:
                lines.append(self._say("opening_prepare", lines="; ".join(line.rstrip(".") for line in guide.prepare)))
        return Reply(self._fill("\n".join(lines)), (*buttons, self.menu_button), replaces=True)

    def step(self, guide: Guide, step: Step, walked: int) -> Reply:
        """`walked`: how many steps lie behind, for the progress."""
        lines = [self._say("step", say=step.say or step.choose, **_place(guide, step, walked))]
        if step.see:
            lines.append(self._say("step_see", see=step.see))
        buttons = [self._option_button(guide, label, target) for label, target in step.options.items()]
        if step.link:
            buttons.append(Button(step.link.label, url=step.link.url))
        buttons += [self.call_button(hotline) for hotline in self._hotlines(step.call)]
        if not step.choose:
            buttons.append(self.step_button("button_next", Verb.NEXT, guide, step))
        buttons.append(self.step_button("button_stuck", Verb.STUCK, guide, step))
        buttons.append(self.step_button("button_back", Verb.BACK, guide, step))
        if self._hurt_guide and guide.urgent and guide != self._hurt_guide:
            if self._hurt_guide.id not in step.options.values():
                buttons.append(self._hurt_button)
        elif not step.choose:
            buttons.append(self.step_button("button_all", Verb.ALL, guide, step))
        text = self._fill("\n".join(lines))
        return Reply(text, (*buttons, self.menu_button), picture=step.picture, replaces=True)

    @property
    def _hurt_guide(self) -> Guide | None:
        """First aid for who fell for a trap already: one tap away wherever traps are spoken of."""
        return self.library.content.guides.get(self.library.content.knowledge.safety.messages.hurt)

    @property
    def _hurt_button(self) -> Button:
        return self.button(self._say("button_hurt"), Verb.OPEN, self.library.content.knowledge.safety.messages.hurt)

    def _option_button(self, guide: Guide, label: str, target: str) -> Button:
        if guide.step(target):
            return self.button(label, Verb.GO, guide.id, target, guide.index(target))
        if target == DONE:
            return self.button(label, Verb.FINISH, guide.id)
        return self.button(label, Verb.OPEN, target)

    def finished(self, guide: Guide) -> Reply:
        lines = [self._say("finished", say=guide.done)]
        lines += [self._say("warn", text=text) for text in guide.warn[:1]]
        lines.append(self._say("rating"))
        buttons = [
            self.button(self._say("button_yes"), Verb.RATE_YES, guide.id),
            self.button(self._say("button_no"), Verb.RATE_NO, guide.id),
            *(self.open_button(other) for other in self._related(guide)),
        ]
        return Reply(self._fill("\n".join(lines)), (*buttons, self.menu_button), replaces=True)

    def all_steps(self, guide: Guide, step: Step) -> Reply:
        lines = [f"{number}. {one.say or one.choose}" for number, one in enumerate(guide.steps, 1)]
        text = self._say("all_steps", title=guide.title, total=len(lines), lines="\n".join(lines))
        return Reply(self._fill(text), (self.step_button("button_here", Verb.GO, guide, step), self.menu_button))

    def resume(self, guide: Guide, step: Step, walked: int) -> Reply:
        going_on = self.button(self._say("button_resume"), Verb.RESUME, guide.id)
        other = self.button(self._say("button_something_else"), Verb.MENU)
        return self.answer("resume", going_on, other, title=guide.title, **_place(guide, step, walked))

    # Trouble

    def ask_trouble(self, guide: Guide, step: Step) -> Reply:
        known = [
            self.button(capital(trouble.ask[0]), Verb.TROUBLE, guide.id, step.id, number)
            for number, (owner, trouble) in enumerate(self.library.troubles(guide))
            if owner in (step.id, "")
        ]
        buttons = (*known[:TROUBLES_SHOWN], self.step_button("button_here", Verb.GO, guide, step), self.menu_button)
        return Reply(self._say("ask_trouble"), buttons)

    def trouble(self, guide: Guide, step: Step, trouble: Trouble) -> Reply:
        buttons = [self.step_button("button_seen", Verb.GO, guide, step)]
        if trouble.goto and (other := self.library.content.lessons.get(trouble.goto)):
            buttons.append(self.open_button(other))
        elif trouble.goto and (target := guide.step(trouble.goto)):
            buttons = [self.step_button("button_seen", Verb.GO, guide, target)]
        buttons.append(self.step_button("button_still", Verb.STILL, guide, step))
        return Reply(self._fill(self._say("trouble", say=trouble.say)), (*buttons, self.menu_button))

    def still_stuck(self, guide: Guide, step: Step) -> Reply:
        here = self.step_button("button_here", Verb.GO, guide, step)
        return self.with_hotline("trouble_unknown", guide, here, self.menu_button)

    def calm(self, guide: Guide, step: Step, walked: int, back: Sequence[Button]) -> Reply:
        return self.with_hotline("calm_step", guide, *back, **_place(guide, step, walked))

    # The scam check

    def judged(self, judgement: Judgement, back: Sequence[Button]) -> Reply:
        """The verdict first, then why, then what fits: a guide, what to do when it is too late, whom to tell."""
        why = dict.fromkeys(reason.why for reason in judgement.reasons)
        lines = "\n".join(f"• {line}" for line in list(why)[:REASONS_SHOWN])
        guides = self.library.content.guides
        after = self.library.content.knowledge.safety.messages
        is_bad = judgement.verdict in ACCUSED
        fitting = [
            guides[name] for name in judgement.guides if name in guides and name not in (after.hurt, after.report)
        ]
        buttons = [self.open_button(guide) for guide in fitting[:1] if is_bad]
        if is_bad and self._hurt_guide:
            buttons.append(self._hurt_button)
        if judgement.verdict is not Verdict.OFFICIAL and after.report in guides:
            buttons.append(self.button(self._say("button_report"), Verb.OPEN, after.report))
        return self.answer(f"inspect_{judgement.verdict}", *buttons, *back, lines=lines)

    def code(self, code: Code, judgement: Judgement | None, back: Sequence[Button]) -> Reply:
        """What a QR code holds; then what the scam check says of it, or what to mind before it is used."""
        if code.kind is CodeKind.PAYMENT:
            return self._payment(code, back)
        # A chat would make a link of an address, to be tapped by mistake.
        is_official = judgement is not None and judgement.verdict is Verdict.OFFICIAL
        name = code.name if is_official or code.kind is not CodeKind.LINK else code.name.replace(".", " . ")
        held = self._say(f"qr_{code.kind}" if name else f"qr_{code.kind}_nameless", name=name)
        if judgement is None:
            return Reply(held, tuple(back))
        judged = self.judged(judgement, back)
        lines = judged.text.split("\n")
        lines.insert(1 if judgement.verdict in ACCUSED else 0, held)  # danger first
        return replace(judged, text="\n".join(lines))

    def _payment(self, code: Code, back: Sequence[Button]) -> Reply:
        """To whom, as far as the code tells: banks show the name only when it is scanned with their own app."""
        known = self.library.content.knowledge.payment_codes
        bank = known.banks.get(code.bank, "")
        lines = [self._say("qr_payment_bank", name=bank) if bank else self._say("qr_payment_bank_unknown")]
        lines.append(self._say("qr_payment_name", name=code.name) if code.name else self._say("qr_payment_no_name"))
        if code.account:
            lines.append(self._say("qr_payment_account", number=code.account))
        if code.amount:
            lines.append(self._say("qr_payment_amount", number=f"{code.amount:,}".replace(",", ".")))
        guide = self.library.content.guides.get(known.guide)
        buttons = [self.open_button(guide)] if guide else []
        return self.answer("qr_payment", *buttons, *back, lines="\n".join(lines))

    # Words and places

    def term(self, term: Term, walked: Guide | None, back: Sequence[Button]) -> Reply:
        """The meaning, and the guide that it belongs to, unless that is the one being walked."""
        guide = self.library.content.guides.get(term.guide)
        buttons = [self.open_button(guide)] if guide and guide != walked else []
        return self.answer("term", *buttons, *back, name=term.term, text=self._fill(term.say))

    def place(self, place: Place, back: Sequence[Button]) -> Reply:
        """Which commune it is now, and where its people hand in their papers."""
        commune = self.library.content.knowledge.communes[place.commune]
        at = self._fill(commune.say) or self._say("place_at", unit=commune.name[:1].lower() + commune.name[1:])
        told = {"name": commune.name, "former": place.former, "district": commune.district, "text": at}
        phrase = "place_former" if place.former and not place.is_district else "place_own"
        return self.answer(phrase, *self._help_in_person(), *back, **told)

    def which_place(self, places: Sequence[Place], back: Sequence[Button]) -> Reply:
        """One name, several communes: what became of each, and a button for it."""
        communes = self.library.content.knowledge.communes
        lines = []
        if any(place.former and not place.is_district for place in places):
            lines = [self._place_line(place) for place in places if not place.is_district]
        buttons = [self.button(communes[place.commune].name, Verb.PLACE, place.commune) for place in places]
        return Reply("\n".join((*lines, self._say("place_which"))), (*buttons, *back))

    def place_nameless(self, back: Sequence[Button]) -> Reply:
        return self.answer("place_nameless", *self._help_in_person(), *back)

    def _place_line(self, place: Place) -> str:
        commune = self.library.content.knowledge.communes[place.commune]
        phrase = "place_line_former" if place.former else "place_line_own"
        return self._say(phrase, name=commune.name, former=place.former, district=commune.district)

    def _help_in_person(self) -> list[Button]:
        knowledge = self.library.content.knowledge
        guide = self.library.content.guides.get(knowledge.questions.places.guide)
        return [self.open_button(guide)] if guide else []

    # Short answers

    def answer(self, phrase: str, /, *buttons: Button, **values: object) -> Reply:
        """A phrase of knowledge/phrases.yaml by its name, with buttons."""
        return Reply(self._say(phrase, **values).rstrip(), buttons)

    def with_hotline(self, phrase: str, guide: Guide | None, /, *buttons: Button, **values: object) -> Reply:
        """A phrase that names the hotline that fits, with its call button in front."""
        hotline = self.hotline(guide)
        return self.answer(
            phrase, self.call_button(hotline), *buttons, name=hotline.name, number=hotline.number, **values
        )

    def hotline(self, guide: Guide | None) -> Hotline:
        """The guide's own, or the general one: the first of knowledge/hotlines.yaml."""
        hotlines = self.library.content.knowledge.hotlines
        return hotlines.get(guide.hotline if guide else "") or next(iter(hotlines.values()))

    def _hotlines(self, name: str) -> list[Hotline]:
        return [self.library.content.knowledge.hotlines[name]] if name else []

    def _related(self, guide: Guide) -> list[Guide | Quiz]:
        lessons = self.library.content.lessons
        return [lessons[other] for other in guide.see_also if other in lessons][:2]

    def _say(self, phrase: str, /, **values: object) -> str:
        return self.library.say(getattr(self.library.phrases, phrase), self.voice, **values)

    def _fill(self, text: str) -> str:
        return self.library.content.fill(text)


def _circled(lines: Sequence[str]) -> str:
    return "\n".join(f"{_CIRCLED[number]} {line}" for number, line in enumerate(lines))


def _place(guide: Guide, step: Step, walked: int) -> dict[str, int]:
    """Which step of how many, on the longest way that lies ahead."""
    return {"step": walked + 1, "total": walked + guide.longest_way[step.id]}
