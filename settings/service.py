"""One service: the settings in one block of YAML under `sertantai:services`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from .build import Build
from .electric import Electric
from .names import (
    DatabaseName,
    EnvName,
    EnvValue,
    ExtensionName,
    Generation,
    ImageReference,
    Megabytes,
    MountPath,
    PlainPath,
    Seconds,
    ServiceName,
    ServicePort,
    StableName,
    TableName,
    UrlPath,
    VolumeName,
    Word,
)
from .platform import Model, is_unset
from .site import Route, Routes, Site

PartName = Literal["app", "frontend", "electric"]
# Connections that an app or Electric has outside its pools: listeners, and backends that have not ended yet.
CONNECTIONS_OUTSIDE_POOLS = 5


class Health(Model):
    """The health check of a container: a GET of `path`, by a tool in its image."""

    path: UrlPath = "/health"
    tool: Literal["wget", "curl"] = "wget"
    """The one that the image has: mostly wget on Alpine."""
    successes: int = Field(default=3, ge=1, le=20)
    """Consecutive successes before the container receives requests."""
    start_timeout_s: Seconds = 60
    """Seconds until the container must be healthy, or the release fails."""


class Part(Model):
    """Settings of both app and frontend: a container with an HTTP port, started next to the old one at a release."""

    image: ImageReference
    """With or without a digest. A tag is resolved to a digest at each preview."""
    command: list[Word] | None = Field(default=None, min_length=1, exclude_if=is_unset)
    """The program and its arguments, in place of the image's own command and entrypoint."""
    port: ServicePort
    """The port on which the program listens. It gets it as PORT."""
    health: Health = Health()
    env: dict[EnvName, EnvValue] = {}
    """`${NAME}` in a value is a variable that the platform gives to this part, or one of the app's `secrets`."""
    memory_mb: Megabytes = 512
    """MB. A container that needs more is killed."""
    drain_s: Seconds = 30
    """Seconds for requests in flight after the site has switched, and then for the old container to stop.

    The gateway waits for the larger of app and frontend. A new value replaces the container.
    """
    read_only: bool = False
    """Makes the container's root file system read-only, except /tmp."""
    restart_generation: Generation = 0
    """Raise it by one to replace the container by a new one of the same image."""
    build: Build | None = Field(default=None, exclude=True)
    """Never in a dump: a release does not depend on where its image was built."""


class App(Part):
    """The Phoenix app."""

    port: ServicePort = 4000
    memory_mb: Megabytes = 1024
    routes: Routes | None = None
    """`/api/` and everything below it, or `/health` alone. Default: the whole site, or nothing next to a frontend.

    A list, or a mapping with what the gateway does for each.
    """
    migrate: list[Word] | None = Field(default=None, min_length=1)
    """The command of the migrations. It runs in a container of the new image, before the new containers start."""
    migrate_timeout_s: Seconds = 300
    """Seconds after which a migration is stopped."""
    migrate_lock_timeout_s: Seconds = 10
    """Seconds that a statement waits for a lock: other queries wait behind it. SET lock_timeout overrides it."""
    migrate_generation: Generation = 0
    """Raise it by one to run the migrations again."""
    secrets: list[EnvName] = []
    """Variables whose values are the config secrets `<service>_<NAME>`."""
    calls: list[ServiceName] = []
    """Services that the app calls. It gets the URL of each as <SERVICE>_URL."""
    volumes: dict[VolumeName, MountPath] = Field(default={}, exclude_if=is_unset)
    """Folders with files that outlive releases, by name. They are kept when the service is removed."""


class Frontend(Part):
    """The SvelteKit frontend."""

    port: ServicePort = 3000
    health: Health = Health(path="/")
    memory_mb: Megabytes = 256
    drain_s: Seconds = 10


class Database(Model):
    """The service's database on the shared PostgreSQL, its own or another service's. It is kept if they are removed."""

    # `exclude_if`: a key that is not set must not change what a release of an earlier version has recorded.
    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["name"]}, {"required": ["of"]}]})

    name: DatabaseName = ""
    """The database's name. It is created if it does not exist."""
    of: ServiceName | None = Field(default=None, exclude_if=is_unset)
    """In place of `name`: the service whose database this service uses too, with logins of its own."""
    extensions: list[ExtensionName] = []
    """Extensions to create. One that is not trusted must be in `postgres/superuser_extensions`."""
    pool_size: int = Field(default=10, ge=1, le=500)
    """Connections of the app's pool. It gets it as POOL_SIZE."""
    reads: list[ServiceName] = Field(default=[], exclude_if=is_unset)
    """Services whose databases the app may read. It gets a read-only login to each, as <SERVICE>_DATABASE_URL."""


class RedisUser(Model):
    """A user of the shared Redis, for the keys below the service's own prefix."""


class Restore(Model):
    """A dump of another database of this service, restored once: PostgreSQL records which dumps it has."""

    dump: PlainPath
    """Path of a dump in pg_dump's custom format, relative to the project's folder. `./sertantai dump` makes one."""
    expect: dict[TableName, Annotated[int, Field(ge=0)]] = {}
    """The number of rows that the dump must have, by table."""
    replace: bool = False
    """Deletes the rows of the dump's tables first. Without it these tables must be empty."""
    disable_triggers: bool = False
    """Runs no trigger and checks no foreign key during the restore: for tables with triggers, and circular keys."""


class Service(Site):
    """One service. Only `app` is required. A service without `domain` is reached by other services only."""

    names: list[StableName] = []
    """Other names by which services call this one, such as that of an old container."""
    database: Database | None = None
    app: App
    frontend: Frontend | None = None
    electric: Electric | None = None
    redis: RedisUser | None = None
    restore: Restore | None = None
    stopped: list[PartName] = Field(default=[], exclude_if=is_unset)
    """Parts that stay declared and do not run, on purpose. Their routes answer 503."""
    maintenance: bool = Field(default=False, exclude_if=is_unset)
    """The site answers every request with 503 and a notice. All parts run on, and other services reach them.

    `./sertantai maintenance on|off` sets it and applies it at once.
    """

    @property
    def routes(self) -> Mapping[str, Route]:
        """The site's paths that the app serves, and what the gateway does for each."""
        routes = self.app.routes
        if routes is None:
            routes = ["/"] if self.domain and not self.frontend else []
        return routes if isinstance(routes, dict) else dict.fromkeys(routes, Route())

    @property
    def connections(self) -> dict[str, int]:
        """The connection limit of each part's login, for old and new containers side by side."""
        limits = {}
        if self.database:
            # The old app, one that did not pass its gate, and the next one.
            limits["app"] = 3 * self.database.pool_size + CONNECTIONS_OUTSIDE_POOLS
            if self.app.migrate:
                limits["migrate"] = self.database.pool_size + CONNECTIONS_OUTSIDE_POOLS
            limits |= dict.fromkeys(map(reader_kind, self.database.reads), limits["app"])
        if self.electric:
            # Old and new: a pool, the lock and the replication connection.
            limits["electric"] = 2 * (self.electric.pool_size + 2) + CONNECTIONS_OUTSIDE_POOLS
        return limits

    @property
    def drain_s(self) -> int:
        """Seconds that a release waits for requests in flight: the longest drain of its parts."""
        return max(part.drain_s for part in (self.app, self.frontend) if part)

    def parts(self) -> dict[str, Part | Electric]:
        """Returns the settings of each declared part, by the part's name."""
        parts = {"app": self.app, "frontend": self.frontend, "electric": self.electric}
        return {name: part for name, part in parts.items() if part}

    def running(self) -> dict[str, Part | Electric]:
        """Returns the parts that are not stopped on purpose."""
        return {name: part for name, part in self.parts().items() if name not in self.stopped}


def reader_kind(owner: str) -> str:
    """Returns the kind of the login that reads the database of the service `owner`."""
    return f"reads-{owner}"
