"""The JSON Schema of the stack files, for editors. `python -m settings.schema` writes it."""

import json
from pathlib import Path
from typing import Any

from .secrets import PLATFORM_SECRETS
from .settings import Settings
from .stack_file import PROJECT

FILE = Path(__file__).with_name("schema.json")
SECRET = rf"^{PROJECT}:(?:{'|'.join(PLATFORM_SECRETS)}|[a-z][a-z0-9-]*_[A-Za-z_][A-Za-z0-9_]*)$"


def schema() -> dict[str, Any]:
    """Returns the schema of a whole `Pulumi.<stack>.yaml`."""
    settings = _closed(Settings.model_json_schema(ref_template="#/$defs/{model}"))
    required = [f"{PROJECT}:{name}" for name in settings["required"]]
    keys = {f"{PROJECT}:{name}": value for name, value in settings["properties"].items()}
    secret = {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"secure": {"type": "string"}}}]}
    config = {
        "type": "object",
        "properties": keys,
        "required": required,
        "patternProperties": {SECRET: secret, rf"^(?!{PROJECT}:)": {}},
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of the sertantai platform",
        "type": "object",
        "properties": {"config": config},
        "required": ["config"],
        "$defs": settings["$defs"],
    }


def _closed(schema: Any) -> Any:
    """Returns the schema without additional properties in blocks whose keys have a pattern."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return closed | ({"additionalProperties": False} if "patternProperties" in closed else {})


def text() -> str:
    """Returns the content of the schema's file."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
