"""The JSON Schema that gives an admin's editor completion and red lines, generated from the model."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from bot.content.model import GuideFile, TopicFile

SCHEMAS: dict[str, type[BaseModel]] = {"guide.schema.json": GuideFile, "topic.schema.json": TopicFile}
HEADER = "# yaml-language-server: $schema=../guide.schema.json"  # the first line of every guide


def write_schemas(scenarios: Path) -> list[Path]:
    """Write them beside the topics; returns where."""
    written = []
    for name, model in SCHEMAS.items():
        schema = model.model_json_schema()
        if model is GuideFile:
            # A step may be a bare line: the model takes it through a validator that a schema cannot see.
            steps = schema["properties"]["steps"]
            steps["items"] = {"anyOf": [{"type": "string", "minLength": 1}, steps["items"]]}
        path = scenarios / name
        path.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written
