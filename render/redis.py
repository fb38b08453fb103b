"""The shared Redis: what its container runs, and a user for each service that asks for one."""

import hashlib
import shlex
from collections.abc import Mapping

from . import shell

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


def add_password(container: str, service: str) -> str:
    """Makes the user, or brings it to its rules, and accepts one more password. Stdin: the `hashed` password."""
    mine = f"{prefix(service)}*"
    names = ["resetkeys", f"~{mine}", "resetchannels", f"&{mine}"]
    commands = ["-@all", *(f"+{word}" for word in _ALLOWED), *(f"-{word}" for word in _REFUSED)]
    return _set_user(container, service, "on", *names, *commands)


def keep_password(container: str, service: str) -> str:
    """Leaves one password: the `hashed` one of stdin. Open connections stay open."""
    return _set_user(container, service, "resetpass")


def remove(container: str, service: str, labels: Mapping[str, str]) -> str:
    """Removes the user, its keys apart, unless a container that may still serve has its URL."""
    running = shlex.join(["docker", "ps", "-q", *shell.filters(labels)])
    has_url = f"xargs -r docker inspect -f '{{{{.Config.Env}}}}' | grep -q 'redis://{user(service)}:'"
    keys = f"redis-cli --scan --pattern {prefix(service)}* | xargs redis-cli unlink"
    said = f"{service}: its keys in Redis are kept; to remove them: {shell.inside(container, keys, 'sh', stdin=False)}"
    return (
        f"if {running} | {has_url}; then echo '{service}/redis: is still in use; run up again' >&2; exit 1; fi\n"
        f"{_saved(container, ['DELUSER', user(service)])} || exit 1\n"
        f'echo "{said}"\n'
    )


def _set_user(container: str, service: str, *rules: str) -> str:
    return _saved(container, ["SETUSER", user(service), *rules], "-x")


def _saved(container: str, words: list[str], *options: str) -> str:
    acl = shlex.join(["redis-cli", "-e", *options, "ACL", *words])
    return shell.inside(container, f"{acl} > /dev/null && redis-cli -e ACL SAVE > /dev/null", "sh")
