"""Guides and phrases to replies, in no channel's dialect. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.content.model import DONE, Guide, Hotline, Step, Topic, Trouble
from bot.engine.library import Library, Voice
from bot.engine.model import Button, Reply
from bot.engine.postback import Postback, Verb

PAGE = 8  # guides of a topic shown at once: what fits a small phone without much scrolling
TROUBLES_SHOWN = 4
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

    def open_button(self, guide: Guide) -> Button:
        return self.button(guide.title, Verb.OPEN, guide.id)

    def call_button(self, hotline: Hotline) -> Button:
        return Button(self._say("button_call", name=hotline.name), phone=hotline.number.replace(" ", ""))

    def resume_button(self, guide: Guide, step: Step) -> Button:
        return self.step_button("button_resume", Verb.GO, guide, step)

    def step_button(self, label: str, verb: Verb, guide: Guide, step: Step) -> Button:
        return self.button(self._say(label), verb, guide.id, step.id, guide.index(step.id))

    # Menus

    def topics(self, text: str) -> Reply:
        topics = [topic for topic in self.library.content.topics if topic.guides]
        return Reply(text, tuple(self.button(topic.title, Verb.TOPIC, topic.id) for topic in topics))

    def topic(self, topic: Topic, page: int) -> Reply:
        guides = list(self.library.content.guides_of(topic))
        start = page * PAGE if page * PAGE < len(guides) else 0
        buttons = [self.open_button(guide) for guide in guides[start : start + PAGE]]
        if start + PAGE < len(guides):
            buttons.append(self.button(self._say("button_more"), Verb.TOPIC, topic.id, index=start // PAGE + 1))
        text = self._say("topic_title", title=topic.title, summary=topic.summary)
        return Reply(text, (*buttons, self.menu_button), replaces=True)

    def choices(self, guides: Iterable[Guide], extra: Sequence[Button] = ()) -> Reply:
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
        lines = [
            self._say("step", step=walked + 1, total=walked + guide.longest_way[step.id], say=step.say or step.choose)
        ]
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
        if not step.choose:
            buttons.append(self.step_button("button_all", Verb.ALL, guide, step))
        text = self._fill("\n".join(lines))
        return Reply(text, (*buttons, self.menu_button), picture=step.picture, replaces=True)

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

    # Trouble

    def ask_trouble(self, guide: Guide, step: Step) -> Reply:
        known = [
            self.button(_capital(trouble.ask[0]), Verb.TROUBLE, guide.id, step.id, number)
            for number, (owner, trouble) in enumerate(self.library.troubles(guide))
            if owner in (step.id, "")
        ]
        buttons = (*known[:TROUBLES_SHOWN], self.step_button("button_here", Verb.GO, guide, step), self.menu_button)
        return Reply(self._say("ask_trouble"), buttons)

    def trouble(self, guide: Guide, step: Step, trouble: Trouble) -> Reply:
        buttons = [self.step_button("button_seen", Verb.GO, guide, step)]
        if trouble.goto and (other := self.library.content.guides.get(trouble.goto)):
            buttons.append(self.open_button(other))
        elif trouble.goto and (target := guide.step(trouble.goto)):
            buttons = [self.step_button("button_seen", Verb.GO, guide, target)]
        buttons.append(self.step_button("button_still", Verb.STILL, guide, step))
        return Reply(self._fill(self._say("trouble", say=trouble.say)), (*buttons, self.menu_button))

    def still_stuck(self, guide: Guide, step: Step) -> Reply:
        here = self.step_button("button_here", Verb.GO, guide, step)
        return self.with_hotline("trouble_unknown", guide, here, self.menu_button)

    # Short answers

    def answer(self, phrase: str, /, *buttons: Button, **values: object) -> Reply:
        """A phrase of knowledge/phrases.yaml by its name, with buttons."""
        return Reply(self._say(phrase, **values), buttons)

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

    def _related(self, guide: Guide) -> list[Guide]:
        guides = self.library.content.guides
        return [guides[other] for other in guide.see_also if other in guides][:2]

    def _say(self, phrase: str, /, **values: object) -> str:
        return self.library.say(getattr(self.library.phrases, phrase), self.voice, **values)

    def _fill(self, text: str) -> str:
        return self.library.content.fill(text)


def _circled(lines: Sequence[str]) -> str:
    return "\n".join(f"{_CIRCLED[number]} {line}" for number, line in enumerate(lines))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
