"""Quizzes and learning paths to replies, in no channel's dialect. PURE."""

from __future__ import annotations

from dataclasses import replace

from bot.content.model import ROUND, Quiz, QuizItem
from bot.engine.composing import Composer
from bot.engine.library import capital
from bot.engine.model import Button, Reply, Round
from bot.engine.postback import Verb, parse
from bot.engine.progress import Progress
from bot.engine.rounds import missed

CERTIFICATE = "/giay-khen/"  # the web page below which each learning path's certificate is made
MOST = 0.75  # of a round: from this on it went well
READING = 3  # guides offered after a round


class LearningComposer(Composer):
    """Says what an exercise or a learning path needs, too."""

    # A quiz

    def quiz_opening(self, quiz: Quiz) -> Reply:
        total = len(quiz.items)
        size = min(ROUND, total)
        text = self._say("quiz_opening", title=quiz.title, summary=quiz.summary, total=size)
        buttons = [self.button(self._say("button_round", total=size), Verb.ROUND, quiz.id)]
        if total > size:
            buttons.append(self.button(self._say("button_whole", total=total), Verb.ROUND, quiz.id, index=total))
        return Reply(self._fill(text), (*buttons, self.menu_button), replaces=True)

    def quiz_item(self, quiz: Quiz, item: QuizItem, round_: Round) -> Reply:
        text = self._say("quiz_item", kind=capital(item.kind), say=item.say, **_place(round_))
        return Reply(self._fill(text), self._guesses(quiz, item), replaces=True)

    def quiz_guess(self, quiz: Quiz, item: QuizItem) -> Reply:
        """For whoever asks, waits or goes round in circles in place of guessing."""
        return self.answer("quiz_guess", *self._guesses(quiz, item))

    def _guesses(self, quiz: Quiz, item: QuizItem) -> tuple[Button, ...]:
        return (
            self.button(self._say("button_that"), Verb.THAT, quiz.id, item.id),
            self.button(self._say("button_lua"), Verb.LUA, quiz.id, item.id),
            self.button(self._say("button_stop"), Verb.STOP),
        )

    def quiz_answer(self, quiz: Quiz, item: QuizItem, is_right: bool, is_last: bool) -> Reply:
        phrase = f"quiz_{'right' if is_right else 'wrong'}_{item.truth}"
        on = ("button_score", Verb.FINISH) if is_last else ("button_item", Verb.NEXT)
        buttons = [self.button(self._say(on[0]), on[1], quiz.id, item.id)]
        if item.guide in self.library.content.lessons:
            buttons.append(self.button(self._say("button_read"), Verb.READ, quiz.id, item.id))
        buttons.append(self.button(self._say("button_stop"), Verb.STOP))
        return Reply(self._fill(self._say(phrase, say=item.why)), tuple(buttons), replaces=True)

    def quiz_score(self, quiz: Quiz, round_: Round) -> Reply:
        """How it went in encouraging words, what was missed most, and what to read about it."""
        count, total = len(round_.right), len(round_.right) + len(round_.wrong)
        share = count / total if total else 0.0
        grade = "all" if share == 1 else "most" if share >= MOST else "some"
        lines = [self._say(f"quiz_score_{grade}", count=count, total=total)]
        again = missed(round_, quiz)
        if again:
            lines.append(self._say("quiz_missed", kind=again[0].kind))
        lines.append(quiz.done)
        lessons = self.library.content.lessons
        reading = [name for name in dict.fromkeys(item.guide for item in again) if name in lessons]
        size = min(ROUND, len(quiz.items))
        buttons = (
            *(self.open_button(lessons[name]) for name in reading[:READING]),
            self.button(self._say("button_again", total=size), Verb.ROUND, quiz.id),
            self.menu_button,
        )
        return Reply(self._fill("\n".join(lines)), buttons, replaces=True)

    def quiz_resume(self, quiz: Quiz, round_: Round) -> Reply:
        going_on = self.button(self._say("button_resume"), Verb.RESUME, quiz.id)
        other = self.button(self._say("button_something_else"), Verb.MENU)
        return self.answer("quiz_resume", going_on, other, title=quiz.title, **_place(round_))

    def quiz_button(self, quiz: Quiz) -> Button:
        """Back to a round that is under way."""
        return self.button(self._say("button_quiz"), Verb.RESUME, quiz.id)

    # A learning path

    def paths(self, followed: Progress | None) -> Reply:
        """All paths to choose from; first how far one is on the path followed."""
        lines = [self._say("paths_title")]
        if followed and followed.next:
            lines.insert(0, self._say("path_next", **self._values(followed)))
        buttons = [self.open_button(path) for path in self.library.content.paths.values()]
        return Reply("\n".join(lines), (*buttons, self.menu_button))

    def path(self, progress: Progress) -> Reply:
        """Where one stands on the path; at its end, the certificate."""
        path, following = progress.path, progress.next
        whole = self.button(self._say("button_path"), Verb.PATH_ALL, path.id)
        others = self.button(self._say("button_paths"), Verb.PATHS)
        if following is None:
            return self.path_done(progress, whole, others, self.menu_button)
        values = self._values(progress)
        buttons = (self.open_button(following), whole, others, self.menu_button)
        return self.answer("path_opening", *buttons, summary=path.summary, **values)

    def path_done(self, progress: Progress, *buttons: Button) -> Reply:
        site = self.library.site
        label = self._say("button_certificate")
        certificate = (Button(label, url=f"{site}{CERTIFICATE}{progress.path.id}"),) if site else ()
        return self.answer("path_done", *certificate, *buttons, **self._values(progress))

    def path_all(self, progress: Progress) -> Reply:
        """Every lesson of the path, in its order."""
        titles = (
            self._say("path_learnt", title=lesson.title) if lesson.id in progress.learnt else lesson.title
            for lesson in progress.lessons
        )
        lines = "\n".join(f"{number}. {title}" for number, title in enumerate(titles, 1))
        following = (self.open_button(progress.next),) if progress.next else ()
        return self.answer("path_all", *following, self.menu_button, lines=lines, **self._values(progress))

    def on_path(self, finished: Reply, progress: Progress) -> tuple[Reply, ...]:
        """The end of a guide or quiz with the next lesson of the path; or with the end of the path itself."""
        if progress.next is None:
            return finished, self.path_done(progress)
        told = self._say("path_next", **self._values(progress))
        following = self.open_button(progress.next)
        rest = [button for button in finished.buttons if button != following]
        # Before what else could be read: a channel with few buttons shows the first ones.
        at = next(at for at, button in enumerate(rest) if _verb(button) in (Verb.OPEN, Verb.ROUND, Verb.MENU))
        buttons = (*rest[:at], following, *rest[at:])
        return (replace(finished, text=f"{finished.text}\n{told}", buttons=buttons),)

    def _values(self, progress: Progress) -> dict[str, object]:
        return {
            "title": progress.path.title,
            "count": len(progress.learnt),
            "total": len(progress.lessons),
            "next": progress.next.title if progress.next else "",
        }


def before_menu(reply: Reply, *buttons: Button) -> Reply:
    """The reply with more buttons above its last one, each once."""
    new = tuple(button for button in buttons if button not in reply.buttons)
    return replace(reply, buttons=(*reply.buttons[:-1], *new, *reply.buttons[-1:]))


def _verb(button: Button) -> Verb | None:
    postback = parse(button.postback)
    return postback.verb if postback else None


def _place(round_: Round) -> dict[str, int]:
    """Which item of how many; once all are answered, the last."""
    return {"step": min(len(round_.right) + len(round_.wrong) + 1, round_.size), "total": round_.size}
