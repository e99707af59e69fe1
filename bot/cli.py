"""The `hocvuso` command: arguments to calls, results to lines. No logic of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from aiohttp import web

from bot.channels.terminal import TerminalChannel
from bot.config import Config, load_config
from bot.content.load import Loaded, load_content
from bot.content.schema import write_schemas
from bot.delivery import DeliveryWorker
from bot.engine.library import Library
from bot.engine.routing import understand
from bot.errors import AssistantError, ConfigError, ContentError, Problem
from bot.language.redact import redact
from bot.stores.memory import MemoryStore
from bot.turns import Turns
from bot.words import say
from bot.yaml_source import nearest

FAILED = 1


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 1 when something was wrong."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (ConfigError, ContentError) as error:
        _print_problems(error.problems)
        return FAILED
    except BrokenPipeError:  # `hocvuso match < lines | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    def add(name: str, command: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=say("cli", name), description=say("cli", name))
        one.add_argument("--config", type=Path, default=Path("config.yaml"), help=say("cli", "config"))
        one.set_defaults(command=command)
        return one

    parser = argparse.ArgumentParser("hocvuso", description=say("cli", "description"))
    commands = parser.add_subparsers(required=True, metavar="…")
    add("run", _run)
    add("chat", _chat)
    add("check", _check)
    add("match", _match)
    add("redact", _redact)
    share = add("share", _share)
    share.add_argument("guide", help=say("cli", "guide_argument"))
    share.add_argument("--volunteer", default="", help=say("cli", "volunteer"))
    share.add_argument("--output", type=Path, help=say("cli", "output"))
    stats = add("stats", _stats)
    stats.add_argument("--days", type=int, default=30, help=say("cli", "days"))
    stats.add_argument("--format", choices=("table", "csv", "json"), default="table", help=say("cli", "format"))
    add("schema", _schema)
    add("doctor", _doctor)
    return parser


def _config(options: argparse.Namespace) -> Config:
    return load_config(options.config, os.environ)


def _content(config: Config) -> Loaded:
    return load_content(config.content.scenarios, config.content.knowledge, date.today())


def _library(options: argparse.Namespace) -> Library:
    return Library(_content(_config(options)).content)


def _print_problems(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        prefix = f"{say('cli', 'warning')}: " if problem.is_warning else ""
        print(f"{problem.path}:{problem.line}: {prefix}{problem.message}")


def _run(options: argparse.Namespace) -> int:
    from bot.app import build  # pulls in every channel: the small commands start without them

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    config = _config(options)
    try:
        assistant = build(config)
    except ContentError as error:
        _print_problems(error.problems)
        print(say("cli", "content_refused"))
        return FAILED
    return asyncio.run(_serve(config, assistant))


async def _serve(config: Config, assistant: object) -> int:
    from bot.app import Assistant

    assert isinstance(assistant, Assistant)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with assistant.running() as application:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=5.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, config.server.host, config.server.port).start()
        except OSError as error:
            place = {"host": config.server.host, "port": config.server.port}
            print(say("cli", "port_taken", reason=error.strerror, **place))
            await runner.cleanup()
            return FAILED
        for name, channel in config.channels.named().items():
            if channel.is_on:
                print(say("cli", "channel_on", name=name, mode=getattr(channel, "mode", "webhook")))
        for reason in config.off_channels().values():
            print(reason)
        print(say("cli", "ready", url=config.server.public_url), flush=True)
        await stop.wait()
        print(say("cli", "stopping"), flush=True)
        await runner.cleanup()
    return 0


def _chat(options: argparse.Namespace) -> int:
    asyncio.run(_talk(_library(options)))
    return 0


async def _talk(library: Library) -> None:
    """The whole way of a message, outbox included, with a store that forgets."""
    channel = TerminalChannel(print)
    store = MemoryStore()
    turns = Turns(store, lambda: library)
    delivery = DeliveryWorker(store, {channel.name: channel})
    prompt = f"{say('cli', 'chat_you')}: " if sys.stdin.isatty() else ""
    if prompt:
        print(say("cli", "chat_hello"))
    update = channel.opened()
    while True:
        await turns.accept(update)
        while await delivery.deliver_due():
            pass
        try:
            update = channel.typed(await asyncio.to_thread(input, prompt))
        except EOFError:
            return


def _check(options: argparse.Namespace) -> int:
    problems: list[Problem] = []
    try:
        config = _config(options)
    except ConfigError as error:
        problems += error.problems
        config = Config()
    guides = 0
    try:
        loaded = _content(config)
        problems += loaded.warnings
        guides = len(loaded.content.guides)
    except ContentError as error:
        problems += error.problems
    _print_problems(tuple(problems))
    errors = sum(not problem.is_warning for problem in problems)
    warnings = len(problems) - errors
    if errors:
        print(say("cli", "check_errors", errors=errors, warnings=warnings))
        return FAILED
    print(say("cli", "check_fine", guides=guides, warnings=warnings))
    return 0


def _match(options: argparse.Namespace) -> int:
    library = _library(options)
    for line in sys.stdin:
        text = line.rstrip("\r\n")
        meant = understand(text, library)
        guides = [{"id": one.id, "score": round(one.score, 4)} for one in meant.guides]
        print(json.dumps({"text": text, "outcome": meant.outcome, "guides": guides}, ensure_ascii=False), flush=True)
    return 0


def _redact(_options: argparse.Namespace) -> int:
    for line in sys.stdin:
        print(redact(line.rstrip("\r\n")), flush=True)
    return 0


def _share(options: argparse.Namespace) -> int:
    import segno

    from bot.web.share import page_link, share_links

    config = _config(options)
    content = _content(config).content
    guide = content.guides.get(options.guide)
    if guide is None:
        near = nearest(options.guide, content.guides)
        print(say("cli", "no_such_guide", name=options.guide, near=say("content", "near", name=near) if near else ""))
        return FAILED
    print(guide.title)
    for name, url in share_links(guide.id, config.server.public_url, None, options.volunteer):
        print(f"{say('cli', 'link_' + name)}: {url}")
    print(say("cli", "share_code", code=guide.code))
    path = options.output or Path(f"{guide.id}.svg")
    segno.make(page_link(guide.id, config.server.public_url, options.volunteer), error="m").save(str(path), scale=8)
    print(say("cli", "share_qr", path=path))
    return 0


def _stats(options: argparse.Namespace) -> int:
    from bot.app import open_store
    from bot.stats import render, summarize
    from bot.turns import utc_now

    store = open_store(_config(options))
    try:
        print(render(summarize(store.events(utc_now() - timedelta(days=options.days))), options.format))
    finally:
        store.close()
    return 0


def _schema(options: argparse.Namespace) -> int:
    for path in write_schemas(_config(options).content.scenarios):
        print(say("cli", "schema_written", path=path))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from bot.doctor import diagnose

    try:
        config = _config(options)
    except AssistantError:
        return _check(options)
    findings = diagnose(config, lambda: _content(config))
    for finding in findings:
        print(finding)
    return FAILED if any(finding.level == "error" for finding in findings) else 0
