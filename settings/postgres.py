"""The shared PostgreSQL, and those of its own settings that an operator may choose."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from .names import ExtensionName, ImageReference, Megabytes, ObjectName, _Text
from .platform import Model
from .service import Service

UNITS = {"kB": 1, "MB": 1024, "GB": 1024**2, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
"""In kB, and in ms."""
MEMORY_SHARES = {"work_mem": 64, "maintenance_work_mem": 8}
"""The largest part of `memory_mb` that each may be: many queries use work_mem, and several times, and four processes at
a time may use maintenance_work_mem. A quarter of the memory is PostgreSQL's cache."""
PRELOADED = "pg_stat_statements"
"""The extension that does nothing without its library."""


@dataclass(frozen=True)
class _Quantity(_Text):
    """A number with a unit, between `least` and `most`."""

    least: str
    most: str

    def check(self, value: str) -> str:
        super().check(value)
        if not _amount(self.least) <= _amount(value) <= _amount(self.most):
            raise ValueError(f"must be from {self.least} to {self.most}")
        return value


def _size(least: str, most: str) -> _Quantity:
    return _Quantity(r"[0-9]{1,7}(?:kB|MB|GB)", "be a size such as 32MB", least, most)


def _time(least: str, most: str) -> _Quantity:
    return _Quantity(r"[0-9]{1,7}(?:ms|s|min|h)", "be a time such as 10min", least, most)


def _amount(text: str) -> int:
    number, unit = re.fullmatch(r"([0-9]+)([A-Za-z]+)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def _switch(value: Any) -> Any:
    """Returns on and off as they are meant: YAML 1.1 reads them as true and false, the Pulumi CLI as text."""
    return {"on": True, "off": False}.get(value, value) if isinstance(value, str) else value


Switch = Annotated[bool, BeforeValidator(_switch), WithJsonSchema({"enum": [True, False, "on", "off"]})]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Tuning(Model):
    """PostgreSQL's own settings. Its documentation describes them."""

    work_mem: Annotated[str, _size("64kB", "1GB")] | None = None
    maintenance_work_mem: Annotated[str, _size("1MB", "16GB")] | None = None
    effective_cache_size: Annotated[str, _size("8MB", "1024GB")] | None = None
    max_wal_size: Annotated[str, _size("512MB", "16GB")] | None = None
    checkpoint_timeout: Annotated[str, _time("1min", "1h")] | None = None
    wal_compression: Switch | None = None
    random_page_cost: Annotated[float, Field(ge=1, le=10)] | None = None
    effective_io_concurrency: Annotated[int, Field(ge=0, le=1000)] | None = None
    default_statistics_target: Annotated[int, Field(ge=10, le=10_000)] | None = None
    jit: Switch | None = None
    max_parallel_workers_per_gather: Annotated[int, Field(ge=0, le=4)] | None = None
    autovacuum_naptime: Annotated[str, _time("1s", "1h")] | None = None
    autovacuum_vacuum_scale_factor: Fraction | None = None
    autovacuum_vacuum_insert_scale_factor: Fraction | None = None
    autovacuum_analyze_scale_factor: Fraction | None = None
    autovacuum_vacuum_cost_limit: Annotated[int, Field(ge=100, le=10_000)] | None = None
    idle_in_transaction_session_timeout: Annotated[str, _time("10s", "1h")] | None = None
    """Not 0: a new Electric waits for every open transaction."""
    log_min_duration_statement: Annotated[str, _time("10ms", "1h")] | None = None
    log_autovacuum_min_duration: Annotated[str, _time("0ms", "24h")] | None = None
    track_io_timing: Switch | None = None

    def chosen(self) -> dict[str, str]:
        """Returns the settings that the operator has chosen, as PostgreSQL reads them."""
        values = self.model_dump(exclude_none=True).items()
        return {name: ("on" if value else "off") if isinstance(value, bool) else str(value) for name, value in values}


class Postgres(Model):
    """The shared PostgreSQL. To change a number or `settings` restarts it, and interrupts all services for a moment."""

    image: ImageReference
    memory_mb: Megabytes = 2048
    """MB. Its cache and the memory of its queries follow from it."""
    max_connections: int = Field(default=200, ge=20, le=2000)
    """The pools of all services must fit, for old and new containers side by side."""
    reserved_connections: int = Field(default=0, ge=0, le=1000)
    """Connections of programs next to the platform, such as baserow. They count when max_connections is checked."""
    max_replication_slots: int = Field(default=20, ge=10, le=200)
    """At least two for each Electric, and four more."""
    preload: list[Literal["pg_prewarm", "pg_stat_statements"]] = []
    """Libraries that PostgreSQL loads at its start (shared_preload_libraries). A change restarts it."""
    superuser_extensions: list[ExtensionName] = []
    """Untrusted extensions that a service may name in `database/extensions`. The superuser creates them."""
    settings: Tuning = Tuning()
    """In place of the platform's own choice."""
    volume: ObjectName | None = None
    """An existing volume to use. Without it, a volume is created."""


def postgres_mistakes(postgres: Postgres | None) -> Iterator[str]:
    """Yields memory settings that are too large for the server's memory."""
    for name, parts in MEMORY_SHARES.items() if postgres else ():
        assert postgres
        value, most = postgres.settings.chosen().get(name), postgres.memory_mb * 1024 // parts
        if value and _amount(value) > most:
            yield (
                f"postgres/settings/{name}: {value} is more than 1/{parts} of postgres/memory_mb; "
                f"set {most}kB or less, or raise memory_mb from {postgres.memory_mb}"
            )


def postgres_warnings(postgres: Postgres, services: Mapping[str, Service]) -> Iterator[str]:
    """Yields extensions that are of no use without their library."""
    for name, service in services.items():
        if service.database and PRELOADED in service.database.extensions and PRELOADED not in postgres.preload:
            yield (
                f"services/{name}/database/extensions: {PRELOADED} fails when it is queried, since PostgreSQL does "
                "not load its library: add it to postgres/preload, which restarts PostgreSQL"
            )
