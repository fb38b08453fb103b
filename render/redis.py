"""The shared Redis: what its container runs, and a user for each service that asks for one."""

import hashlib

CHECK = ["redis-cli", "-e", "ping"]
"""The password is in the container's environment; `-e` makes an error, such as LOADING, a failure."""

_AS_REDIS = 'chown redis:redis /data && exec setpriv --reuid=redis --regid=redis --clear-groups sh -ec "$0"'
# Without a line for `default`, Redis accepts everybody.
_SERVE = """umask 077
hash=$(printf %s "$REDISCLI_AUTH" | sha256sum)
touch /data/users.acl
{ echo "user default on #${hash%% *} ~* &* +@all"; sed '/^user default /d' /data/users.acl; } > /data/users.new
mv /data/users.new /data/users.acl
exec redis-server --dir /data --appendonly yes --aclfile /data/users.acl """
# A list of what is allowed, so that a newer Redis allows no more. Patterns confine keys and channels to the prefix, but
# SCAN, RANDOMKEY, DBSIZE, PUBSUB and CLIENT TRACKING show other services' names in spite of them. @dangerous includes
# FLUSHALL, KEYS, SWAPDB, MIGRATE and CLIENT KILL.
_ALLOWED = (
    "@string", "@hash", "@list", "@set", "@sortedset", "@stream", "@bitmap", "@hyperloglog", "@geo", "@pubsub",
    "@transaction", "@connection", "@keyspace",
)  # fmt: skip
_REFUSED = ("@dangerous", "scan", "randomkey", "dbsize", "pubsub", "client|tracking", "client|caching")


def serve(memory_mb: int) -> list[str]:
    """The container's entry point; the administrator's password is in REDISCLI_AUTH, the users' hashes in /data."""
    # Clients that do not read their answers are cut off before their buffers end the server for all.
    return ["sh", "-c", _AS_REDIS, f"{_SERVE}--maxmemory {memory_mb * 3 // 4}mb --maxmemory-clients 20%\n"]


def user(service: str) -> str:
    """A service's user; `default`, the administrator, is nobody's."""
    return f"{service}_app"


def prefix(service: str) -> str:
    """What all keys and channels of a service begin with."""
    return f"{service}:"


def hashed(password: str) -> str:
    """A password as Redis keeps it, so that it may have any characters."""
    return "#" + hashlib.sha256(password.encode()).hexdigest()


def rules(service: str) -> list[str]:
    """What the user may do, as ACL SETUSER takes it; its passwords stay as they are."""
    own = f"{prefix(service)}*"
    commands = ["-@all", *(f"+{word}" for word in _ALLOWED), *(f"-{word}" for word in _REFUSED)]
    return ["on", "resetkeys", f"~{own}", "resetchannels", f"&{own}", *commands]
