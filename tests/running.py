"""The real program as a process of its own, on a copy of the real content."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from bot.learnt import LEARNT
from tests.conftest import KEPT_LEARNT, ROOT

READY_LIMIT = 60.0  # seconds; a start takes a few, on a busy machine many more


class Program:
    """`hocvuso run` in a folder; started, killed and started again as often as wanted."""

    def __init__(self, folder: Path, config: str = "") -> None:
        self.folder = folder
        for name in ("scenarios", "knowledge"):
            shutil.copytree(ROOT / name, folder / name)
        if KEPT_LEARNT.is_dir():
            shutil.copytree(KEPT_LEARNT, folder / "data" / LEARNT, ignore=shutil.ignore_patterns("tmp*"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "config.yaml").write_text(f"server:\n  port: {self.port}\n{config}", encoding="utf-8")
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def start(self) -> None:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run", "--config", str(self.folder / "config.yaml")],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + READY_LIMIT
        while self.status("/readyz") != 200:
            assert self._process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut would."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """As an operator would; returns the exit code."""
        if self._process is None or self._process.poll() is not None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=30)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return str(answer.read().decode())

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0
