"""How a guide reads: what a hurried eye on a small phone stumbles over. PURE. Advice only: it stops no guide.

The lists of words are in bot/words/style.yaml. Titles, `ask` and `check` are not judged: they are people's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from bot.content.check import Located
from bot.content.model import DONE, Guide, Knowledge, Step
from bot.errors import Problem
from bot.language.normalize import clean, is_syllable
from bot.words import say, words

# docs/viet-huong-dan.md gives a step 160 characters and two sentences; a written word takes four and a half with its
# space. So 22 words are five eighths of a step: a longer sentence leaves no room for a second one.
SENTENCE_LIMIT = 22  # words
AVERAGE_LIMIT = 14  # words a sentence, over a whole guide: three lines of 25 characters on a small phone
ACTIONS_LIMIT = 2  # "Nhập mã, rồi bấm **Tiếp tục**": what is done, and the press that ends it
WAY_LIMIT = 9  # steps in a row: as many as the circled numbers on a leaflet's page, and as one sitting bears
SHOUTED_RUN = 2  # words in capitals in a row that are words: one alone may be an abbreviation ("SIM")
START_SHOWN = 5  # words of a sentence that are quoted to find it by

_Loc = tuple[str | int, ...]
_Finding = tuple[_Loc, str, dict[str, object]]  # where, which sentence of style.yaml, and what fills it
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_ASIDE = re.compile(r" ?\([^)]*\)")
_CLAUSE = re.compile(r"[.,;:!?…]|\s+(?=(?:rồi|và|sau đó)\s)")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
_ADDRESS = re.compile(r"\{[^}]*\}|\S+@\S+|@\S+|\S*\w\.[a-z]{2}\S*|\.[a-z]+\b")  # placeholders, e-mails, sites, endings
_TOKEN = re.compile(r"[^\W_]+")
_LONE = re.compile(r"(?<![\w/-])[^\W\d_]{2,}(?![\w/-])")  # a word by itself, no part of "57-NQ/TW"


def check_style(guides: Iterable[Located[Guide]], knowledge: Knowledge) -> Iterator[Problem]:
    """Advice on every guide. All of it warnings."""
    explained = _explained(knowledge)
    for guide in guides:
        texts = list(_texts(guide.item))
        for loc, key, values in (
            *_sentences(texts),
            *_hard_words(texts, explained),
            *_promises(texts),
            *_shouting(texts),
            *_steps(guide.item.steps),
            *_long_way(guide.item),
        ):
            yield Problem(guide.path, guide.line(loc), say("style", key, **values), is_warning=True)


def _explained(knowledge: Knowledge) -> frozenset[str]:
    """What no guide need explain: the glossary's words, names of banks, shops and offices, what everybody knows."""
    terms = [clean(name) for term in knowledge.glossary.values() for name in term.names]
    sites = [clean(name) for site in knowledge.safety.official_sites.values() for name in (site.name, *site.brand)]
    tokens = (token for name in (*terms, *sites) for token in _TOKEN.findall(name))
    return frozenset((*terms, *tokens, *_listed("known_words")))


def _texts(guide: Guide) -> Iterator[tuple[_Loc, str]]:
    """Everything of a guide that a citizen reads, piece by piece."""
    yield ("summary",), guide.summary
    for key in ("urgent", "prepare", "warn"):
        for number, line in enumerate(getattr(guide, key)):
            yield (key, number), line
    for number, step in enumerate(guide.steps):
        for key in ("say", "choose", "see"):
            if text := getattr(step, key):
                yield ("steps", number, key), text
        for at, trouble in enumerate(step.trouble):
            yield ("steps", number, "trouble", at, "say"), trouble.say
    for number, trouble in enumerate(guide.trouble):
        yield ("trouble", number, "say"), trouble.say
    yield ("done",), guide.done


def _sentences(texts: Sequence[tuple[_Loc, str]]) -> Iterator[_Finding]:
    counts = []
    for loc, text in texts:
        for sentence in _SENTENCE.split(text):
            tokens = [token for token in sentence.split() if _TOKEN.search(token)]
            if tokens:
                counts.append(len(tokens))
            if len(tokens) > SENTENCE_LIMIT:
                start = " ".join(tokens[:START_SHOWN]).replace("**", "")
                yield loc, "long_sentence", {"words": len(tokens), "limit": SENTENCE_LIMIT, "start": start}
    average = sum(counts) / len(counts)
    if average > AVERAGE_LIMIT:
        yield ("steps",), "long_average", {"words": round(average), "limit": AVERAGE_LIMIT}


def _hard_words(texts: Sequence[tuple[_Loc, str]], explained: frozenset[str]) -> Iterator[_Finding]:
    """Each hard word once, where it comes first. What stands in bold is on the screen, not the author's choice."""
    whole = clean(" ".join(text for _, text in texts))
    told: set[str] = set()
    for loc, text in texts:
        for word in _hard_in(_QUOTED.sub(" ", _BOLD.sub(" ", text))):
            is_known = word in told or word in explained
            if not is_known and not re.search(rf"(?<!\w){re.escape(word)}(?: \(| là | nghĩa là )", whole):
                told.add(word)
                yield loc, "hard_word", {"word": word}


def _hard_in(text: str) -> Iterator[str]:
    yield from dict.fromkeys(_pattern(_any("hard_words")).findall(clean(text)))
    tokens = _LONE.findall(clean(_ADDRESS.sub(" ", text)))
    yield from (token for token in tokens if token.isascii() and not is_syllable(token))


def _promises(texts: Sequence[tuple[_Loc, str]]) -> Iterator[_Finding]:
    """A promise denied ("không chắc chắn") is none, nor one that is quoted, as crooks' words are, or on a button."""
    promised = _pattern(rf"(?:{_any('negations')} )?({_any('promises')})")
    for loc, text in texts:
        for found in promised.finditer(clean(_QUOTED.sub(" ", _BOLD.sub(" ", text)))):
            if found[0] == found[1]:
                yield loc, "promise", {"word": found[1]}


def _shouting(texts: Sequence[tuple[_Loc, str]]) -> Iterator[_Finding]:
    """Words in capitals: one with accents, or several in a row. Buttons and quotes are written as they are."""
    for loc, text in texts:
        bare = _QUOTED.sub(".", _BOLD.sub(".", text))
        for run in re.findall(r"[^\W\d_]{2,}(?: [^\W\d_]{2,})*", bare):
            loud = [word for word in run.split() if word.isupper() and is_syllable(word.lower())]
            if len(loud) >= SHOUTED_RUN or any(not word.isascii() for word in loud):
                yield loc, "shouting", {"words": " ".join(loud)}


def _steps(steps: Sequence[Step]) -> Iterator[_Finding]:
    for number, step in enumerate(steps):
        loc = ("steps", number, "say")
        verbs = _actions(step.say)
        deeds = [verb for verb in verbs if verb not in _listed("openings")]
        if len(deeds) > ACTIONS_LIMIT:
            yield loc, "many_actions", {"count": len(deeds), "verbs": ", ".join(deeds)}
        on_screen = [verb for verb in deeds if verb in _listed("screen_actions")]
        shown = "**" in step.say or step.see or step.picture or step.link
        if on_screen and not shown:
            yield loc, "nothing_to_see", {"verb": on_screen[0]}


def _actions(text: str) -> list[str]:
    """The verbs that begin a clause: what the step tells to do.

    A sentence with "thì" or a clause after "hoặc" is another way, not one more thing, what follows a "không" is not to
    be done, and what is in bold or quoted is a label.
    """
    begins = _pattern(rf"(?:{_any('joints')} )*({_any('screen_actions', 'openings', 'other_actions')})(?! là )")
    denied = _pattern(rf"{_any('negations')} .*")
    bare = _ASIDE.sub("", _QUOTED.sub("·", _BOLD.sub("·", text)))
    told = (denied.sub("", sentence) for sentence in _SENTENCE.split(clean(bare)) if " thì " not in sentence)
    clauses = (clause.strip() for sentence in told for clause in _CLAUSE.split(sentence))
    return [found[1] for clause in clauses if (found := begins.match(clause))]


def _long_way(guide: Guide) -> Iterator[_Finding]:
    """The longest run of steps without a question between them, told at its first step."""
    runs = {step.id: _run(guide, step) for step in guide.steps}
    first = max(guide.steps, key=lambda step: runs[step.id])
    if runs[first.id] > WAY_LIMIT:
        values: dict[str, object] = {"count": runs[first.id], "limit": WAY_LIMIT, "first": first.id}
        yield ("steps", guide.index(first.id)), "long_way", values


def _run(guide: Guide, step: Step) -> int:
    """Steps from this one on until a question, the end, or a step walked before."""
    walked: list[str] = []
    here: Step | None = step
    while here and not here.choose and here.id not in walked:
        walked.append(here.id)
        (target,) = guide.targets(here)
        here = None if target == DONE else guide.step(target)
    return len(walked)


@lru_cache
def _listed(name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words("style")[name].split(","))


def _any(*lists: str) -> str:
    """A pattern of any phrase of the lists, the longest first."""
    phrases = sorted((phrase for name in lists for phrase in _listed(name)), key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, phrases))})"


@lru_cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){text}(?!\w)")
