"""Every error that crosses a module border, sorted by what the caller does next.

AssistantError
├── ConfigError(problems)       the start stops; each problem names its line and the mend
├── ContentError(problems)      the edit is refused; what was live stays live
├── StoreError                  the store cannot be opened: the start stops and says why
├── InvalidUpdate               the platform sent something unusable: drop it, answer 200
├── BadSignature                a forged or unsigned delivery: refuse it, answer 403
├── StaleSession                somebody else saved the session: read again, respond again
└── SendError(retryable)        a reply could not be delivered, or a picture fetched
    ├── ConnectionFailed        not reached: retry later
    ├── RateLimited             too fast: retry after `retry_after` seconds
    ├── Rejected                the platform refuses this message: give it up, log the code
    └── RecipientGone           blocked or deleted: give up all that waits for this person
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import PurePath


class AssistantError(Exception):
    """Base of all errors of this program."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file that a person wrote, told so that they can mend it."""

    path: str
    line: int  # 1-based; 0 when the whole file is meant
    message: str  # Vietnamese: what is wrong, and how to mend it
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class _ProblemsError(AssistantError):
    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class ConfigError(_ProblemsError):
    """config.yaml cannot be used."""


class ContentError(_ProblemsError):
    """scenarios/ or knowledge/ cannot be used."""


class StoreError(AssistantError):
    """The store cannot be opened."""


class InvalidUpdate(AssistantError):
    """A delivery that is not of any shape we know."""


class BadSignature(AssistantError):
    """A delivery that does not prove where it comes from."""


class StaleSession(AssistantError):
    """The session was saved by someone else since it was read."""


class SendError(AssistantError):
    """A reply could not be delivered, or a picture fetched."""

    retryable = False
    retry_after: float | None = None  # seconds, when the platform names them

    def __init__(self, code: str) -> None:
        """`code` goes to the log: it must hold no text of a person and no secret."""
        super().__init__(code)
        self.code = code


class ConnectionFailed(SendError):
    """The platform could not be reached, or answered with a fault of its own."""

    retryable = True


class RateLimited(SendError):
    """We send too fast."""

    retryable = True

    def __init__(self, code: str, retry_after: float) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class Rejected(SendError):
    """The platform will never take this message."""


class RecipientGone(SendError):
    """The person blocked us, left, or does not exist."""


def where(error: BaseException) -> str:
    """Its type and place, for a log: without its message, which may hold what a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + place
