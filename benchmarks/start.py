"""How long an operator waits: from the command to ready, and from a saved edit to its being live.

Run it with .venv/bin/python -m benchmarks.start
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.running import Program

ROUNDS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder))
        starts, edits = [], []
        for number in range(ROUNDS):
            began = time.monotonic()
            program.start()
            starts.append(time.monotonic() - began)
            guide = program.folder / "scenarios/vneid/vneid-kich-hoat.yaml"
            lines = guide.read_text(encoding="utf-8").splitlines()
            at = next(index for index, line in enumerate(lines) if line.startswith("title:"))
            lines[at] = f"title: Lần sửa {number}"
            began = time.monotonic()
            guide.write_text("\n".join(lines) + "\n", encoding="utf-8")
            while f"Lần sửa {number}" not in program.get("/g/vneid-kich-hoat"):
                time.sleep(0.01)
            edits.append(time.monotonic() - began)
            program.stop()
    for name, seconds in (("start to ready", starts), ("edit to live", edits)):
        print(f"{name:16} median {statistics.median(seconds):.2f} s  worst {max(seconds):.2f} s")


if __name__ == "__main__":
    main()
