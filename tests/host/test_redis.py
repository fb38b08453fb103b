"""The shared Redis: what a service's user may do on a real one, and the effect of a new password on others."""

import contextlib
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from render import environment
from render import redis as render
from tests.throwaway.box import SERVE, Boxes, Said, docker, on_host
from tests.throwaway.calling import call
from tests.waiting import eventually

from .redis_client import Client, Refusal

ADMINISTRATOR = "it's \"the\" administrator's \\ #1"
# Two commands are disabled for everybody, except on a server started with them.
REFUSED = re.compile("NOPERM|ERR (DEBUG|MODULE) command not allowed")
ODD = ("a space", "'\"`$(id)`", "back\\slash", "#1 >a <b", "two\nlines\r\n", "pässwörd €", "%41:@/?", " ")
OWN = """
PING | ECHO x | SELECT 0 | CLIENT ID | CLIENT SETNAME app | CLIENT SETINFO LIB-NAME app | CLIENT INFO | COMMAND COUNT
SET auth:a 1 EX 60 | GET auth:a | INCR auth:a | DEL auth:a | EXISTS auth:a | EXPIRE auth:a 9 | RENAME auth:l auth:m
MULTI | HSET auth:h f 1 | EXEC | WATCH auth:a | UNWATCH | HSCAN auth:h 0 | SADD auth:s x | SSCAN auth:s 0
ZADD auth:z 1 x | ZRANGE auth:z 0 -1 | XADD auth:x * f 1 | XREAD STREAMS auth:x 0 | BLPOP auth:m 1 | PFADD auth:p x
SETBIT auth:b 7 1 | GEOADD auth:g 1 1 x | COPY auth:z auth:zz | OBJECT ENCODING auth:z | UNLINK auth:z
PUBLISH auth:news x | HELLO 2 | SUBSCRIBE auth:news | UNSUBSCRIBE auth:news | PSUBSCRIBE auth:*
"""
FOREIGN = """
GET legal:a | SET legal:a 2 | DEL legal:a | UNLINK legal:a | EXISTS legal:a | TYPE legal:a | TTL legal:a | DUMP legal:a
TOUCH legal:a | EXPIRE legal:a 1 | PERSIST legal:a | WATCH legal:a | OBJECT ENCODING legal:a | MEMORY USAGE legal:a
COPY legal:a auth:a | COPY auth:a legal:a | RENAME legal:a auth:a | RENAME auth:l legal:l | MOVE legal:a 1
MGET auth:a legal:a | MSET auth:a 1 legal:a 1 | LCS auth:a legal:a | LMOVE legal:l auth:l LEFT LEFT | BLPOP legal:l 1
SUNIONSTORE auth:s legal:s | SINTERCARD 2 auth:s legal:s | ZUNIONSTORE auth:z 1 legal:z | ZRANGESTORE auth:z legal:z 0 9
XREAD STREAMS legal:x 0 | BITOP AND auth:b legal:b | PFMERGE auth:p legal:p | GEORADIUS auth:g 1 1 1 m STORE legal:z
SORT auth:l BY legal:* GET legal:* | SORT_RO auth:l GET legal:* | GET auth-eu:a | GET auth | GET a | GET AUTH:a
KEYS * | KEYS auth:* | SCAN 0 | SCAN 0 MATCH auth:* | RANDOMKEY | DBSIZE | INFO | INFO keyspace
FLUSHALL | FLUSHDB | SWAPDB 0 1 | RESTORE auth:a 0 x | MIGRATE 127.0.0.1 6379 legal:a 0 1
EVAL return(1) 0 | EVAL_RO return(1) 0 | EVALSHA x 0 | FCALL f 0 | SCRIPT FLUSH | SCRIPT LOAD x | SCRIPT KILL
FUNCTION LIST | FUNCTION FLUSH | FUNCTION LOAD x
CONFIG GET * | CONFIG SET maxmemory 1 | CONFIG REWRITE | CONFIG RESETSTAT | ACL LIST | ACL WHOAMI | ACL LOAD | ACL SAVE
ACL SETUSER auth_app ~* | ACL SETUSER default nopass | ACL DELUSER legal_app | ACL LOG | ACL GETUSER legal_app
DEBUG SLEEP 1 | SHUTDOWN NOSAVE | SAVE | BGSAVE | BGREWRITEAOF | LASTSAVE | MONITOR | SLOWLOG GET | LATENCY DOCTOR
REPLICAOF 127.0.0.1 1 | SLAVEOF NO ONE | SYNC | PSYNC ? -1 | REPLCONF ack 0 | ROLE | FAILOVER | CLUSTER NODES
MODULE LIST | MODULE LOAD /data/x | MEMORY STATS | MEMORY PURGE | PFDEBUG GETREG auth:p
CLIENT LIST | CLIENT KILL TYPE normal | CLIENT PAUSE 9000 | CLIENT UNBLOCK 1 | CLIENT NO-EVICT ON
CLIENT TRACKING ON BCAST | CLIENT CACHING YES | PUBSUB CHANNELS | PUBSUB NUMSUB legal:news | PUBSUB NUMPAT
PUBSUB SHARDCHANNELS | PUBLISH legal:news x | SPUBLISH legal:news x | SUBSCRIBE legal:news | SSUBSCRIBE legal:news
SUBSCRIBE __keyevent@0__:set | PSUBSCRIBE * | PSUBSCRIBE legal:* | PSUBSCRIBE a*
"""


def commands(text: str) -> list[list[str]]:
    return [command.split() for line in text.strip().splitlines() for command in line.split(" | ")]


class Server:
    """A Redis as the platform runs it."""

    def __init__(self, boxes: Boxes, volume: str = "/data", password: str = ADMINISTRATOR) -> None:
        may = [word for name in ("CHOWN", "SETGID", "SETUID") for word in ("--cap-add", name)]
        hardened = ["--read-only", "--tmpfs", "/tmp", "--security-opt", "no-new-privileges", "--cap-drop", "ALL", *may]
        options = [*hardened, "-v", volume, "-m", "256m", "-p", "127.0.0.1::6379", "-e", f"REDISCLI_AUTH={password}"]
        self.container = boxes.start(f"redis-{len(boxes.made)}", shlex.join(render.entrypoint(128)), options=options)
        self.password = password
        self.port = self.wait()

    def wait(self) -> int:
        """Waits until it answers. Returns its address on this machine."""
        eventually(lambda: docker("exec", self.container, *render.CHECK).ok)
        return int(docker("port", self.container, "6379/tcp").out.rpartition(":")[2])

    def admin(self, command: str) -> object:
        with self.client(environment.redis_url("default", self.password)) as client:
            return client.ask(*command.split())

    def users(self) -> list[str]:
        """Returns the services' users with their rules."""
        listed = self.admin("ACL LIST")
        assert isinstance(listed, list)
        return [line for line in listed if not line.startswith("user default ")]

    def add(self, service: str, password: str) -> str:
        """Runs the step before a release. Returns the app's URL."""
        self.change(service, {"password": render.hash_password(password), "rules": render.rules(service)})
        return environment.redis_url(render.user(service), password)

    def keep(self, service: str, password: str) -> None:
        """Runs the step after a release."""
        self.change(service, {"password": render.hash_password(password)}, only_password=[])

    def change(self, service: str, inputs: dict[str, Any], **only: Sequence[str]) -> None:
        said = call("redis-user", service, render.user(service), redis=self.container, inputs=inputs, **only)
        assert (said.code, said.out, said.error) == (0, "", "")

    def remove(self, boxes: Boxes, service: str) -> Said:
        user, prefix = render.user(service), render.prefix(service)
        return call("redis-user-remove", boxes.stack, service, user, prefix=prefix, redis=self.container)

    def client(self, url: str = "") -> Client:
        return Client(self.port, url)

    def accepts(self, url: str) -> bool:
        with self.client(url) as client:
            return client.login == "OK"


@pytest.fixture(scope="module")
def server(shared: Boxes) -> Server:
    return Server(shared)


@pytest.fixture
def auth(server: Server) -> Iterator[Client]:
    """A compromised app of the service `auth`, and keys of `legal`."""
    url = server.add("auth", "one")
    for command in ("FLUSHALL", "SET legal:a 1", "RPUSH legal:l 1", "SET auth-eu:a 1", "RPUSH auth:l 1 2"):
        assert not isinstance(server.admin(command), Refusal)
    with server.client(url) as client:
        yield client


@pytest.fixture
def legal(server: Server) -> Iterator[Client]:
    """A connection of the other service, `legal`."""
    with server.client(server.add("legal", "two")) as client:
        yield client


def test_a_service_may_do_everything_with_keys_and_channels_below_its_prefix(auth: Client) -> None:
    answers = {" ".join(words): auth.ask(*words) for words in commands(OWN)}
    assert not {words: answer for words, answer in answers.items() if isinstance(answer, Refusal)}


def test_a_compromised_app_reaches_no_keys_names_or_channels_of_another_and_not_the_server(
    server: Server, auth: Client
) -> None:
    for database in ("0", "1"):
        assert auth.ask("SELECT", database) == "OK"
        answers = {" ".join(words): auth.ask(*words) for words in commands(FOREIGN)}
        wrong = {
            words: answer
            for words, answer in answers.items()
            if not (isinstance(answer, Refusal) and REFUSED.match(answer.words))
        }
        assert not wrong
    assert server.admin("EXISTS legal:a legal:l auth-eu:a") == 3
    assert (server.admin("GET legal:a"), server.admin("TTL legal:a")) == ("1", -1)


def test_nobody_can_log_in_without_a_password(server: Server, auth: Client) -> None:
    with server.client() as stranger:
        for words in ("PING", "GET legal:a", "ACL LIST", "HELLO 3"):
            assert str(stranger.ask(*words.split())).startswith("Refusal(words='NOAUTH"), words
        for user, password in (("default", ""), ("default", "one"), ("legal_app", "one"), ("auth_app", "")):
            assert str(stranger.ask("AUTH", user, password)).startswith("Refusal(words='WRONGPASS"), user
    assert auth.ask("RESET") == "RESET"
    assert isinstance(auth.ask("GET", "auth:a"), Refusal)


def test_a_new_password_interrupts_no_connection(server: Server, auth: Client, legal: Client) -> None:
    old = environment.redis_url("auth_app", "one")
    with server.client(old) as listening, server.client(environment.redis_url("legal_app", "two")) as blocked:
        listening.ask("SUBSCRIBE", "auth:news")
        blocked.send("BLPOP", "legal:queue", "0")
        legal.ask("MULTI")
        new = server.add("auth", "three")
        assert server.accepts(old)
        assert server.accepts(new)
        server.keep("auth", "three")
        assert not server.accepts(old)
        assert server.accepts(new)
        assert auth.ask("PUBLISH", "auth:news", "still here") == 1
        assert listening.answer() == ["message", "auth:news", "still here"]
        assert legal.ask("RPUSH", "legal:queue", "job") == "QUEUED"
        assert legal.ask("EXEC") == [1]
        assert blocked.answer() == ["legal:queue", "job"]


def test_a_password_may_have_any_characters(server: Server) -> None:
    for password in ODD:
        assert server.accepts(server.add("odd", password)), password


def test_users_survive_a_new_container_and_a_new_administrators_password(boxes: Boxes) -> None:
    volume = f"{boxes.stack}-data"
    try:
        first = Server(boxes, f"{volume}:/data")
        url = first.add("auth", "one")
        first.keep("auth", "one")
        users = first.users()
        boxes.clear()
        second = Server(boxes, f"{volume}:/data", "another")
        assert second.accepts(url)
        second.add("auth", "one")
        assert second.users() == users
        for password, accepted in (("another", True), (ADMINISTRATOR, False)):
            assert second.accepts(environment.redis_url("default", password)) == accepted
    finally:
        boxes.clear()
        docker("volume", "rm", volume)


def test_a_removed_user_is_removed_alone_and_not_before_its_app(
    server: Server, boxes: Boxes, auth: Client, legal: Client
) -> None:
    url = environment.redis_url("auth_app", "one")
    app = boxes.start("app", SERVE, boxes.labels("auth"), ["-e", f"REDIS_URL={url}"])
    early = server.remove(boxes, "auth")
    assert (early.code, early.out) == (1, "auth/redis: is still in use; run up again\n")
    assert auth.ask("PING") == "PONG"
    docker("rm", "-f", app)
    said = server.remove(boxes, "auth")
    assert (said.code, said.error) == (0, "")
    assert not server.accepts(url)
    assert legal.ask("PING") == "PONG"
    assert server.admin("EXISTS auth:l") == 1
    _, _, command = said.out.partition("to remove them: ")
    assert on_host(command).ok
    assert server.admin("EXISTS auth:l legal:l auth-eu:a") == 2


def test_a_client_that_does_not_read_its_answers_is_disconnected_and_no_other(
    server: Server, auth: Client, legal: Client
) -> None:
    auth.ask("SET", "auth:big", "x" * 1_000_000)
    with contextlib.suppress(ConnectionError):  # it may be disconnected meanwhile
        for _ in range(200):
            auth.send("GET", "auth:big")
    eventually(lambda: "evicted_clients:0" not in str(server.admin("INFO stats")))
    assert legal.ask("GET", "legal:a") == "1"
    assert docker("inspect", "-f", "{{.State.Running}} {{.State.OOMKilled}}", server.container).out == "true false"


def test_a_redis_that_does_not_answer_is_reported() -> None:
    inputs = {"password": render.hash_password("one"), "rules": render.rules("auth")}
    said = call("redis-user", "auth", "auth_app", redis="trial-nobody", inputs=inputs)
    assert said.code == 1
    assert said.out.startswith("auth/redis: its user cannot be changed: ")
