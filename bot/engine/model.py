"""What goes through the conversation: an Update in, a Turn out. Frozen, and all of it fits in JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

CALLBACK_LIMIT = 64  # bytes of UTF-8, Telegram's callback_data: the smallest of all channels


@dataclass(frozen=True)
class Address:
    """Where replies go: a channel and the person's id there."""

    channel: str
    user_id: str


class UpdateKind(StrEnum):
    """What a person did, whatever the channel calls it."""

    TEXT = "text"
    BUTTON = "button"  # `data` holds the button's postback
    START = "start"  # chat opened; `data` holds the deep link's payload, or nothing
    PICTURE = "picture"
    STICKER = "sticker"
    VOICE = "voice"
    FILE = "file"
    LOCATION = "location"
    SCANNED = "scanned"  # a picture of theirs was looked at; `codes` holds what its QR codes say
    LEFT = "left"  # blocked us or unfollowed
    WITHDRAWN = "withdrawn"  # asked the platform that we forget them: erased, and not answered


@dataclass(frozen=True)
class Update:
    """One thing a channel delivers."""

    id: str  # the platform's own, unique within the channel: a redelivery has the same
    address: Address
    kind: UpdateKind
    text: str = ""  # what was typed, or a picture's caption
    data: str = ""
    origin: str = ""  # the channel's name for the message whose button was tapped, so that it can be edited
    message: str = ""  # the channel's name for the person's own message, where the channel can take it away
    picture: str = ""  # what the channel fetches the picture by; never logged, kept until it was looked at
    is_passed_on: bool = False  # the platform says that somebody else wrote it
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Button:
    """A tappable choice. Exactly one of postback, url and phone is set."""

    label: str
    postback: str = ""
    url: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Reply:
    """One outbound message, in no channel's dialect. Text may hold **bold**, nothing else."""

    text: str
    buttons: tuple[Button, ...] = ()
    picture: str = ""  # path below scenarios/pictures
    replaces: bool = False  # may take the place of the message whose button was tapped
    takes_away: str = ""  # Update.message of a secret: it should disappear from the chat, where the channel can do it
    looks_at: Update | None = None  # no message at all: the picture of this update is to be looked at


@dataclass(frozen=True)
class Round:
    """Items of a quiz that are asked in one go, by where they stand in its file; past its end it begins again."""

    quiz_id: str = ""
    start: int = 0
    size: int = 0  # 0: none is under way, and the next begins at `start`
    right: tuple[str, ...] = ()  # ids of items answered
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Session:
    """What the conversation remembers of one address."""

    version: int = 0  # 0: never saved
    guide_id: str = ""  # the guide or quiz being walked, or nothing
    step_id: str = ""  # the step or item being looked at; empty in a guide means its opening
    step_index: int = 0  # where that step stood, should it be gone when the guide is edited
    trail: tuple[str, ...] = ()  # step ids walked before this one, for going back
    offered: tuple[Button, ...] = ()  # the last choices shown, for "2" and "hai"
    paused: bool = False  # stopped; the guide waits for "làm tiếp"
    stuck: bool = False  # asked what goes wrong; the next text is the trouble
    misses: int = 0  # texts not understood in a row
    pronoun: str = ""  # how the person calls themself: bác, cô, …; never in the log
    round: Round = Round()  # of the quiz last begun: it waits while a guide is read
    path: str = ""  # the learning path chosen
    finished: tuple[str, ...] = ()  # guides and quizzes of learning paths that were walked to their end
    volunteer: str = ""  # whose link brought them
    seen_at: datetime | None = None  # last update, for "hôm trước đang dở"


class EventKind(StrEnum):
    """The kinds of line in the topic log."""

    ASKED = "asked"
    OPENED = "opened"
    STEP = "step"
    STUCK = "stuck"
    FINISHED = "finished"
    LEFT = "left"
    UNANSWERED = "unanswered"
    INSPECTED = "inspected"
    SHARED = "shared"
    RATED = "rated"


@dataclass(frozen=True)
class Event:
    """One thing to count. `text` only for unanswered and inspected, and redacted."""

    kind: EventKind
    topic: str = ""
    guide: str = ""
    step: str = ""
    volunteer: str = ""
    value: str = ""  # rated: yes or no; inspected: the verdict
    text: str = ""


@dataclass(frozen=True)
class Turn:
    """One update answered."""

    session: Session
    replies: tuple[Reply, ...] = ()
    events: tuple[Event, ...] = field(default=())
