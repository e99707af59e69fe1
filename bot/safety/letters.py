"""What the eye takes for the same letters. PURE."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from bot.language.normalize import fold

SAME_LOOK: Final = str.maketrans("аеорсухіјѕԁһӏвкмнтαοιρνυκτ", "aeopcyxijsdhlbkmhtaoipvukt")
_DIGIT_LOOK: Final = str.maketrans("013457", "oleast")


def fold_name(name: str) -> str:
    """Without diacritics, and with letters of other scripts as those that they look like."""
    return fold(name.translate(SAME_LOOK))


def joined(words: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(words))


@lru_cache(maxsize=8192)
def skeleton(letters: str) -> str:
    """One form for what the eye takes for the same: rn and m, vv and w, 0 and o, 1, i and l; doubled letters once."""
    shown = letters.translate(_DIGIT_LOOK).replace("rn", "m").replace("vv", "w").replace("i", "l").replace("j", "l")
    return re.sub(r"(.)\1+", r"\1", shown)
