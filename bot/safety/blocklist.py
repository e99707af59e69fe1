"""Known bad addresses, a million of them in 8 MB. PURE.

An entry is a host, or a host with a path where the host itself is harmless. Only a 64-bit hash of each is kept, sorted:
a look-up is a few binary searches. With a million entries the chance that an address which is in none of them is
taken for one is under 1 in 10 billion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.safety.addresses import Address, address_of_host, parse_address

Hashes = NDArray[np.uint64]

PATH_LIMIT = 8  # parts of a path that an entry may have; lists have one to three
HOST_PARTS_LIMIT = 10  # labels of a host that are looked up, from the right
NOT_TAKEN_SHOWN = 5  # line numbers that an import's report names

_HASH_BYTES = 8


def _hash(entry: str) -> int:
    return int.from_bytes(blake2b(entry.encode(), digest_size=_HASH_BYTES).digest(), "little")


@dataclass(frozen=True)
class Blocklist:
    """Sorted hashes; an array may be a memory-mapped file's, so that a large list costs no start and little memory."""

    parts: tuple[Hashes, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Blocklist:
        return cls((pack(entries),))

    def __or__(self, other: Blocklist) -> Blocklist:
        return Blocklist((*self.parts, *other.parts))

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def find(self, address: Address) -> str:
        """The entry that covers the address, as a person would write it; "" when there is none."""
        return next((entry for entry in _entries_for(address) if self._holds(entry)), "")

    def _holds(self, entry: str) -> bool:
        wanted = np.uint64(_hash(entry))
        for hashes in self.parts:
            at = int(np.searchsorted(hashes, wanted))
            if at < len(hashes) and hashes[at] == wanted:
                return True
        return False


NO_BLOCKS: Final = Blocklist()


def pack(entries: Iterable[str]) -> Hashes:
    """Sorted hashes, each once: what is kept on disk."""
    return np.unique(np.fromiter((_hash(entry) for entry in entries), dtype=np.uint64))


def _entries_for(address: Address) -> Iterator[str]:
    """Everything that a list might hold to cover the address: its host, the hosts above, and paths on its host."""
    labels = address.ascii_host.split(".")
    lowest = 1 if address.is_ip else len(labels) - len(address.domain.split(".")) + 1
    hosts = [".".join(labels[at:]) for at in range(max(len(labels) - HOST_PARTS_LIMIT, 0), max(lowest, 1))]
    if address.is_ip:
        hosts = [address.ascii_host]
    yield from hosts
    path = _path(address)
    pieces = re.split(r"(?=[/?&#])", path)[: PATH_LIMIT + 1] if path else []
    grown = address.ascii_host.removeprefix("www.")
    for piece in pieces:
        grown += piece
        if grown != address.ascii_host:
            yield grown


def _path(address: Address) -> str:
    path = address.path.rstrip("/")
    return path if path in ("", "/") or path.startswith("/") else "/" + path


@dataclass
class Import:
    """What a file of a public list became."""

    entries: set[str] = field(default_factory=set)
    kept_out: int = 0  # official sites and endings that thousands share: to block them would harm
    not_taken: list[int] = field(default_factory=list)  # numbers of lines that say nothing to us


_HOSTS_LINE = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|::1?|fe80::1%lo0)\s+(?P<host>\S+)")
_RULE = re.compile(r"(?:\|\|?)?(?:https?://)?(?:\*\.|\.)?(?P<rest>[^\s^$|*]+)[\^|]*(?:/?\*)?(?:\$[\w,=~|.-]*)?")
_PLAIN_HOST = re.compile(r"[A-Za-z0-9_.-]+\.[A-Za-z][A-Za-z0-9-]+")
_COMMENT = re.compile(r"\s*(?:[#!]|//|\[adblock|@@|;).*|\s*", re.IGNORECASE)
_LOCAL = frozenset(
    "localhost localhost.localdomain local broadcasthost 0.0.0.0 127.0.0.1 ip6-localhost ip6-loopback".split()
)


def read_list(lines: Iterable[str], keep_out: Callable[[Address], bool]) -> Import:
    """One domain a line, a hosts file, or AdBlock rules, mixed as they come; full addresses block only their path.

    Comments and exceptions ("@@…") are passed over silently. `keep_out` tells addresses that must never be blocked.
    """
    read = Import()
    for number, line in enumerate(map(str.strip, lines), 1):
        if _COMMENT.fullmatch(line):
            continue
        entry = _entry(line)
        if entry is None:
            read.not_taken.append(number)
        elif entry == "":
            continue
        elif (address := _address(entry)) is None:
            read.not_taken.append(number)
        elif not _path(address) and (_is_shared(address) or keep_out(address)):
            read.kept_out += 1
        else:
            read.entries.add(address.ascii_host.removeprefix("www.") + _path(address))
    return read


def entry_of(line: str) -> str:
    """An entry from a line that an admin wrote: a host, perhaps with a path; "" when it names none."""
    address = _address(_entry(line) or "")
    return address.ascii_host.removeprefix("www.") + _path(address) if address else ""


def _entry(line: str) -> str | None:
    """A host with its path in usual form; "" for a line about this machine, None for one that is not understood."""
    line = line.split(" #", 1)[0].strip()
    if found := _HOSTS_LINE.fullmatch(line):
        return "" if found["host"] in _LOCAL else found["host"]
    if "##" in line or "#@#" in line:  # hides a part of a page: no address
        return None
    rule = _RULE.fullmatch(line)
    return rule["rest"].rstrip("/") if rule and "." in rule["rest"] else None


def _address(entry: str) -> Address | None:
    if _PLAIN_HOST.fullmatch(entry):
        return address_of_host(entry)
    return parse_address("http://" + entry)


def _is_shared(address: Address) -> bool:
    """A public suffix, be it a registry's or a hosting's: many owners live below it."""
    return address.ascii_host == address.suffix
