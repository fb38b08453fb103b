"""The disk of PostgreSQL's data, where log waits that the repository does not take."""

import shutil

from . import places

FULL_PERCENT = 95


def problem() -> str:
    """Returns what is wrong with the disk, or an empty text."""
    try:
        usage = shutil.disk_usage(places.DATA)
    except OSError:  # other problems say why
        return ""
    percent = 100 * (usage.total - usage.free) // usage.total
    if percent < FULL_PERCENT:
        return ""
    return (
        f"postgres: its disk is {percent} % full ({usage.free // 2**20} MB are free); a full disk stops PostgreSQL, "
        "so make room or choose a larger disk"
    )
