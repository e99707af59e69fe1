"""Names that look like others: "vietconbank", "sacornbank", "fhopee" beside a bait. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.safety.addresses import address_of_host
from bot.safety.letters import skeleton
from bot.safety.names import SMALL, Token

LIKE_LENGTH = 6  # letters of a name that a misspelling is looked for: shorter ones are near too many words
_DOUBLED_LENGTH = 4  # letters of a short name that is looked for with a letter doubled
_ONE_CHANGE, _TWO_CHANGES = 6, 10  # letters from which one wrong letter, and two, are a misspelling
_ONE_CHANGE_BAITED = 5  # the same beside a bait, and there the first letter may be the wrong one: "fhopee00412"
_STEM_ONE_CHANGE, _STEM_TWO_CHANGES = 5, 7  # the same for what stands before "bank", which all banks share
_BANK_LENGTH = 7  # letters of a skeleton, with "bank"
_SHARED_STARTS = ("vletnam", "vlet", "dlenmay")  # as skeletons have them
_WINDOW_LENGTHS = range(5, 20)
_WINDOW_TOKENS = 9  # "smrtbiddv" is eight
_WINDOW_LIMIT = 80  # pieces of a name that are compared: a plain name has about 15


@dataclass(frozen=True)
class Imitable:
    """What is worth imitating, by the skeletons that the eye sees."""

    brands: Mapping[str, str]  # skeleton -> site, of names that may be misspelt
    labels: Mapping[str, tuple[str, str]]  # skeleton -> (whole registered name, site): "vattgia" is like vatgia.com


def may_be_misspelt(brand: str) -> bool:
    """One long word of its own; a phrase ("giao hàng …") is one letter away from many honest phrases.

    Nor "abbank": the end of every "…abank" looks like it.
    """
    if brand.endswith("bank") and len(skeleton(brand)) < _BANK_LENGTH:
        return False
    if brand.endswith("vn"):  # "shopeevn" is near "shop vn", and "shopee" is in the list by itself
        return False
    return brand.isalnum() and len(brand) >= LIKE_LENGTH


def may_be_doubled(short: str) -> bool:
    """A short name that is known again when a letter is doubled or looks like another: "biidv", "momoo"."""
    return short.isalnum() and _DOUBLED_LENGTH <= len(short) < LIKE_LENGTH


def label_of(owned: str) -> str:
    """The registered name of an owner's address, where it is long enough to be known again when misspelt."""
    found = address_of_host(owned) if "/" not in owned else None
    label = found.domain.split(".", 1)[0] if found else ""
    return label if len(label) >= LIKE_LENGTH else ""


def label_like(label: str, known: Imitable) -> Iterator[tuple[str, str]]:
    """A whole name that the eye takes for another's, by a doubled letter, l for i, 0 for o; the same name is none."""
    like, site = known.labels.get(skeleton(label), ("", ""))
    if like and like != label:
        yield label, site


def look_alikes(tokens: Sequence[Token], known: Imitable, is_baited: bool) -> Iterator[tuple[str, str]]:
    """(piece, site) where a piece of the name is nearly a name worth borrowing."""
    windows = _windows(tokens)
    if not windows or not known.brands:
        return
    shown = [skeleton(window) for window, _ in windows]
    for window, is_strange in tuple(windows):
        if "rn" in window or "vv" in window:  # also as typed: in "garerna" they are no m
            windows.append((window, is_strange))
            shown.append(skeleton(window.replace("rn", "r-n").replace("vv", "v-v")).replace("-", ""))
    names = tuple(known.brands)
    distances = process.cdist(shown, names, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
    for at, like in zip(*np.nonzero(distances <= 2), strict=True):
        window, name, changes = shown[at], names[like], int(distances[at, like])
        typed, is_strange = windows[at]
        if _is_misspelling(window, name, changes, is_baited and is_strange):
            yield typed, known.brands[name]


def _is_misspelling(window: str, name: str, changes: int, is_baited: bool) -> bool:
    """Whether so few changes tell anything: not where the letters that differ stand beside a word that many share."""
    if changes == 0:
        return True
    one_change = _ONE_CHANGE_BAITED if is_baited else _ONE_CHANGE
    if window[0] != name[0]:
        is_one_wrong = is_baited and len(window) == len(name)  # "arena" is no "garena"
        if changes > 1 or (len(name) < _TWO_CHANGES and not is_one_wrong):
            return False
    length = len(name)
    if not name.endswith("bank"):
        length -= next((len(shared) for shared in _SHARED_STARTS if name.startswith(shared)), 0)
    if window.endswith(("bank", "ban")) and name.endswith("bank"):  # "viet ban do" is a map, no Vietbank
        length -= len("bank")
        return length >= (_STEM_ONE_CHANGE if changes == 1 else _STEM_TWO_CHANGES)
    if changes == 1:
        return length >= one_change + (len(window) < len(name))
    return length >= _TWO_CHANGES and len(window) >= len(name) - 1


def _windows(tokens: Sequence[Token]) -> list[tuple[str, bool]]:
    """Runs of neighbouring tokens that could be one misspelt name, and whether they are strange: "fhopee".

    Strange is what nobody can read on: "market" is no "target". Single known words are what they are.
    """
    found: dict[str, bool] = {}
    for start in range(len(tokens)):
        text, is_loose, is_known = "", False, False
        for end in range(start, min(len(tokens), start + _WINDOW_TOKENS)):
            text += tokens[end].text
            is_loose |= tokens[end].is_loose
            is_known |= tokens[end].word is not None and len(tokens[end].text) > SMALL
            if len(text) not in _WINDOW_LENGTHS:
                if len(text) >= _WINDOW_LENGTHS.stop:
                    break
                continue
            if end > start or tokens[end].word is None:
                found.setdefault(text, is_loose and not is_known)
        if len(found) >= _WINDOW_LIMIT:
            break
    return list(found.items())
