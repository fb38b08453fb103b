"""A service's Electric, and what of its tables anyone may read."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from .names import (
    ColumnName,
    Condition,
    EnvName,
    EnvValue,
    Generation,
    ImageReference,
    Megabytes,
    Seconds,
    ShapeName,
    StreamId,
    TableName,
    UrlPath,
)
from .platform import Model


class Shape(Model):
    """A part of a table that anyone may read. The client cannot change it."""

    table: TableName
    columns: list[ColumnName] | None = Field(default=None, min_length=1)
    """Default: all. For a table with generated columns, list the others: Electric refuses generated ones."""
    where: Condition | None = None

    @property
    def query(self) -> str:
        """The shape as the query of a URL of Electric."""
        columns = ",".join(f'"{name}"' for name in self.columns or ())
        parameters = {"table": self.table, "columns": columns, "where": self.where}
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items() if value)


class Public(Model):
    """Shapes that anyone may read, each at `/electric/<name>`. nginx adds the shape and Electric's secret."""

    kind: Literal["public"]
    shapes: dict[ShapeName, Shape] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _refuse_tables(cls, block: Any) -> Any:
        if isinstance(block, dict) and "tables" in block:
            tables = block["tables"] if isinstance(block["tables"], list) else []
            names = {str(table).removeprefix("public.").replace(".", "_"): table for table in tables}
            shapes = ", ".join(f"{name}: {{table: {table}}}" for name, table in names.items())
            raise ValueError(
                "tables is no longer a setting, since a client could read other tables by its own `where`; "
                f"write shapes: {{{shapes or '<name>: {table: <table>}'}}} instead, each read at /electric/<name>"
            )
        return block


class ThroughApp(Model):
    """Only the app reads from Electric. Browsers use the app's own route `path`, and the app decides who reads what."""

    kind: Literal["app"]
    path: UrlPath
    """A route of the app. The gateway streams it."""


class Electric(Model):
    """ElectricSQL on the service's database."""

    image: ImageReference
    stream_id: StreamId | None = None
    """The end of the names of its slot and publication. Default: the service's name, with _ for -."""
    access: Annotated[Public | ThroughApp, Field(discriminator="kind")]
    pool_size: int = Field(default=8, ge=2, le=50)
    """Connections to PostgreSQL."""
    memory_mb: Megabytes = 512
    """MB. A container that needs more is killed."""
    start_timeout_s: Seconds = 60
    """Seconds until it must be active, or the old one serves again."""
    env: dict[EnvName, EnvValue] = {}
    """`${NAME}` in a value is a variable that the platform gives to Electric."""
    restart_generation: Generation = 0
    """Raise it by one to replace the container by a new one of the same image."""
    cache_generation: Generation = 0
    """Raise it by one to drop the slot and start with empty shapes. Clients fetch them again by themselves."""


def stream_id(name: str, electric: Electric) -> str:
    """Returns the id in the names of Electric's slot and publication. The default is the service's name."""
    return electric.stream_id or name.replace("-", "_")
