"""The JSON Schema of the stack files, for editors: `python -m settings.schema` writes it."""

import json
from pathlib import Path
from typing import Any

from .read import PROJECT, Settings

FILE = Path(__file__).with_name("schema.json")


def schema() -> dict[str, Any]:
    """The schema of a whole `Pulumi.<stack>.yaml`."""
    settings = Settings.model_json_schema(ref_template="#/$defs/{model}")
    required = [f"{PROJECT}:{name}" for name in settings["required"]]
    keys = {f"{PROJECT}:{name}": value for name, value in settings["properties"].items()}
    config = {"type": "object", "properties": keys, "required": required}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of the sertantai platform",
        "type": "object",
        "properties": {"config": config},
        "required": ["config"],
        "$defs": settings["$defs"],
    }


def text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
