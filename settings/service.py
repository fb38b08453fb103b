"""One service: what one block of YAML under `sertantai:services` may say."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from .names import (
    BodyMegabytes,
    ColumnName,
    Condition,
    DatabaseName,
    EnvName,
    EnvValue,
    ExtensionName,
    Generation,
    Hostname,
    ImageReference,
    Megabytes,
    PlainPath,
    Seconds,
    ServiceName,
    ServicePort,
    ShapeName,
    StableName,
    StreamId,
    TableName,
    UrlPath,
    Word,
)
from .platform import Model

# Connections that an app or Electric opens outside its pools: listeners, and backends that have not ended yet.
OUTSIDE_THE_POOLS = 5


class Health(Model):
    """How a container is asked whether it serves: a GET of `path`, by a tool that its image has."""

    path: UrlPath = "/health"
    tool: Literal["wget", "curl"] = "wget"
    successes: int = Field(default=3, ge=1, le=20)
    """Answers in a row before it may have traffic."""
    start_timeout_s: Seconds = 60


class Part(Model):
    """What app and frontend have in common: a container with an HTTP port, released beside its predecessor."""

    image: ImageReference
    port: ServicePort
    health: Health = Health()
    env: dict[EnvName, EnvValue] = {}
    memory_mb: Megabytes = 512
    drain_s: Seconds = 30
    """How long requests in flight on the old container may take once the new one has the traffic."""
    read_only: bool = False
    """The container's root file system is read-only, /tmp apart."""
    restart_generation: Generation = 0


class App(Part):
    """The Phoenix app."""

    port: ServicePort = 4000
    memory_mb: Megabytes = 1024
    routes: list[UrlPath] | None = None
    """`/api/` with all below it, or `/health` alone; left out, the whole site where there is no frontend."""
    migrate: list[Word] | None = Field(default=None, min_length=1)
    migrate_timeout_s: Seconds = 300
    migrate_lock_timeout_s: Seconds = 10
    """How long a migration's statement may wait for a lock: others wait behind it. Its own SET lock_timeout wins."""
    migrate_generation: Generation = 0
    secrets: list[EnvName] = []
    calls: list[ServiceName] = []


class Frontend(Part):
    """The SvelteKit frontend."""

    port: ServicePort = 3000
    health: Health = Health(path="/")
    memory_mb: Megabytes = 256
    drain_s: Seconds = 10


class Shape(Model):
    """A part of a table that anyone may read: nothing of it is the client's to choose."""

    table: TableName
    columns: list[ColumnName] | None = Field(default=None, min_length=1)
    """Left out, all of them; Electric refuses a table with generated columns unless they are left out by name."""
    where: Condition | None = None

    @property
    def query(self) -> str:
        """The shape as Electric takes it in a URL."""
        columns = ",".join(f'"{name}"' for name in self.columns or ())
        given = {"table": self.table, "columns": columns, "where": self.where}
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items() if value)


class Public(Model):
    """Anyone may read these shapes, each at `/electric/<name>`: nginx adds what it is and Electric's secret."""

    kind: Literal["public"]
    shapes: dict[ShapeName, Shape] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _tables_have_become_shapes(cls, block: Any) -> Any:
        if isinstance(block, dict) and "tables" in block:
            tables = block["tables"] if isinstance(block["tables"], list) else []
            names = {str(table).removeprefix("public.").replace(".", "_"): table for table in tables}
            shapes = ", ".join(f"{name}: {{table: {table}}}" for name, table in names.items())
            raise ValueError(
                "tables is no setting any more, since a client could read more than its table by a where of its own; "
                f"write shapes: {{{shapes or '<name>: {table: <table>}'}}} in its place, each read at /electric/<name>"
            )
        return block


class ThroughApp(Model):
    """Only the app talks to Electric; browsers ask the app's own route `path`, which decides who reads what."""

    kind: Literal["app"]
    path: UrlPath


class Electric(Model):
    """ElectricSQL on the service's database."""

    image: ImageReference
    stream_id: StreamId | None = None
    access: Annotated[Public | ThroughApp, Field(discriminator="kind")]
    pool_size: int = Field(default=8, ge=2, le=50)
    memory_mb: Megabytes = 512
    start_timeout_s: Seconds = 60
    env: dict[EnvName, EnvValue] = {}
    restart_generation: Generation = 0
    cache_generation: Generation = 0


class Database(Model):
    """The service's database on the shared PostgreSQL. It is kept when the service is taken out."""

    name: DatabaseName
    extensions: list[ExtensionName] = []
    pool_size: int = Field(default=10, ge=1, le=500)


class RedisUser(Model):
    """A user of the shared Redis, for the keys below the service's own prefix."""


class Restore(Model):
    """Data from a dump of another database of this service, put in once: PostgreSQL remembers which it has."""

    dump: PlainPath
    """Path of a dump in pg_dump's custom format, from the project's folder on: `./sertantai dump` makes one."""
    expect: dict[TableName, Annotated[int, Field(ge=0)]] = {}
    """How many rows the dump must have of a table."""
    replace: bool = False
    """What is in the dump's tables goes; without it they must be empty."""
    disable_triggers: bool = False
    """No trigger runs and no foreign key is checked meanwhile: for tables with triggers, and keys in a circle."""


class Service(Model):
    """One service. Only `app` is required; one without `domain` is called by other services only."""

    domain: Hostname | None = None
    names: list[StableName] = []
    body_mb: BodyMegabytes = 1
    """The largest body that the site takes."""
    database: Database | None = None
    app: App
    frontend: Frontend | None = None
    electric: Electric | None = None
    redis: RedisUser | None = None
    restore: Restore | None = None

    @property
    def routes(self) -> list[UrlPath]:
        """The paths of the site that go to the app."""
        if self.app.routes is not None:
            return self.app.routes
        return ["/"] if self.domain and not self.frontend else []

    @property
    def connections(self) -> dict[str, int]:
        """How many connections each part's login may have, old and new side by side."""
        limits = {}
        if self.database:
            # The old app, one that did not pass its gate, and the next one; outside a pool, its listeners.
            limits["app"] = 3 * self.database.pool_size + OUTSIDE_THE_POOLS
            if self.app.migrate:
                limits["migrate"] = self.database.pool_size + OUTSIDE_THE_POOLS
        if self.electric:
            # Old and new: a pool, the lock and the replication connection.
            limits["electric"] = 2 * (self.electric.pool_size + 2) + OUTSIDE_THE_POOLS
        return limits

    @property
    def drain_s(self) -> int:
        """How long a release waits for requests in flight: the longest drain of its parts."""
        return max(part.drain_s for part in (self.app, self.frontend) if part)

    def parts(self) -> dict[str, Part | Electric]:
        """The service's containers by the name of their part."""
        every = {"app": self.app, "frontend": self.frontend, "electric": self.electric}
        return {name: part for name, part in every.items() if part}


def stream_id(name: str, electric: Electric) -> str:
    """The id that names Electric's slot and publication: the service's name where none is chosen."""
    return electric.stream_id or name.replace("-", "_")
