"""The `hocvuso` command: arguments to calls, results to lines. No logic of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bot.blocklist_file import BLOCKLIST, BlocklistFile, save_blocklist
from bot.calibrate import calibrate, rendered
from bot.channels.terminal import TerminalChannel
from bot.config import Config, ContentConfig, load_config
from bot.content.check import check_meanings
from bot.content.load import Loaded, load_content
from bot.content.schema import write_schemas
from bot.content.style import check_style
from bot.delivery import DeliveryWorker
from bot.doctor import diagnose
from bot.engine.library import Library, asked_of, lines_of, open_of, others_of
from bot.engine.routing import Meaning, understand
from bot.errors import ConfigError, ConnectionFailed, ContentError, Problem, StoreError
from bot.evaluate import OPEN, OUT_OF_SCOPE, Question, check_questions, evaluate, read_questions
from bot.evaluate import render as render_evaluation
from bot.evaluate_safety import Case, categories, evaluate_safety, read_messages, render_safety
from bot.language.explaining import explain
from bot.language.matching import Outcome
from bot.language.redact import redact
from bot.learnt import LEARNT, LearntFolder
from bot.safety.addresses import find_addresses
from bot.safety.blocklist import NO_BLOCKS, NOT_TAKEN_SHOWN, read_list
from bot.safety.links import compile_links, is_known, judge_link
from bot.safety.model import Judgement, Verdict
from bot.stats import Traffic, render, summarize, traffic
from bot.stores.memory import MemoryStore
from bot.turns import Turns, utc_now
from bot.web.share import VOLUNTEER, page_link, save_qr, share_links
from bot.words import say
from bot.yaml_source import nearest

if TYPE_CHECKING:  # it pulls in every channel: the small commands start without them
    from bot.app import Assistant

FAILED = 1
STATS_DAYS_LIMIT = 36_500
QR_KINDS = (".svg", ".png")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 1 when something was wrong."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            # Vietnamese whatever the machine's locale; a bad byte costs its letter, not the rest of the file.
            stream.reconfigure(encoding="utf-8", errors="replace")
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (ConfigError, ContentError) as error:
        _print_problems(error.problems)
        return FAILED
    except StoreError as error:
        print(say("cli", "store_refused", reason=error))
        return FAILED
    except BrokenPipeError:  # `hocvuso match < lines | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    def add(name: str, command: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=say("cli", name), description=say("cli", name))
        one.add_argument("--config", type=_file, default=Path("config.yaml"), help=say("cli", "config"))
        one.set_defaults(command=command)
        return one

    parser = argparse.ArgumentParser("hocvuso", description=say("cli", "description"))
    commands = parser.add_subparsers(required=True, metavar="…")
    add("run", _run)
    add("chat", _chat)
    add("check", _check)
    add("match", _match).add_argument("--explain", action="store_true", help=say("cli", "explain"))
    add("inspect", _inspect)
    add("redact", _redact)
    share = add("share", _share)
    share.add_argument("guide", help=say("cli", "guide_argument"))
    share.add_argument("--volunteer", type=_volunteer, default="", help=say("cli", "volunteer"))
    share.add_argument("--output", type=_picture, help=say("cli", "output"))
    stats = add("stats", _stats)
    stats.add_argument("--days", type=_days, default=30, help=say("cli", "days"))
    stats.add_argument("--format", choices=("table", "csv", "json"), default="table", help=say("cli", "format"))
    evaluation = add("eval", _eval)
    evaluation.add_argument("--out-of-scope", type=_file, help=say("cli", "out_of_scope"))
    evaluation.add_argument("--questions", type=_file, help=say("cli", "questions"))
    evaluation.add_argument("--ambiguous", type=_file, help=say("cli", "ambiguous"))
    evaluation.add_argument("--against", type=_file, help=say("cli", "against"))
    evaluation.add_argument("--save", type=Path, help=say("cli", "save"))
    evaluation.add_argument("--missed", action="store_true", help=say("cli", "missed"))
    calibration = add("calibrate", _calibrate)
    calibration.add_argument("--out-of-scope", type=_file, required=True, help=say("cli", "out_of_scope"))
    safety = add("eval-safety", _eval_safety)
    safety.add_argument("--bad", type=_file, help=say("cli", "bad_links"))
    safety.add_argument("--good", type=_file, help=say("cli", "good_links"))
    safety.add_argument("--messages-bad", type=_file, help=say("cli", "bad_messages"))
    safety.add_argument("--messages-good", type=_file, help=say("cli", "good_messages"))
    safety.add_argument("--blocklist", action="store_true", help=say("cli", "with_blocklist"))
    safety.add_argument("--missed", action="store_true", help=say("cli", "missed_links"))
    add("schema", _schema)
    add("doctor", _doctor)
    subcommands = commands
    blocklist = subcommands.add_parser("blocklist", help=say("cli", "blocklist"), description=say("cli", "blocklist"))
    commands = blocklist.add_subparsers(required=True, metavar="…")
    add("import", _blocklist_import).add_argument("file", type=_file, help=say("cli", "blocklist_file"))
    zalo = subcommands.add_parser("zalo", help=say("cli", "zalo"), description=say("cli", "zalo"))
    commands = zalo.add_subparsers(required=True, metavar="…")
    add("login", _zalo_login)
    zalo_status = add("status", _zalo_status)
    zalo_status.add_argument("--user", default="", help=say("cli", "zalo_user"))
    return parser


def _file(given: str) -> Path:
    """A default that is not there is an empty one; a name that was typed is meant."""
    path = Path(given)
    if not path.is_file():
        raise argparse.ArgumentTypeError(say("cli", "no_such_file", path=path))
    return path


def _volunteer(given: str) -> str:
    if given and not VOLUNTEER.fullmatch(given):
        raise argparse.ArgumentTypeError(say("cli", "bad_volunteer", code=given))
    return given


def _picture(given: str) -> Path:
    path = Path(given)
    if path.suffix not in QR_KINDS:
        raise argparse.ArgumentTypeError(say("cli", "bad_picture", path=path))
    return path


def _days(given: str) -> int:
    if not given.isdecimal() or not 0 < int(given) <= STATS_DAYS_LIMIT:
        raise argparse.ArgumentTypeError(say("cli", "bad_days", days=given))
    return int(given)


def _config(options: argparse.Namespace) -> Config:
    return load_config(options.config, os.environ)


def _content(place: ContentConfig) -> Loaded:
    return load_content(place.scenarios, place.knowledge, date.today())


def _library(options: argparse.Namespace) -> Library:
    config = _config(options)
    return Library(_content(config.content).content, LearntFolder(config.data_folder / LEARNT))


def _print_problems(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        prefix = f"{say('cli', 'warning')}: " if problem.is_warning else ""
        print(f"{problem.path}:{problem.line}: {prefix}{problem.message}")


def _lines() -> Iterator[str]:
    return (line.rstrip("\r\n") for line in sys.stdin)


def _run(options: argparse.Namespace) -> int:
    from bot.app import build

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    config = _config(options)
    try:
        assistant = build(config)
    except ContentError as error:
        _print_problems(error.problems)
        print(say("cli", "content_refused"))
        return FAILED
    return asyncio.run(_serve(config, assistant))


async def _serve(config: Config, assistant: Assistant) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(assistant.listening())
        except OSError as error:
            print(say("cli", "port_taken", reason=error.strerror, host=config.server.host, port=config.server.port))
            return FAILED
        for name, channel in config.channels.named().items():
            if channel.is_on:
                print(say("cli", "channel_on", name=name, mode=getattr(channel, "mode", "webhook")))
        for reason in config.off_channels().values():
            print(reason)
        print(say("cli", "ready", url=config.server.public_url), flush=True)
        await stop.wait()
        print(say("cli", "stopping"), flush=True)
    return 0


def _chat(options: argparse.Namespace) -> int:
    """The whole way of a message, outbox included, with a store that forgets."""
    library = _library(options)
    channel = TerminalChannel(print)
    store = MemoryStore()
    turns = Turns(store, lambda: library)
    delivery = DeliveryWorker(store, {channel.name: channel})
    prompt = f"{say('cli', 'chat_you')}: " if sys.stdin.isatty() else ""
    if prompt:
        print(say("cli", "chat_hello"))
    update = channel.opened()
    with asyncio.Runner() as loop:  # at work only between two lines, so that Ctrl-C meets whoever waits for one
        while True:
            turns.play(update)
            while loop.run(delivery.deliver_due()):
                pass
            try:
                update = channel.typed(input(prompt))
            except EOFError:
                return 0


def _check(options: argparse.Namespace) -> int:
    problems: list[Problem] = []
    try:
        place = _config(options).content
    except ConfigError as error:  # the content is judged all the same, where it usually lies
        problems += error.problems
        folder, usual = options.config.parent, ContentConfig()
        place = ContentConfig(scenarios=folder / usual.scenarios, knowledge=folder / usual.knowledge)
    guides = 0
    try:
        loaded = _content(place)
        problems += loaded.warnings
        knowledge = loaded.content.knowledge
        problems += check_style(loaded.guides, knowledge)
        problems += check_meanings(loaded.guides, knowledge.synonyms.normalizer)
        guides = len(loaded.content.lessons)
    except ContentError as error:
        problems += error.problems
    problems.sort(key=lambda problem: (problem.is_warning, problem))  # errors first, each kind file by file
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
    for text in _lines():
        meant = understand(text, library)
        guides = [{"id": one.id, "score": round(one.score, 4)} for one in meant.guides]
        told: dict[str, Any] = {"text": text, "outcome": meant.outcome, "guides": guides}
        if options.explain:
            told["explain"] = _explained(text, meant, library)
        print(json.dumps(told, ensure_ascii=False), flush=True)
    return 0


def _explained(text: str, meant: Meaning, library: Library) -> dict[str, Any] | None:
    """Nothing for a command or a short code, which are not weighed. A topic or an open question asks back anyhow."""
    if meant.outcome is Outcome.COMMAND:
        return None
    ranking = library.rank(text, among=meant.topic.guides if meant.topic else None)
    lines = [line for _, line in lines_of(library.content)]
    shown = (one.id for one in meant.guides)
    thresholds = library.content.knowledge.thresholds
    explanation = explain(library.normalizer(text), ranking, shown, library.ranker, lines, thresholds)
    named = {"topic": meant.topic.id if meant.topic else None, "open_question": bool(library.open_guides(text))}
    return {**named, **asdict(explanation, dict_factory=_rounded)}


def _rounded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in pairs}


def _inspect(options: argparse.Namespace) -> int:
    blocklist = BlocklistFile(_config(options).data_folder / BLOCKLIST).current()
    library = _library(options).with_blocklist(blocklist)
    for text in _lines():
        judgement = library.inspect(text.replace("\\n", "\n"))
        reasons = [asdict(reason) for reason in judgement.reasons]
        told = {"text": text, "verdict": judgement.verdict, "reasons": reasons}
        print(json.dumps(told, ensure_ascii=False), flush=True)
    return 0


def _redact(_options: argparse.Namespace) -> int:
    for text in _lines():
        print(redact(text), flush=True)
    return 0


def _share(options: argparse.Namespace) -> int:
    config = _config(options)
    content = _content(config.content).content
    guide = content.lessons.get(options.guide)
    if guide is None:
        near = nearest(options.guide, content.lessons)
        print(say("cli", "no_such_guide", name=options.guide, near=say("content", "near", name=near) if near else ""))
        return FAILED
    print(guide.title)
    public_url = config.server.public_url
    for name, url in share_links(guide.id, public_url, _telegram_username(config), options.volunteer):
        print(f"{say('cli', 'link_' + name)}: {url}")
    print(say("cli", "share_code", code=guide.code))
    path = options.output or Path(f"{guide.id}.svg")
    try:
        save_qr(page_link(guide.id, public_url, options.volunteer), path)
    except OSError as error:
        print(say("cli", "qr_refused", path=path, reason=error.strerror))
        return FAILED
    print(say("cli", "share_qr", path=path))
    return 0


def _telegram_username(config: Config) -> str | None:
    """Of the bot that the token belongs to; says so when there is none to be had."""
    from bot.channels.telegram.client import ask_username

    telegram = config.channels.telegram
    if not telegram.is_on:
        print(config.off_channels()["telegram"])
        return None
    try:
        return asyncio.run(ask_username(telegram.token.get_secret_value(), telegram.api_base))
    except ConnectionFailed as error:
        print(say("cli", "telegram_silent", reason=error.code))
        return None


def _stats(options: argparse.Namespace) -> int:
    from bot.app import open_store

    store = open_store(_config(options))
    try:
        print(render(summarize(store.events(utc_now() - timedelta(days=options.days))), options.format))
    finally:
        store.close()
    return 0


def _eval(options: argparse.Namespace) -> int:
    library = _library(options)
    questions = [
        *check_questions(library.content),
        *_questions(options.questions),
        *_questions(options.out_of_scope, OUT_OF_SCOPE),
        *_questions(options.ambiguous, OPEN),
    ]
    before = perf_counter()
    report = evaluate(questions, lambda text: understand(text, library))
    microseconds = (perf_counter() - before) * 1_000_000 / max(len(questions), 1)
    against = json.loads(options.against.read_text(encoding="utf-8")) if options.against else None
    print(render_evaluation(report, microseconds, against, options.missed))
    if options.save:
        options.save.write_text(json.dumps(report.as_dict(), indent=2) + "\n", encoding="utf-8")
    return 0


def _questions(path: Path | None, group: str = "") -> list[Question]:
    return read_questions(path.read_text(encoding="utf-8").splitlines(), group) if path else []


def _calibrate(options: argparse.Namespace) -> int:
    config = _config(options)
    content = _content(config.content).content
    normalizer = content.knowledge.synonyms.normalizer
    asked, others = ([(owner, normalizer(line)) for owner, line in of(content)] for of in (asked_of, others_of))
    open_ = [(guides, normalizer(line)) for guides, line in open_of(content)]
    outside = [normalizer(one.line) for one in _questions(options.out_of_scope, OUT_OF_SCOPE)]
    thresholds = calibrate(asked, open_, others, outside, _tell_part)
    path = config.content.knowledge / "thresholds.yaml"
    path.write_text(rendered(thresholds, say("eval", "thresholds_head")), encoding="utf-8")
    print(say("eval", "calibrated", path=path))
    return 0


def _tell_part(part: int, parts: int) -> None:
    print(say("eval", "learning", part=part, parts=parts), file=sys.stderr, flush=True)


def _eval_safety(options: argparse.Namespace) -> int:
    config = _config(options)
    blocklist = BlocklistFile(config.data_folder / BLOCKLIST).current() if options.blocklist else NO_BLOCKS
    library = _library(options).with_blocklist(blocklist)
    lexicon = compile_links(library.content.knowledge.safety)

    def judge_links(text: str) -> Judgement:
        judged = [judge_link(address, lexicon, blocklist) for address in find_addresses(text)]
        return max(judged, key=lambda one: one.score, default=Judgement(Verdict.UNKNOWN))

    links = [*_cases(options.bad, is_bad=True), *_cases(options.good, is_bad=False)]
    messages = [*_messages(options.messages_bad, is_bad=True), *_messages(options.messages_good, is_bad=False)]
    parts = (("links", links, judge_links), ("messages", messages, library.inspect))
    for title, cases, judge in parts:
        if cases:
            before = perf_counter()
            report = evaluate_safety(cases, judge)
            microseconds = (perf_counter() - before) * 1_000_000 / len(cases)
            print(render_safety(report, say("eval_safety", title), microseconds, options.missed))
    return 0


def _cases(path: Path | None, is_bad: bool) -> list[Case]:
    """One text a line; its category from the table beside the file, if there is one: bad.txt, bad_meta.tsv."""
    if path is None:
        return []
    table = path.with_name(f"{path.stem}_meta.tsv")
    kinds = categories(table.read_text(encoding="utf-8").splitlines()) if table.is_file() else {}
    texts = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [Case(text, is_bad, kinds.get(text, "")) for text in texts if text and not text.startswith("#")]


def _messages(path: Path | None, is_bad: bool) -> list[Case]:
    return read_messages(path.read_text(encoding="utf-8").splitlines(), is_bad) if path else []


def _blocklist_import(options: argparse.Namespace) -> int:
    """Replaces the whole list: what a public list has dropped is dropped here too."""
    config = _config(options)
    lexicon = compile_links(_content(config.content).content.knowledge.safety)
    with options.file.open(encoding="utf-8-sig", errors="replace") as lines:
        read = read_list(lines, lambda address: is_known(address, lexicon))
    if not read.entries:
        print(say("cli", "blocklist_empty"))
        return FAILED
    path = config.data_folder / BLOCKLIST
    try:
        count = save_blocklist(read.entries, path)
    except OSError as error:
        print(say("cli", "blocklist_refused", path=path, reason=error.strerror))
        return FAILED
    print(say("cli", "blocklist_taken", count=count, path=path))
    if read.kept_out:
        print(say("cli", "blocklist_kept_out", count=read.kept_out))
    if read.not_taken:
        numbers = ", ".join(map(str, read.not_taken[:NOT_TAKEN_SHOWN]))
        more = ", …" if len(read.not_taken) > NOT_TAKEN_SHOWN else ""
        print(say("cli", "blocklist_not_taken", count=len(read.not_taken), numbers=numbers + more))
    return 0


def _schema(options: argparse.Namespace) -> int:
    for path in write_schemas(_config(options).content.scenarios):
        print(say("cli", "schema_written", path=path))
    return 0


def _used_this_month(config: Config, channel: str) -> Traffic:
    """A store that is not there yet is not made by looking."""
    from bot.app import open_store

    if (database := config.store.sqlite_path) and not database.exists():
        return Traffic(0, 0)
    month = utc_now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)  # as that of persons' keys
    with contextlib.closing(open_store(config)) as store:
        return traffic(store.events(month), channel)


def _doctor(options: argparse.Namespace) -> int:
    config = _config(options)
    findings = diagnose(config, lambda: _content(config.content), lambda: _used_this_month(config, "zalo_bot"))
    for finding in findings:
        print(finding)
    return FAILED if any(finding.level == "error" for finding in findings) else 0


def _zalo_login(options: argparse.Namespace) -> int:
    from bot.app import open_store
    from bot.channels.zalo_oa.account import login

    config = _config(options)
    with contextlib.closing(open_store(config)) as store:
        block, redirect = config.channels.zalo_oa, config.server.public_url
        is_stored = asyncio.run(login(block, redirect, store, sys.stdin.readline, _tell, utc_now()))
    return 0 if is_stored else FAILED


def _zalo_status(options: argparse.Namespace) -> int:
    from bot.app import open_store
    from bot.channels.zalo_oa.account import status

    config = _config(options)
    with contextlib.closing(open_store(config)) as store:
        asyncio.run(status(config.channels.zalo_oa, store, _tell, utc_now(), options.user))
    return 0


def _tell(line: str) -> None:
    print(line, flush=True)
