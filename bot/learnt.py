"""What the matcher learnt, kept on disk: a start with unchanged guides need not learn it again."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator, MutableMapping
from pathlib import Path

import numpy as np

from bot.language.matching import Weights

LEARNT = "learnt"  # the folder's name below the data folder
KEPT = 3  # the guides as they are, and two edits back
SUFFIX = ".npy"


class LearntFolder(MutableMapping[str, Weights]):
    """One file a key. A file that cannot be read or written is as good as none: learning again costs a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, key: str) -> Weights:
        try:
            return np.asarray(np.load(self._path(key), allow_pickle=False))
        except (OSError, ValueError, EOFError):
            raise KeyError(key) from None

    def __setitem__(self, key: str, weights: Weights) -> None:
        packed = io.BytesIO()
        np.save(packed, weights, allow_pickle=False)
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "wb") as file:
                file.write(packed.getvalue())
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
