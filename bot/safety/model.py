"""What the scam check says of a link or a message. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """From best to worst. UNKNOWN is never "safe": nothing was found, which proves nothing."""

    OFFICIAL = "official"
    UNKNOWN = "unknown"
    SUSPICIOUS = "suspicious"
    DANGEROUS = "dangerous"


ACCUSED = (Verdict.SUSPICIOUS, Verdict.DANGEROUS)


@dataclass(frozen=True)
class Reason:
    """One sign: its name in knowledge/scam_signs.yaml, what in the text shows it, and why it matters."""

    sign: str
    found: str
    why: str


@dataclass(frozen=True)
class Judgement:
    """`score` is the sum of the signs' weights; `guides` are the ids that help, most fitting first."""

    verdict: Verdict
    score: float = 0.0
    reasons: tuple[Reason, ...] = ()
    guides: tuple[str, ...] = ()
    links: tuple[str, ...] = ()  # the addresses in the text, as they stand there
    is_number: bool = False  # of a phone number that was sent alone, or asked about
    is_owned: bool = False  # of a link: it is known whose it is, and it is no page that anybody may make
