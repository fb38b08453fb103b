"""The shared Redis: its container's entry point, and the rules of each service's user."""

import hashlib

CHECK = ["redis-cli", "-e", "ping"]
"""The password is in the container's environment. With `-e`, an error such as LOADING is a failure."""

_AS_REDIS = 'chown redis:redis /data && exec setpriv --reuid=redis --regid=redis --clear-groups sh -ec "$0"'
# Without a line for `default`, Redis accepts anybody.
_START = """umask 077
hash=$(printf %s "$REDISCLI_AUTH" | sha256sum)
touch /data/users.acl
{ echo "user default on #${hash%% *} ~* &* +@all"; sed '/^user default /d' /data/users.acl; } > /data/users.new
mv /data/users.new /data/users.acl
exec redis-server --dir /data --appendonly yes --aclfile /data/users.acl """
# An allowlist: a newer Redis must not allow more. Patterns restrict keys and channels to the prefix, but SCAN,
# RANDOMKEY, DBSIZE, PUBSUB and CLIENT TRACKING ignore patterns and show other services' names. @dangerous includes
# FLUSHALL, KEYS, SWAPDB, MIGRATE and CLIENT KILL.
_ALLOWED = (
    "@string", "@hash", "@list", "@set", "@sortedset", "@stream", "@bitmap", "@hyperloglog", "@geo", "@pubsub",
    "@transaction", "@connection", "@keyspace",
)  # fmt: skip
_REFUSED = ("@dangerous", "scan", "randomkey", "dbsize", "pubsub", "client|tracking", "client|caching")


def entrypoint(memory_mb: int) -> list[str]:
    """Returns the container's entry point. The administrator's password is in REDISCLI_AUTH, the users are in /data."""
    # Clients that do not read their responses are disconnected before their buffers exhaust the server's memory.
    return ["sh", "-c", _AS_REDIS, f"{_START}--maxmemory {memory_mb * 3 // 4}mb --maxmemory-clients 20%\n"]


def user(service: str) -> str:
    """Returns the name of a service's user. No service uses `default`, the administrator."""
    return f"{service}_app"


def prefix(service: str) -> str:
    """Returns the prefix of all keys and channels of a service."""
    return f"{service}:"


def hash_password(password: str) -> str:
    """Returns a password as Redis stores it. A password may contain any characters."""
    return "#" + hashlib.sha256(password.encode()).hexdigest()


def rules(service: str) -> list[str]:
    """Returns the user's rules for ACL SETUSER. They do not change its passwords."""
    pattern = f"{prefix(service)}*"
    commands = ["-@all", *(f"+{word}" for word in _ALLOWED), *(f"-{word}" for word in _REFUSED)]
    return ["on", "resetkeys", f"~{pattern}", "resetchannels", f"&{pattern}", *commands]
