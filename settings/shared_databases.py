"""Databases that several services use: their mistakes, and who uses which."""

from collections.abc import Collection, Iterator, Mapping

from .service import Service


def mistakes(services: Mapping[str, Service], declared: Collection[str]) -> Iterator[str]:
    """Yields mistakes in `name`, `of` and `reads`. `declared` are the names of all services, valid or not.

    Each database has one owner, a service with `name`: only the owner restores dumps, and only the owner is named.
    """
    for name, service in services.items():
        if service.database:
            yield from _own_mistakes(name, service)
            yield from _of_mistakes(name, service, services, declared)
            yield from _reads_mistakes(name, service, services, declared)
            yield from _variable_mistakes(name, service)


def _own_mistakes(name: str, service: Service) -> Iterator[str]:
    database, path = service.database, f"services/{name}/database/name"
    assert database
    if database.of and database.name:
        yield f"{path}: is given next to of, which is another service's database; keep one of the two"
    if not database.of and not database.name:
        yield f"{path}: is missing; or name the service whose database it uses: of"


def _of_mistakes(
    name: str, service: Service, services: Mapping[str, Service], declared: Collection[str]
) -> Iterator[str]:
    assert service.database
    if owner := service.database.of:
        yield from _owner_mistakes(f"services/{name}/database/of", owner, name, services, declared)
        if service.restore:
            yield f"services/{name}/restore: the database is that of {owner}; declare it at services/{owner}/restore"


def _reads_mistakes(
    name: str, service: Service, services: Mapping[str, Service], declared: Collection[str]
) -> Iterator[str]:
    assert service.database
    reads = service.database.reads
    for index, owner in enumerate(reads):
        path = f"services/{name}/database/reads/{index}"
        if owner == service.database.of:
            yield f"{path}: the service uses the database of {owner} already; remove it"
        elif owner in reads[:index]:
            yield f"{path}: {owner} is named twice; remove one of the two"
        else:
            yield from _owner_mistakes(path, owner, name, services, declared)


def _owner_mistakes(
    path: str, owner: str, name: str, services: Mapping[str, Service], declared: Collection[str]
) -> Iterator[str]:
    if owner == name:
        yield f"{path}: is the service itself; remove it"
    elif owner not in declared:
        yield f"{path}: there is no service {owner}; name one of the services"
    elif owner in services:
        database = services[owner].database
        if not database:
            yield f"{path}: {owner} has no database; declare services/{owner}/database, or name another service"
        elif database.of:
            yield f"{path}: {owner} has no database of its own, it uses that of {database.of}; name {database.of}"


def _variable_mistakes(name: str, service: Service) -> Iterator[str]:
    """Yields variables of the app that have the name of a URL that the platform gives."""
    assert service.database
    urls = {read_variable(owner): owner for owner in service.database.reads}
    for variable in (*service.app.env, *service.app.secrets):
        if variable in urls:
            block = "env" if variable in service.app.env else "secrets"
            yield (
                f"services/{name}/app/{block}/{variable}: is given by the platform, since ../database/reads names "
                f"{urls[variable]}; remove one of the two"
            )
    for index, called in enumerate(service.app.calls):
        variable = f"{_variable_prefix(called)}_URL"
        if variable in urls:
            yield (
                f"services/{name}/app/calls/{index}: its address would be {variable}, which is the URL of the database "
                f"of {urls[variable]}; remove one of the two"
            )


def read_variable(owner: str) -> str:
    """Returns the variable with the URL of a read-only login to the database of the service `owner`."""
    return f"{_variable_prefix(owner)}_DATABASE_URL"


def _variable_prefix(service: str) -> str:
    return service.replace("-", "_").upper()


def resolve(services: Mapping[str, Service]) -> dict[str, Service]:
    """Returns the services, each with its database's name and extensions, also where it is another service's.

    Whichever service's step runs first creates the database, so all of them know its extensions.
    """
    return {name: _resolved(service, services) for name, service in services.items()}


def _resolved(service: Service, services: Mapping[str, Service]) -> Service:
    database = service.database
    if not (database and database.of):
        return service
    owner = services[database.of].database
    assert owner
    extensions = list(dict.fromkeys([*owner.extensions, *database.extensions]))
    shared = database.model_copy(update={"name": owner.name, "extensions": extensions})
    return service.model_copy(update={"database": shared})


def sharers(owner: str, services: Mapping[str, Service]) -> list[str]:
    """Returns the other services that use the database of the service `owner`."""
    return [name for name, service in services.items() if service.database and service.database.of == owner]


def readers(name: str, services: Mapping[str, Service]) -> list[str]:
    """Returns the services with a read-only login to the database that the service `name` uses."""
    database = services[name].database
    owner = database.of or name if database else ""
    return [other for other, service in services.items() if service.database and owner in service.database.reads]
