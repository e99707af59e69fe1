"""What scenarios/ and knowledge/ hold, frozen. Field names are YAML keys; load.py reads them, check.py judges them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from hashlib import blake2s
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from bot.content.lookups import Commune, Questions, Term
from bot.content.scam_signs import ScamSigns
from bot.language.matching import Thresholds
from bot.language.normalize import Normalizer

DONE = "done"  # the target that ends a guide
GUIDE_ID_LIMIT = 40  # characters; with a volunteer's code it fits a start payload of 64 bytes
STEP_ID_LIMIT = 16  # characters; with the guide's id and an action it fits a postback of 64 bytes
TITLE_LIMIT = 60  # characters: two lines of a button on a small phone
LABEL_LIMIT = 40
URGENT_LIMIT = 3  # lines: what can be done in the next minute
ROUND = 8  # items of a quiz asked in one go: some three minutes
ITEM_LIMIT = 300  # characters: with the question below it, two screens of a small phone
WHY_LIMIT = 200  # characters: is read between two items
PATH_LIMIT = 12  # guides of a learning path: one a week is a season


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _https(url: str) -> str:
    if not re.fullmatch(r"https://[^\s/]+\S*", url):
        raise PydanticCustomError("not_https", "not https")
    return url


Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
OpenTo = Annotated[tuple[str, ...], Field(min_length=2)]  # guides that would all do
Url = Annotated[str, AfterValidator(_https)]
StepId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]*$", max_length=STEP_ID_LIMIT)]


class Link(_Frozen):
    """A button that opens a page."""

    label: Annotated[str, StringConstraints(min_length=1, max_length=LABEL_LIMIT)]
    url: Url


class Trouble(_Frozen):
    """What goes wrong, in people's words, and the way out."""

    ask: Annotated[tuple[Line, ...], Field(min_length=1)]
    say: Line
    goto: str = ""  # a step or another guide that helps further


class Step(_Frozen):
    """One thing to do (`say`), or one question that decides the way (`choose`)."""

    id: StepId = ""
    say: str = ""
    see: str = ""
    picture: str = ""
    link: Link | None = None
    call: str = ""
    choose: str = ""
    options: dict[str, str] = Field(default_factory=dict)  # label -> step, other guide, or done
    next: str = ""  # empty: the step below
    trouble: tuple[Trouble, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = {"say": data}
        if isinstance(data, dict) and not data.get("id"):
            # A step without an id is known by its words, so that one added above it moves nobody.
            words = str(data.get("say") or data.get("choose") or "")
            data = {**data, "id": "x" + blake2s(words.encode(), digest_size=4).hexdigest()}
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> Step:
        if bool(self.say) == bool(self.choose):
            raise PydanticCustomError("step_kind", "say or choose")
        if bool(self.choose) != bool(self.options):
            raise PydanticCustomError("choose_options", "choose needs options")
        if self.choose and self.next:
            raise PydanticCustomError("choose_next", "choose has no next")
        if any(len(label) > LABEL_LIMIT for label in self.options):
            raise PydanticCustomError("label_too_long", "label too long", {"limit": LABEL_LIMIT})
        return self


class Source(_Frozen):
    url: Url
    seen: date


class LessonFile(_Frozen):
    """What the files of guides and quizzes have in common: how people find it, and who answers for it."""

    type: Literal["guide", "quiz"] = "guide"
    title: Annotated[str, StringConstraints(min_length=1, max_length=TITLE_LIMIT)]
    code: Annotated[int, Field(ge=1, le=999)]
    summary: Line
    minutes: Annotated[int, Field(ge=1, le=600)]
    ask: Annotated[tuple[Line, ...], Field(min_length=1)]
    done: Line
    source: Annotated[tuple[Source, ...], Field(min_length=1)]
    reviewed: date
    note: str = ""
    check: tuple[Line, ...] = ()


class Lesson(LessonFile):
    """A guide or a quiz, with what its place on disk says of it."""

    id: str
    topic: str


class GuideFile(LessonFile):
    """One scripted how-to, as its file holds it."""

    urgent: Annotated[tuple[Line, ...], Field(max_length=URGENT_LIMIT)] = ()
    prepare: tuple[Line, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    trouble: tuple[Trouble, ...] = ()
    warn: tuple[Line, ...] = ()
    see_also: tuple[str, ...] = ()
    hotline: str = ""


class Guide(GuideFile, Lesson):
    """One scripted how-to."""

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def index(self, step_id: str) -> int:
        """Raises ValueError when the guide has no such step."""
        return [step.id for step in self.steps].index(step_id)

    def targets(self, step: Step) -> tuple[str, ...]:
        """Where a step can lead: steps of this guide, other guides, done."""
        if step.choose:
            return tuple(step.options.values())
        below = self.index(step.id) + 1
        return (step.next or (self.steps[below].id if below < len(self.steps) else DONE),)

    @cached_property
    def longest_way(self) -> Mapping[str, int]:
        """Step id -> steps from it to the end of its longest way, itself included."""

        def measure(step_id: str, walked: frozenset[str]) -> int:
            step = self.step(step_id)
            if step is None or step_id in walked:
                return 0
            if step_id not in known:
                ahead = (measure(target, walked | {step_id}) for target in self.targets(step))
                known[step_id] = 1 + max(ahead, default=0)
            return known[step_id]

        known: dict[str, int] = {}
        for step in self.steps:
            measure(step.id, frozenset())
        return known

    def troubles(self, step: Step | None) -> tuple[Trouble, ...]:
        """What may go wrong here, the step's own first."""
        return (step.trouble if step else ()) + self.trouble


class QuizItem(_Frozen):
    """One message or call as people get it: to be trusted (`that`) or a trap (`lua`), and why."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]
    kind: Line  # where it came: tin nhắn, cuộc gọi, …
    say: Annotated[str, StringConstraints(min_length=1, max_length=ITEM_LIMIT)]
    truth: Literal["that", "lua"]
    why: Annotated[str, StringConstraints(min_length=1, max_length=WHY_LIMIT)]
    guide: str  # what to read about it


class QuizFile(LessonFile):
    """An exercise, as its file holds it. Items are asked in the order of the file, a round of them at a time."""

    items: Annotated[tuple[QuizItem, ...], Field(min_length=ROUND)]


class Quiz(QuizFile, Lesson):
    """An exercise."""

    def item(self, item_id: str) -> QuizItem | None:
        return next((item for item in self.items if item.id == item_id), None)


class LearningPathFile(_Frozen):
    """Guides in the order in which some kind of people best learn them."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=LABEL_LIMIT)]
    summary: Line
    ask: Annotated[tuple[Line, ...], Field(min_length=1)]
    guides: Annotated[tuple[str, ...], Field(min_length=1, max_length=PATH_LIMIT)]  # guides or quizzes


class LearningPath(LearningPathFile):
    """A learning path with its name in _paths.yaml."""

    id: str


Askable = Guide | Quiz | LearningPath  # what people can ask for


class TopicFile(_Frozen):
    """_topic.yaml of a folder."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=LABEL_LIMIT)]
    summary: Line
    order: int
    urgent: bool = False  # its guides are first aid: shown before others when torn
    paths: bool = False  # its menu begins with the learning paths


class Topic(TopicFile):
    """A menu heading."""

    id: str
    guides: tuple[str, ...]


class Hotline(_Frozen):
    name: Line
    number: Annotated[str, StringConstraints(pattern=r"^[0-9][0-9 ]*$")]
    source: Source


class Wording(_Frozen):
    """A phrase said in two ways: before we know how the person calls themself, and after ({you}, {me})."""

    plain: Line
    you: Line


Phrase = Line | Wording


class Phrases(_Frozen):
    """Every sentence of the assistant's own that a citizen reads. {…} are filled in by the engine."""

    greeting: Phrase
    greeting_again: Phrase
    topics_title: Phrase
    topic_title: Phrase
    opening: Phrase
    opening_prepare: Phrase
    urgent: Phrase
    step: Phrase
    step_see: Phrase
    warn: Phrase
    finished: Phrase
    rating: Phrase
    rated_yes: Phrase
    rated_no: Phrase
    ask_trouble: Phrase
    trouble: Phrase
    trouble_unknown: Phrase
    all_steps: Phrase
    torn: Phrase
    torn_one: Phrase
    unknown: Phrase
    unknown_matter: Phrase
    unknown_again: Phrase
    resume: Phrase
    guide_changed: Phrase
    guide_gone: Phrase
    guide_planned: Phrase
    stopped: Phrase
    nothing_to_stop: Phrase
    thanks: Phrase
    calm: Phrase
    calm_step: Phrase
    help: Phrase
    address: Phrase
    no_such_code: Phrase
    inspect_dangerous: Phrase
    inspect_suspicious: Phrase
    inspect_unknown: Phrase
    inspect_official: Phrase
    inspect_ask: Phrase
    qr_link: Phrase
    qr_number: Phrase
    qr_text: Phrase
    qr_text_nameless: Phrase
    qr_wifi: Phrase
    qr_wifi_nameless: Phrase
    qr_contact: Phrase
    qr_contact_nameless: Phrase
    qr_payment: Phrase
    qr_payment_bank: Phrase
    qr_payment_bank_unknown: Phrase
    qr_payment_name: Phrase
    qr_payment_no_name: Phrase
    qr_payment_account: Phrase
    qr_payment_amount: Phrase
    qr_private: Phrase
    picture: Phrase
    sticker: Phrase
    voice: Phrase
    file: Phrase
    location: Phrase
    term: Phrase
    place_own: Phrase
    place_former: Phrase
    place_at: Phrase
    place_which: Phrase
    place_line_own: Phrase
    place_line_former: Phrase
    place_nameless: Phrase
    secret: Phrase
    button_start: Phrase
    button_next: Phrase
    button_back: Phrase
    button_stuck: Phrase
    button_all: Phrase
    button_menu: Phrase
    button_seen: Phrase
    button_still: Phrase
    button_here: Phrase
    button_resume: Phrase
    button_something_else: Phrase
    quiz_opening: Phrase
    quiz_item: Phrase
    quiz_guess: Phrase
    quiz_right_that: Phrase
    quiz_right_lua: Phrase
    quiz_wrong_that: Phrase
    quiz_wrong_lua: Phrase
    quiz_score_all: Phrase
    quiz_score_most: Phrase
    quiz_score_some: Phrase
    quiz_missed: Phrase
    quiz_resume: Phrase
    paths_title: Phrase
    path_opening: Phrase
    path_next: Phrase
    path_done: Phrase
    path_all: Phrase
    path_learnt: Phrase
    button_that: Phrase
    button_lua: Phrase
    button_stop: Phrase
    button_item: Phrase
    button_score: Phrase
    button_read: Phrase
    button_quiz: Phrase
    button_round: Phrase
    button_whole: Phrase
    button_again: Phrase
    button_paths: Phrase
    button_path: Phrase
    button_certificate: Phrase
    button_yes: Phrase
    button_no: Phrase
    button_call: Phrase
    button_more: Phrase
    button_hurt: Phrase
    button_report: Phrase
    command_menu: Phrase
    command_help: Phrase
    command_stop: Phrase


CommandName = Literal[
    "menu",
    "next",
    "back",
    "stuck",
    "all",
    "stop",
    "address",
    "inspect",
    "paths",
    "help",
    "resume",
    "restart",
    "yes",
    "no",
    "thanks",
    "hello",
    "upset",
]


class Commands(_Frozen):
    """Words that mean a move, not a guide. Each list holds whole utterances, diacritics folded by the program."""

    words: dict[CommandName, tuple[Line, ...]]
    insults: tuple[Line, ...]  # found anywhere in a text
    doubts: tuple[Line, ...]  # the same: they ask whether something is a scam
    matters: tuple[Line, ...]  # the same: they tell of papers, offices or devices
    verdicts: dict[Literal["that", "lua"], tuple[Line, ...]]  # answers in a quiz, and only there
    numbers: dict[int, tuple[Line, ...]]  # 2: [hai, thứ hai, cái thứ hai]
    short_code: tuple[Line, ...]  # words before a guide's number: [số, mã, bài]


class Pronouns(_Frozen):
    """How a person calls themself, and what the assistant is to them: {bác: cháu}."""

    pairs: dict[str, str]
    openings: tuple[Line, ...]  # "cho {} hỏi": where the pronoun stands in {}


class Synonyms(_Frozen):
    """Word classes with one canonical form, by kind, and words that carry no meaning."""

    classes: dict[str, dict[str, tuple[Line, ...]]]
    filler: tuple[Line, ...] = ()
    sounds: dict[str, tuple[Line, ...]] = {}  # a letter or two -> how it is said
    spelled: dict[str, tuple[Line, ...]] = {}  # a name -> the sounds it is spelled in, with spaces between

    @model_validator(mode="after")
    def _sounds_are_known(self) -> Synonyms:
        for name, ways in self.spelled.items():
            for at, way in enumerate(ways):
                if unknown := [sound for sound in way.split() if sound not in self.sounds]:
                    context = {"name": unknown[0], "at": f"spelled.{name}.{at}"}
                    raise PydanticCustomError("unknown_sound", "no sound", context)
        return self

    @cached_property
    def normalizer(self) -> Normalizer:
        return Normalizer(self.classes, self.filler, self.spelled, self.sounds)


class Sign(_Frozen):
    """One thing that tells a trap. Weights of the signs that are met add up; a negative one speaks for innocence."""

    why: Line  # a short sentence for the citizen; {name} is the name that is borrowed
    weight: Annotated[float, Field(ge=-10, le=10)]
    guide: str = ""
    is_hint: bool = False  # adds to others, but hints alone accuse nobody
    words: tuple[Line, ...] = ()
    glued: tuple[Line, ...] = ()  # of the words, short ones that count also where a strange letter touches them


class Verdicts(_Frozen):
    """The sums of weights from which an address is called suspicious, and dangerous."""

    suspicious: Annotated[float, Field(gt=0)]
    dangerous: Annotated[float, Field(gt=0)]


class LinkShapes(_Frozen):
    """Signs that bot/safety/links.py knows how to find; their weights and lists are the admins'."""

    official: Sign
    official_gov: Sign
    blocked: Sign
    bank_name: Sign
    wallet_name: Sign
    lender_name: Sign
    agency_name: Sign
    telco_name: Sign
    power_name: Sign
    post_name: Sign
    shop_name: Sign
    social_name: Sign
    game_name: Sign
    news_name: Sign
    firm_name: Sign
    plain_name: Sign
    look_alike: Sign
    name_in_front: Sign
    name_in_path: Sign
    fake_ending: Sign
    gov_imitation: Sign
    mixed_letters: Sign
    accented_name: Sign
    user_info: Sign
    ip_host: Sign
    odd_port: Sign
    app_file: Sign
    remote_tool: Sign
    shortener: Sign
    user_content: Sign
    free_hosting: Sign
    cheap_ending: Sign
    foreign_ending: Sign
    usual_ending: Sign
    granted_ending: Sign
    digits: Sign
    long_number: Sign
    disguised: Sign
    company_tag: Sign
    nameless_shop: Sign
    bank_login: Sign
    many_hyphens: Sign
    country_tag: Sign
    harmless: Sign


class LinkSigns(_Frozen):
    """knowledge/link_signs.yaml: what makes an address suspicious."""

    verdicts: Verdicts
    shapes: LinkShapes
    names: dict[str, Sign]  # signs that are words in a name; an admin may add more

    @model_validator(mode="after")
    def _names_have_words(self) -> LinkSigns:
        for name, sign in self.names.items():
            if not sign.words:
                raise PydanticCustomError("sign_without_words", "no words", {"at": f"names.{name}"})
        if self.verdicts.dangerous < self.verdicts.suspicious:
            raise PydanticCustomError("verdicts_order", "order", {"at": "verdicts.dangerous"})
        return self

    def by_name(self) -> Mapping[str, Sign]:
        return {**dict(self.shapes), **self.names}


SiteKind = Literal[
    "bank", "wallet", "lender", "agency", "telco", "power", "post", "shop", "social", "game", "firm", "news"
]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+(/\S*)?$")]


class OfficialSite(_Frozen):
    """Somebody whose name is worth borrowing, and the addresses that are really theirs."""

    name: Line
    kind: SiteKind
    domains: tuple[Domain, ...] = ()  # called official
    owned: tuple[Domain, ...] = ()  # theirs as far as is known, but not checked: neither accused nor called official
    brand: tuple[Line, ...] = ()
    short: tuple[Line, ...] = ()  # names so short that they are in other words too: weigh half
    source: Line
    seen: date | None = None
    trust: Literal["cao", "vua", "thap"]


class Message(NamedTuple):
    """A message to learn from, as knowledge/messages_*.txt has it."""

    kind: str
    text: str


class SafetyKnowledge(_Frozen):
    """What the scam check knows."""

    official_sites: dict[str, OfficialSite]
    links: LinkSigns
    messages: ScamSigns
    bad_sites: tuple[str, ...] = ()  # lines of knowledge/bad_sites.txt
    scams: tuple[Message, ...] = ()  # that people got
    honest: tuple[Message, ...] = ()

    @property
    def signs(self) -> Mapping[str, Sign]:
        return self.links.by_name()


class PaymentCodes(_Frozen):
    """What is known of QR codes that pay: the guide to read, and the banks by their number (BIN) in a code."""

    guide: str
    banks: dict[Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")], Line]


class Knowledge(_Frozen):
    """Facts and words that guides, matcher and conversation share."""

    hotlines: dict[str, Hotline]
    phrases: Phrases
    commands: Commands
    pronouns: Pronouns
    synonyms: Synonyms
    safety: SafetyKnowledge
    payment_codes: PaymentCodes
    background: tuple[Line, ...]  # what people also say that no guide is about, so that it is taken for none
    open_questions: dict[Line, OpenTo]  # what people say that several guides would answer, and which
    thresholds: Thresholds
    glossary: dict[str, Term]
    communes: dict[str, Commune]
    questions: Questions


class Content(_Frozen):
    """Everything that officials edit, as one unit: it is replaced whole or not at all."""

    topics: tuple[Topic, ...]  # in menu order
    guides: dict[str, Guide]  # by id
    quizzes: dict[str, Quiz] = Field(default_factory=dict)
    paths: dict[str, LearningPath] = Field(default_factory=dict)
    planned: dict[str, str]  # id -> title of guides still to be written, which others may name already
    knowledge: Knowledge

    @property
    def lessons(self) -> Mapping[str, Guide | Quiz]:
        """Whatever has a file, a code and a page."""
        return {**self.guides, **self.quizzes}

    def by_code(self, code: int) -> Guide | Quiz | None:
        return next((lesson for lesson in self.lessons.values() if lesson.code == code), None)

    def topic(self, topic_id: str) -> Topic | None:
        return next((topic for topic in self.topics if topic.id == topic_id), None)

    def guides_of(self, topic: Topic) -> Iterator[Guide]:
        return (self.guides[guide_id] for guide_id in topic.guides)

    def quizzes_of(self, topic: Topic) -> Iterator[Quiz]:
        return (quiz for quiz in self.quizzes.values() if quiz.topic == topic.id)

    def fill(self, text: str) -> str:
        """The text with {hotline.name} replaced by the number."""
        return HOTLINE.sub(lambda found: self.knowledge.hotlines[found[1]].number, text)


HOTLINE = re.compile(r"\{hotline\.([a-z0-9-]+)\}")
