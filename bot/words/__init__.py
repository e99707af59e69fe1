"""Sentences of the program's own, in Vietnamese, one YAML file an area: yaml, check, config, doctor, …

An admin reads these. What a citizen reads lives in knowledge/, where officials may edit it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

import yaml


@lru_cache
def words(area: str) -> Mapping[str, str]:
    """Key -> sentence with {placeholders}. Everything is text: `on:` and `12:` stay what they look like."""
    text = files(__name__).joinpath(f"{area}.yaml").read_text(encoding="utf-8")
    return MappingProxyType(yaml.load(text, Loader=yaml.BaseLoader) or {})  # noqa: S506 - it makes only text


def say(area: str, key: str, /, **values: object) -> str:
    """The sentence with its placeholders filled in. KeyError when either is missing: a mistake of ours."""
    return words(area)[key].format(**values)
