"""The admins' real files about addresses, read without the guides: a test of links needs nothing else."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from bot.content.model import LinkSigns, OfficialSite, SafetyKnowledge
from bot.content.scam_signs import ScamSigns
from bot.safety.addresses import Address, find_addresses
from bot.safety.links import LinkLexicon, compile_links, judge_link
from bot.safety.model import Judgement
from bot.yaml_source import read
from tests.conftest import ROOT

HERE = Path(__file__).parent


@lru_cache
def safety_knowledge() -> SafetyKnowledge:
    sites = read(ROOT / "knowledge" / "official_sites.yaml").data
    signs = read(ROOT / "knowledge" / "link_signs.yaml").data
    return SafetyKnowledge(
        official_sites=TypeAdapter(dict[str, OfficialSite]).validate_python(sites),
        links=LinkSigns.model_validate(signs),
        messages=ScamSigns.model_validate(read(ROOT / "knowledge" / "scam_signs.yaml").data),
    )


@lru_cache
def lexicon() -> LinkLexicon:
    return compile_links(safety_knowledge())


def address(text: str) -> Address:
    """The first address of the text."""
    return find_addresses(text)[0]


def judge(text: str) -> Judgement:
    return judge_link(address(text), lexicon())


def names(path: Path) -> list[str]:
    """Lines of a data file, without comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
