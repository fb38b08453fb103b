"""The lock between what needs a replication slot and what keeps a new one waiting."""


def slots_lock(stack: str) -> str:
    """The name of the lock without which a new replication slot would wait for the end of a restore."""
    return f"sertantai-{stack}-slots"
