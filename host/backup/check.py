"""Makes a repository ready, and tests that WAL arrives in it."""

import time

from ..failure import Failure
from . import archive, gaps, second, state
from .pgbackrest import Info, Repository, repositories
from .postgres import Live
from .settings import SECOND, Settings

ARRIVES_S = 180
POLL_S = 1
LOCKED = "unable to acquire lock"


class OtherCluster(Failure):
    """The repository has the backups of another cluster."""


def check(chosen: Settings, timeout_s: float = ARRIVES_S) -> None:
    """Tests each repository. Raises a `Failure` with all that is wrong.

    A second repository that cannot be used now stops nothing: the status tells.
    """
    failures = []
    for repository in repositories(chosen):
        try:
            prepare(repository)
            if repository.name == SECOND:
                second.check(chosen)
            else:
                live = Live(chosen)
                archive.wait_until_archived(live, repository, archive.switch(live), timeout_s)
        except Failure as failure:
            if repository.name == SECOND and not isinstance(failure, OtherCluster):
                state.remember(copy_error=str(failure))
            else:
                failures.append(str(failure))
    if failures:
        raise Failure("\n".join(failures))


def prepare(repository: Repository) -> str:
    """Creates the stanza if it is missing. Returns the name of the cluster's archive.

    Refuses a repository with another cluster's backups. Its own cluster after an upgrade of PostgreSQL is refused
    too: pgBackRest needs `stanza-upgrade` then.
    """
    system = Live(repository.settings).archiver().system
    # pgBackRest refuses the first backup while another process still creates the stanza.
    with state.lock("stanza", wait_s=ARRIVES_S):
        info = repository.info()
        if info.error:
            raise Failure(f"{repository.subject}: {info.error}")
        if not info.has_stanza:
            info = _create_stanza(repository)
    if archive := gaps.archive_id(info, system):
        return archive
    systems = ", ".join(map(str, info.systems.values()))
    newest = info.backups[-1]["label"] if info.backups else "no backup"
    raise OtherCluster(
        f"{repository.subject}: holds the backups of another cluster (system {systems}, "
        f"newest: {newest}); choose another path, or recover it: `./sertantai recover --lost`"
    )


def _create_stanza(repository: Repository) -> Info:
    """Waits for the end of a backup in the other repository: pgBackRest has one lock for both."""
    end = time.monotonic() + ARRIVES_S
    while True:
        try:
            repository.run("--no-online" if repository.name == SECOND else "--online", "stanza-create")
            return repository.info()
        except Failure as failure:
            if LOCKED not in str(failure) or time.monotonic() >= end:
                raise
        time.sleep(POLL_S)
