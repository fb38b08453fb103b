"""A service's accounts on the shared servers."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi import ResourceOptions

from .args import ServiceArgs
from .database import Database
from .electric_access import ElectricAccess, ElectricAccessArgs
from .reader import Reader, ReaderArgs
from .redis_user import RedisUser
from .sharing import declare_leave


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """A service's database, its Electric's access to it, and its user on Redis. None: it does not have one."""

    database: Database | None
    electric: ElectricAccess | None
    redis: RedisUser | None
    readers: Mapping[str, Reader]
    """Its read-only logins to other services' databases, by the owner's name."""
    sharing: pulumi.Resource | None
    """The step that ends its use of another service's database."""

    @property
    def ready(self) -> list[pulumi.Resource]:
        """The steps that create the accounts."""
        steps: list[pulumi.Resource] = []
        if self.database:
            steps.append(self.database.ready)
        if self.electric:
            steps += [self.electric.ready, self.electric.storage]
        if self.sharing:
            steps.append(self.sharing)
        if self.redis:
            steps.append(self.redis.ready)
        return [*steps, *(reader.ready for reader in self.readers.values())]


def create_accounts(args: ServiceArgs, parent: pulumi.Resource) -> Accounts:
    """Declares the accounts that the service's settings need."""
    name, settings, opts = args.service, args.settings, ResourceOptions(parent=parent)
    database = electric = redis = sharing = None
    readers: dict[str, Reader] = {}
    if settings.database:
        database = Database(f"{name}-database", args, opts)
        if settings.electric:
            electric = ElectricAccess(f"{name}-electric", ElectricAccessArgs(**vars(args), database=database), opts)
        if database.sharer:
            after = [database.ready, *([electric.ready] if electric else [])]
            sharing = declare_leave(f"{name}-shares-{database.name}", args, database, parent=parent, after=after)
        for owner in settings.database.reads:
            reader_args = ReaderArgs(**vars(args), owner=owner, password=database.password)
            readers[owner] = Reader(f"{name}-reads-{owner}", reader_args, opts)
    if settings.redis:
        redis = RedisUser(f"{name}-redis", args, opts)
    return Accounts(database=database, electric=electric, redis=redis, readers=readers, sharing=sharing)
