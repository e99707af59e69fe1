"""What was learnt from the guides, kept on disk: a start with unchanged guides need not learn it again."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
import zipfile
from collections.abc import Iterator, MutableMapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.language.features import Rows, Vocabulary
from bot.language.learning import Learnt

log = logging.getLogger(__name__)

LEARNT = "learnt"  # the folder's name below the data folder
KEPT = 6  # guides and messages as they are, and two edits back
SUFFIX = ".npz"


class LearntFolder(MutableMapping[str, Learnt]):
    """One file a key. A file that cannot be read or written is as good as none: learning again costs seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, key: str) -> Learnt:
        try:
            with np.load(self._path(key), allow_pickle=False) as arrays:
                return Learnt(
                    ids=_words(arrays["ids"]),
                    vocabulary=Vocabulary(_words(arrays["features"]), arrays["rarity"], arrays["unseen"].item()),
                    weights=arrays["weights"],
                    bias=arrays["bias"],
                    postings=Rows(arrays["starts"], arrays["lines"], arrays["shares"]),
                    first=arrays["first"],
                    order=arrays["order"],
                )
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            log.info("the guides' lines are new here: they are learnt, which takes some seconds")
            raise KeyError(key) from None

    def __setitem__(self, key: str, learnt: Learnt) -> None:
        packed = io.BytesIO()
        np.savez(
            packed,
            ids=_letters(learnt.ids),
            features=_letters(learnt.vocabulary.features),
            rarity=learnt.vocabulary.rarity,
            unseen=np.array(learnt.vocabulary.unseen),
            weights=learnt.weights,
            bias=learnt.bias,
            starts=learnt.postings.starts,
            lines=learnt.postings.columns,
            shares=learnt.postings.weights,
            first=learnt.first,
            order=learnt.order,
        )
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "wb") as file:
                file.write(packed.getbuffer())
            os.replace(name, self._path(key))  # whole or not at all, whoever else writes it
            for old in sorted(self._folder.glob(f"*{SUFFIX}"), key=os.path.getmtime)[:-KEPT]:
                old.unlink(missing_ok=True)

    def __delitem__(self, key: str) -> None:
        self._path(key).unlink()

    def __iter__(self) -> Iterator[str]:
        return (path.stem for path in self._folder.glob(f"*{SUFFIX}"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{SUFFIX}"


def _letters(words: tuple[str, ...]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def _words(letters: NDArray[np.uint8]) -> tuple[str, ...]:
    return tuple(letters.tobytes().decode().split("\n"))
