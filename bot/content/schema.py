"""The JSON Schema that gives an admin's editor completion and red lines, generated from the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from bot.content.model import GuideFile, LearningPathFile, QuizFile, TopicFile

HEADER = "# yaml-language-server: $schema=../guide.schema.json"  # the first line of every guide and quiz


def write_schemas(scenarios: Path) -> list[Path]:
    """Write them beside the topics; returns where."""
    schemas = {
        "guide.schema.json": _lesson_schema(),
        "topic.schema.json": TopicFile.model_json_schema(),
        "paths.schema.json": TypeAdapter(dict[str, LearningPathFile]).json_schema(),
    }
    for name, schema in schemas.items():
        (scenarios / name).write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return [scenarios / name for name in schemas]


def _lesson_schema() -> dict[str, Any]:
    """A quiz where `type` says so, else a guide."""
    guide, quiz = GuideFile.model_json_schema(), QuizFile.model_json_schema()
    # A step may be a bare line: the model takes it through a validator that a schema cannot see.
    steps = guide["properties"]["steps"]
    steps["items"] = {"anyOf": [{"type": "string", "minLength": 1}, steps["items"]]}
    parts = {**guide.pop("$defs"), **quiz.pop("$defs")}
    is_quiz = {"properties": {"type": {"const": "quiz"}}, "required": ["type"]}
    return {"$defs": parts, "if": is_quiz, "then": quiz, "else": guide}
