"""The services that use one database: a restore stops them all, and starts them again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import docker, files
from .failure import Failure
from .gate import Gate
from .mask import Mask
from .psql import Postgres, SqlError
from .serving import Serving

START_ORDER = ("electric", "app")
"""Electric before the app, which may call it at once."""
PART_NAMES = {"app": "the app", "electric": "Electric"}


@dataclass(frozen=True, kw_only=True)
class User:
    """One service on the database. `gates` are those of its parts that run; `slot` is empty if no Electric runs."""

    serving: Serving
    slot: str
    gates: Mapping[str, Mapping[str, Any]]

    @property
    def name(self) -> str:
        """The service's name."""
        return self.serving.service

    def serving_containers(self) -> dict[str, list[str]]:
        """Returns the containers that serve, by part, in the order in which they start."""
        return {part: self.serving.serving_containers(part) for part in START_ORDER if part in self.gates}


@dataclass(frozen=True, kw_only=True)
class Users:
    """All services on one database, its owner first."""

    services: Sequence[User]
    database: str
    postgres: Postgres
    mask: Mask

    @property
    def owner(self) -> User:
        """The service that owns the database."""
        return self.services[0]

    @property
    def sharers(self) -> Sequence[User]:
        """The other services."""
        return self.services[1:]

    @property
    def slots(self) -> list[str]:
        """The replication slots of their Electrics."""
        return [user.slot for user in self.services if user.slot]

    def sentence(self, verb: str) -> str:
        """Returns a sentence such as `the app and Electric stop`, about the parts of the owner."""
        parts = [name for part, name in PART_NAMES.items() if part in self.owner.gates] or ["the service"]
        return f"{' and '.join(parts)} {verb if len(parts) > 1 else f'{verb}s'}"

    def show_notices(self) -> bool:
        """Shows the notice on all sites, and returns whether that succeeded."""
        return all(user.serving.show_notice() for user in self.services)

    def stop(self) -> bool:
        """Stops everything that writes, and drops the slots: one large transaction would break Electric's shapes."""
        if not all(user.serving.stop() for user in self.services):
            return False
        try:
            for slot in self.slots:
                self.postgres.query(files.sql("slot_drop"), {"slot": slot}, database=self.database)
        except SqlError:
            return False
        return True

    def serve_again(self) -> bool:
        """Starts the serving containers, waits until they are healthy, and removes the notices. Returns its success."""
        try:
            serving = [(user, user.serving_containers()) for user in self.services]
            containers = [name for _, parts in serving for names in parts.values() for name in names]
            started = [docker.start(container) for container in containers]  # all of them, even if one fails
            if not all(started):
                return False
            for user, parts in serving:
                self._wait_until_healthy(user, parts)
            return self.remove_notices()
        except Failure as failure:
            print(failure, flush=True)
            return False

    def remove_notices(self) -> bool:
        """Removes the notice from all sites, and returns whether that succeeded."""
        removed = [user.serving.remove_notice() for user in self.services]  # all of them, even if one fails
        return all(removed)

    def _wait_until_healthy(self, user: User, parts: Mapping[str, Sequence[str]]) -> None:
        for part, containers in parts.items():
            for container in containers:
                Gate(
                    subject=f"{user.name}/{part}", container=container, mask=self.mask, advice="", **user.gates[part]
                ).wait_until_healthy()
