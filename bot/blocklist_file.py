"""The list of known bad addresses on disk: written whole or not at all, and read without being loaded."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bot.safety.blocklist import NO_BLOCKS, Blocklist, pack

BLOCKLIST = "blocklist.npy"  # the file's name in the data folder


def save_blocklist(entries: Iterable[str], path: Path) -> int:
    """Replace the list; returns how many entries it has. Raises OSError when the folder cannot be written."""
    hashes = pack(entries)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, hashes, allow_pickle=False)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return len(hashes)


class BlocklistFile:
    """The list as it is now: an import takes effect without a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = (0, 0)  # time and size of the file that `_list` came from
        self._list = NO_BLOCKS

    def current(self) -> Blocklist:
        """Costs a look at the file's date. A file that is missing or damaged is as good as an empty list."""
        try:
            status = self._path.stat()
        except OSError:
            self._seen, self._list = (0, 0), NO_BLOCKS
            return self._list
        seen = (status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._seen, self._list = seen, _open(self._path)
        return self._list


def _open(path: Path) -> Blocklist:
    try:
        hashes = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return NO_BLOCKS
    return Blocklist((hashes,)) if hashes.dtype == np.uint64 and hashes.ndim == 1 else NO_BLOCKS
