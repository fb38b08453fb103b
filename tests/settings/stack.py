"""A small valid stack, one with every setting, and the mistakes that `settings` reports for a changed one."""

import copy
from collections.abc import Collection, Iterator
from typing import Any

from settings import Mistakes, parse

DIGEST = "sha256:" + "a" * 64
REMOVED = object()
"""Used as a value: removes the setting."""

SMALL: dict[str, Any] = {
    "host": {"kind": "local"},
    "acme": {"email": "operator@sertantai.com", "image": "certbot/certbot:v5.1.0"},
    "postgres": {"image": "postgres:16.15-bookworm", "memory_mb": 256},
    "nginx": {"image": "nginx:1.30.4-trixie", "memory_mb": 64},
    "services": {
        "legal": {
            "domain": "legal.sertantai.com",
            "database": {"name": "legal_prod"},
            "app": {"image": "ghcr.io/owner/legal:1", "routes": ["/api/"], "memory_mb": 64},
            "frontend": {"image": "ghcr.io/owner/legal-frontend:1", "memory_mb": 64},
            "electric": {
                "image": "electricsql/electric:1.7.12",
                "access": {"kind": "public", "shapes": {"laws": {"table": "uk_lrt"}}},
                "memory_mb": 64,
            },
        },
        "auth": {
            "domain": "auth.sertantai.com",
            "database": {"name": "auth_prod"},
            "app": {"image": "ghcr.io/owner/auth:1", "port": 4001, "memory_mb": 64},
        },
    },
}

_HEALTH = {"path": "/health", "tool": "wget", "successes": 3, "start_timeout_s": 60}
FULL: dict[str, Any] = {
    "host": {
        "kind": "hetzner",
        "name": "sertantai-hz",
        "server_type": "cx43",
        "location": "nbg1",
        "image": "debian-13",
        "ssh_allowed_from": ["203.0.113.7/32", "2001:db8::/64"],
        "authorized_keys": {"operator": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA"},
        "labels": {"team": "legal"},
        "reboot_at": "05:30",
        "volume_size": 40,
        "identity_file": "~/.ssh/id_ed25519",
        "adopt": {
            "server_id": 1,
            "primary_ipv4_id": 2,
            "primary_ipv6_id": 4,
            "volume_id": 3,
        },
        "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
    },
    "dns": {"zone": "sertantai.com", "ttl": 300},
    "acme": {
        "email": "operator@sertantai.com",
        "directory_url": "https://acme-v02.api.letsencrypt.org/directory",
        "ca_bundle": ".local/acme/ca.pem",
        "image": f"docker.io/certbot/certbot:v5.1.0@{DIGEST}",
    },
    "registry": {"server": "ghcr.io", "username": "shotleybuilder"},
    "registry_token": "not-a-secret",
    "network": {"name": "infra_network", "subnet": "172.30.0.0/24"},
    "postgres": {
        "image": "postgres:16.15-bookworm",
        "memory_mb": 2048,
        "max_connections": 200,
        "reserved_connections": 10,
        "max_replication_slots": 20,
        "preload": ["pg_stat_statements", "pg_prewarm"],
        "superuser_extensions": ["pg_stat_statements"],
        "settings": {
            "work_mem": "32MB",
            "maintenance_work_mem": "256MB",
            "effective_cache_size": "1536MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "wal_compression": True,
            "random_page_cost": 1.1,
            "effective_io_concurrency": 200,
            "default_statistics_target": 250,
            "jit": False,
            "max_parallel_workers_per_gather": 2,
            "autovacuum_naptime": "30s",
            "autovacuum_vacuum_scale_factor": 0.05,
            "autovacuum_vacuum_insert_scale_factor": 0.1,
            "autovacuum_analyze_scale_factor": 0.02,
            "autovacuum_vacuum_cost_limit": 1000,
            "idle_in_transaction_session_timeout": "5min",
            "log_min_duration_statement": "500ms",
            "log_autovacuum_min_duration": "10s",
            "track_io_timing": True,
        },
        "volume": "old_data",
    },
    "redis": {"image": "redis:8-trixie", "memory_mb": 256},
    "nginx": {
        "image": "nginx:1.30.4-trixie",
        "address": "0.0.0.0",
        "http_port": 80,
        "https_port": 443,
        "memory_mb": 256,
    },
    "backup": {
        "repository": {
            "kind": "sftp",
            "host": "u123456.your-storagebox.de",
            "port": 23,
            "user": "u123456",
            "path": "/home/sertantai",
            "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
        },
        "second": {
            "kind": "s3",
            "endpoint": "https://fsn1.your-objectstorage.com",
            "bucket": "sertantai-backups",
            "region": "fsn1",
            "path": "/prod",
            "ca_bundle": "s3.pem",
        },
        "package": "2.58.0-1.pgdg12+1",
        "full": "Sun 02:15",
        "differential_hours": 6,
        "keep_full": 4,
        "verify": "04:30",
        "memory_mb": 256,
        "subnet": "172.30.1.0/24",
    },
    "alerts": {
        "webhook_url": "https://alerts.sertantai.com/hook",
        "heartbeat_url": "https://alerts.sertantai.com/beat",
    },
    "backup_sftp_key": "not-a-secret",
    "backup_second_s3_key": "not-a-secret",
    "backup_second_s3_secret": "not-a-secret",
    "legal_STRIPE_KEY": "not-a-secret",
    "baserow_BASIC_AUTH": "not-a-secret",
    "sites": {
        "baserow": {
            "domain": "baserow.sertantai.com",
            "container": "baserow",
            "port": 80,
            "body_mb": 100,
            "timeout_s": 300,
            "buffering": True,
            "auth": "basic",
        },
    },
    "services": {
        "legal": {
            "domain": "legal.sertantai.com",
            "aliases": ["laws.sertantai.com"],
            "redirects": ["www.sertantai.com", "sertantai.com"],
            "headers": {"Content-Security-Policy-Report-Only": "default-src 'self'"},
            "closed": ["/health/detailed"],
            "names": ["sertantai_legal_app"],
            "body_mb": 20,
            "database": {"name": "legal_prod", "extensions": ["uuid-ossp", "citext"], "pool_size": 10},
            "app": {
                "image": f"ghcr.io/owner/legal:latest@{DIGEST}",
                "command": ["/app/bin/legal", "start"],
                "port": 4000,
                "health": _HEALTH,
                "env": {"GREETING": "good day"},
                "memory_mb": 1024,
                "drain_s": 30,
                "read_only": True,
                "restart_generation": 0,
                "routes": ["/api/", "/health"],
                "migrate": ["/app/bin/legal", "eval", "Legal.Release.migrate"],
                "migrate_timeout_s": 300,
                "migrate_lock_timeout_s": 10,
                "migrate_generation": 0,
                "secrets": ["STRIPE_KEY"],
                "calls": ["auth"],
                "volumes": {"scraper": "/app/priv/scraper"},
                "build": {"context": "../legal", "dockerfile": "backend/Dockerfile", "args": {"MIX_ENV": "prod"}},
            },
            "frontend": {
                "image": "ghcr.io/owner/frontend:1",
                "health": _HEALTH,
                "env": {"ORIGIN": "https://x"},
                "build": {"context": "~/legal/frontend"},
            },
            "electric": {
                "image": "electricsql/electric:1.7.12",
                "stream_id": "legal",
                "access": {
                    "kind": "public",
                    "shapes": {
                        "laws": {"table": "uk_lrt", "columns": ["id", "name"], "where": "live"},
                        "articles": {"table": "public.uk_lat"},
                    },
                },
                "pool_size": 8,
                "memory_mb": 512,
                "start_timeout_s": 60,
                "env": {"ELECTRIC_LOG_LEVEL": "info"},
                "restart_generation": 0,
                "cache_generation": 0,
            },
            "redis": {},
            "restore": {
                "dump": "dumps/legal.dump",
                "expect": {"uk_lrt": 19318, "public.uk_lat": 0},
                "replace": False,
                "disable_triggers": False,
            },
        },
        "auth": {
            "domain": "auth.sertantai.com",
            "database": {"name": "auth_prod"},
            "app": {
                "image": "ghcr.io/owner/auth:1",
                "routes": {"/api/": {"buffering": True, "timeout_s": 300, "body_mb": 20}, "/health": {}},
            },
            "electric": {"image": "electricsql/electric:1.7.12", "access": {"kind": "app", "path": "/api/electric/"}},
        },
        "hub": {
            "database": {"of": "legal", "reads": ["auth"], "pool_size": 1},
            "app": {"image": "ghcr.io/owner/hub:1"},
            "stopped": ["app"],
        },
    },
}
OVER_SSH: dict[str, Any] = {
    "kind": "ssh",
    "address": "203.0.113.7",
    "user": "root",
    "port": 22,
    "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
    "identity_file": "keys/id_ed25519",
}
SECRETS = (
    *("registry_token", "legal_STRIPE_KEY", "baserow_BASIC_AUTH"),
    *("backup_sftp_key", "backup_second_s3_key", "backup_second_s3_secret"),
)


def changed(stack: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Returns a copy of `stack` with new values at the paths in `changes`, such as services/legal/app/port."""
    copied = copy.deepcopy(stack)
    for path, value in changes.items():
        *blocks, name = path.split("/")
        block: Any = copied
        for key in blocks:
            block = block[int(key)] if isinstance(block, list) else block.setdefault(key, {})
        if value is REMOVED:
            del block[name]
        else:
            block[int(name) if isinstance(block, list) else name] = value
    return copied


def mistakes_of(raw: dict[str, Any], secrets: Collection[str] = SECRETS) -> list[str]:
    """Returns the mistakes that `settings` reports for a stack."""
    try:
        parse(raw, secrets)
    except Mistakes as error:
        return str(error).splitlines()
    return []


def mistakes(changes: dict[str, Any]) -> list[str]:
    """Returns the mistakes in the small stack with these changes."""
    return mistakes_of(changed(SMALL, changes))


def texts(block: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Returns the paths of all texts in a stack."""
    if isinstance(block, str):
        yield path
    elif isinstance(block, dict | list):
        for step, value in block.items() if isinstance(block, dict) else enumerate(block):
            yield from texts(value, (*path, step))
