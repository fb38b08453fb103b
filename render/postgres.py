"""How PostgreSQL is tuned, and who may log in to it."""

from settings import HEALTH_ROLE

from .template import fill

MAX_SLOT_WAL_MB = 8192


def arguments(memory_mb: int, max_connections: int, max_replication_slots: int) -> list[str]:
    """The server's command line: logical replication, and the container's memory shared out by the usual quarters."""
    shared = memory_mb // 4
    settings = {
        "wal_level": "logical",
        "max_connections": max_connections,
        "max_replication_slots": max_replication_slots,
        "max_wal_senders": max_replication_slots + 2,
        "max_worker_processes": max_replication_slots + 8,
        "max_slot_wal_keep_size": f"{MAX_SLOT_WAL_MB}MB",
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{memory_mb * 3 // 4}MB",
        "maintenance_work_mem": f"{max(16, memory_mb // 16)}MB",
        # A query may use it several times over; a quarter of the memory is shared by all connections.
        "work_mem": f"{max(1, memory_mb // 4 // max_connections)}MB",
        "min_wal_size": "256MB",
        "max_wal_size": "2GB",
        "checkpoint_completion_target": 0.9,
        "random_page_cost": 1.1,
        "password_encryption": "scram-sha-256",
        "idle_in_transaction_session_timeout": "10min",
        "log_min_duration_statement": "1s",
        "log_lock_waits": "on",
        # A value may be personal data, or a secret.
        "log_parameter_max_length": 0,
        # A backend that waits for a lock does not notice by itself that its client is gone.
        "client_connection_check_interval": "10s",
    }
    return ["postgres", *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]


def rules() -> dict[str, str]:
    """Who may log in, and from where: the texts of pg_hba.conf and pg_ident.conf."""
    return {"hba": fill("pg_hba.conf.j2", nobody=HEALTH_ROLE), "ident": fill("pg_ident.conf.j2")}
