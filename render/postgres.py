"""PostgreSQL's settings, and the rules for logins."""

from collections.abc import Mapping, Sequence

from settings import BACKUP_ROLE, HEALTH_ROLE

from .template import fill

DATA = "/var/lib/postgresql/data"
"""The folder of the cluster, in each container that mounts it."""
STANZA = "main"
"""The cluster's name in a repository of backups."""
MAX_SLOT_WAL_MB = 8192
_ARCHIVING = {
    "archive_mode": "on",
    # The most that is lost with the server: a segment that is not full waits no longer.
    "archive_timeout": "15s",
    "archive_command": f"pgbackrest --stanza={STANZA} archive-push %p",
}


def arguments(
    memory_mb: int,
    max_connections: int,
    max_replication_slots: int,
    *,
    preload: Sequence[str] = (),
    chosen: Mapping[str, str] | None = None,
    archives: bool = False,
) -> list[str]:
    """Returns the server's command: logical replication, and a quarter of the memory for shared buffers.

    `preload` are the libraries to load, and `chosen` the settings that the operator has chosen. With `archives`,
    pgBackRest sends the log to the repository.
    """
    shared_buffers_mb = memory_mb // 4
    settings = {
        "wal_level": "logical",
        "max_connections": max_connections,
        "max_replication_slots": max_replication_slots,
        "max_wal_senders": max_replication_slots + 2,
        "max_worker_processes": max_replication_slots + 8,
        "max_slot_wal_keep_size": f"{MAX_SLOT_WAL_MB}MB",
        "shared_buffers": f"{shared_buffers_mb}MB",
        "effective_cache_size": f"{memory_mb * 3 // 4}MB",
        "maintenance_work_mem": f"{max(16, memory_mb // 16)}MB",
        # One query may use it several times, so all connections together share a quarter of the memory.
        "work_mem": f"{max(1, memory_mb // 4 // max_connections)}MB",
        "min_wal_size": "256MB",
        "max_wal_size": "2GB",
        "checkpoint_completion_target": 0.9,
        "random_page_cost": 1.1,
        "password_encryption": "scram-sha-256",
        "idle_in_transaction_session_timeout": "10min",
        "log_min_duration_statement": "1s",
        "log_lock_waits": "on",
        # Parameters may contain personal data or secrets.
        "log_parameter_max_length": 0,
        # Without it, a backend that waits for a lock does not notice that its client is gone.
        "client_connection_check_interval": "10s",
        **({"shared_preload_libraries": ",".join(preload)} if preload else {}),
        **(_ARCHIVING if archives else {}),
        **(chosen or {}),
    }
    return ["postgres", *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]


def rules(backup_subnet: str | None = None) -> dict[str, str]:
    """Returns the texts of pg_hba.conf and pg_ident.conf: who may log in, and from where.

    From `backup_subnet`, the role of backups may.
    """
    hba = fill("pg_hba.conf.j2", health_role=HEALTH_ROLE, backup_role=BACKUP_ROLE, backup_subnet=backup_subnet)
    return {"hba": hba, "ident": fill("pg_ident.conf.j2")}
