"""PostgreSQL's settings."""

from typing import Any

import pytest

from render import postgres


def tuned(
    memory_mb: int = 2048, max_connections: int = 200, max_replication_slots: int = 20, **options: Any
) -> dict[str, str]:
    command, *rest = postgres.arguments(memory_mb, max_connections, max_replication_slots, **options)
    assert command == "postgres"
    assert set(rest[::2]) == {"-c"}
    return dict(word.split("=", 1) for word in rest[1::2])


def test_the_settings_allow_logical_replication() -> None:
    settings = tuned(max_replication_slots=14)
    assert settings["wal_level"] == "logical"
    assert settings["max_replication_slots"] == "14"
    assert int(settings["max_wal_senders"]) >= 14 + 2
    assert settings["max_slot_wal_keep_size"] == "8192MB"  # a slot without a reader does not fill the disk


def mb(text: str) -> int:
    assert text.endswith("MB")
    return int(text.removesuffix("MB"))


@pytest.mark.parametrize(("memory_mb", "connections"), [(512, 20), (2048, 200), (16384, 500)])
def test_its_memory_suffices_if_every_connection_sorts(memory_mb: int, connections: int) -> None:
    settings = tuned(memory_mb, connections)
    assert mb(settings["shared_buffers"]) == memory_mb // 4
    assert mb(settings["effective_cache_size"]) == memory_mb * 3 // 4
    assert mb(settings["work_mem"]) >= 1
    everything = mb(settings["shared_buffers"]) + connections * mb(settings["work_mem"])
    assert everything + mb(settings["maintenance_work_mem"]) <= memory_mb


def test_the_smallest_server_still_starts() -> None:
    settings = tuned(memory_mb=16, max_connections=20)
    assert mb(settings["shared_buffers"]) >= 1
    assert mb(settings["maintenance_work_mem"]) >= 1


def test_an_idle_transaction_ends_so_that_a_new_electric_can_start() -> None:
    assert tuned()["idle_in_transaction_session_timeout"] == "10min"


def test_a_setting_that_the_operator_chooses_replaces_the_platforms() -> None:
    settings = tuned(chosen={"work_mem": "32MB", "jit": "off"})
    assert (settings["work_mem"], settings["jit"]) == ("32MB", "off")
    assert settings.keys() - tuned().keys() == {"jit"}


def test_libraries_are_loaded_only_if_they_are_named() -> None:
    assert "shared_preload_libraries" not in tuned()
    libraries = ["pg_stat_statements", "pg_prewarm"]
    assert tuned(preload=libraries)["shared_preload_libraries"] == "pg_stat_statements,pg_prewarm"


def test_archiving_is_off_unless_backups_are_declared() -> None:
    assert not [name for name in tuned() if name.startswith("archive")]
    settings = tuned(archives=True)
    assert settings.keys() - tuned().keys() == {"archive_mode", "archive_timeout", "archive_command"}
    assert settings["archive_timeout"] == "15s"


def test_the_role_of_backups_comes_from_its_own_subnet_alone() -> None:
    assert postgres.rules()["hba"].find("sertantai_backup") == -1
    lines = [line for line in postgres.rules("172.30.1.0/24")["hba"].splitlines() if line.startswith("host ")]
    [allowed, refused] = [line for line in lines if "sertantai_backup" in line]
    assert "172.30.1.0/24" in allowed
    assert refused.endswith("reject")
    assert lines.index(allowed) < lines.index("host postgres,template1 all all reject")
