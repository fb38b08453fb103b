"""What a look at the host sees: host/look.py."""

from typing import Any


def container(service: str, part: str, **changes: Any) -> dict[str, Any]:
    """A container while all is good, some of it changed."""
    return {
        "name": f"{service}-{part}-1",
        "service": service,
        "part": part,
        "state": "running",
        "health": "healthy",
        "exit_code": 0,
        "out_of_memory": False,
        "restarts": 0,
        "started": "2026-11-24T09:00:10Z",
        "memory_mb": 100,
        "memory_limit_mb": 256,
        "serves": service != "platform",
    } | changes
