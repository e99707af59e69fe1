"""What the scam check costs: a link, a message, the worst texts, and a list of a million bad addresses.

Run it with .venv/bin/python -m benchmarks.safety
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

from bot.blocklist_file import BlocklistFile, save_blocklist
from bot.content.load import load_content
from bot.engine.library import Library
from bot.evaluate_safety import read_messages
from bot.language.redact import redact
from bot.safety.addresses import find_addresses
from bot.safety.blocklist import NO_BLOCKS, Blocklist, read_list
from bot.safety.links import is_known, judge_link
from tests.pastes import PASTES
from tests.safety.knowledge import HERE, lexicon, names

ROOT = Path(__file__).parent.parent
MILLION = 1_000_000
LOOKUPS = 10_000
SLOWEST = 5  # pastes that are named


def main() -> None:
    lexicon()
    texts = [*names(HERE / "data" / "lures.txt"), *names(HERE / "data" / "legit_lookalikes.txt")]
    spent = [_seconds(lambda text=text: _judge(text, NO_BLOCKS)) for text in texts for _ in range(5)]
    print(f"one link         median {statistics.median(spent) * 1e6:8.0f} us  worst {max(spent) * 1e6:8.0f} us")
    _messages()
    _blocklist()


def _messages() -> None:
    """The whole check, as a conversation makes it: addresses, signs and likeness."""
    library = Library(load_content(ROOT / "scenarios", ROOT / "knowledge", date.today()).content)
    library.warm()
    files = (HERE / "data" / name for name in ("held_out_scam.tsv", "held_out_genuine.tsv"))
    cases = [case for path in files for case in read_messages(path.read_text(encoding="utf-8").splitlines(), True)]
    spent = sorted(_seconds(lambda case=case: library.inspect(case.text)) for case in cases)
    p99 = spent[int(len(spent) * 0.99)]
    print(f"one message      median {statistics.median(spent) * 1e6:8.0f} us  p99   {p99 * 1e6:8.0f} us")
    works: dict[str, Callable[[str], object]] = {
        "the whole check": library.inspect,
        "finding links": find_addresses,
        "redacting": redact,
    }
    for work, do in works.items():
        costs = sorted(((_seconds(partial(do, text)), name) for name, text in PASTES.items()), reverse=True)
        told = ", ".join(f"{name} {seconds * 1e3:.0f}" for seconds, name in costs[:SLOWEST])
        print(f"slowest of {len(costs)} pastes of 100 kB, {work}, in ms: {told}")


def _blocklist() -> None:
    lines = (f"bad-{number:x}-{number * 7919 % 104729}.com" for number in range(MILLION))
    began = time.perf_counter()
    read = read_list(lines, lambda found: is_known(found, lexicon()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blocklist.npy"
        save_blocklist(read.entries, path)
        print(f"a million lines imported in {time.perf_counter() - began:.1f} s, {path.stat().st_size / 1e6:.1f} MB")
        del read
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        blocklist = BlocklistFile(path).current()
        addresses = [find_addresses(f"http://a{number}.example-{number}.com/x")[0] for number in range(LOOKUPS)]
        each = _seconds(lambda: [blocklist.find(address) for address in addresses]) / LOOKUPS
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"one look-up      mean   {each * 1e6:8.1f} us, memory grown by {grown:.1f} MB")


def _judge(text: str, blocklist: Blocklist) -> None:
    for address in find_addresses(text):
        judge_link(address, lexicon(), blocklist)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
