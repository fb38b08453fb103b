"""The steps for a user of Redis, without one."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from host import docker, redis_user, redis_user_remove
from host.failure import Failure

INPUTS = {"password": "#1a2b", "rules": ["on", "~legal:*"]}


@dataclass
class Redis:
    """Redis's container, and those of the service."""

    log: list[tuple[list[str], str | None]] = field(default_factory=list)
    refused: str = ""
    environments: dict[str, list[str]] = field(default_factory=dict)

    def execute(self, container: str, command: Sequence[str], stdin: str | None = None) -> docker.Output:
        self.log.append((list(command), stdin))
        code = int(self.refused in command) if self.refused else 0
        return docker.Output(code, "", "OOM command not allowed\n" if code else "")

    def inspect(self, containers: Sequence[str]) -> list[dict[str, Any]]:
        return [{"Config": {"Env": self.environments[each]}} for each in containers]


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Redis:
    redis = Redis()
    monkeypatch.setattr(docker, "execute", redis.execute)
    monkeypatch.setattr(docker, "inspect_existing", redis.inspect)
    monkeypatch.setattr(docker, "list_containers", lambda *_, **__: list(redis.environments))
    return redis


def change(only_password: bool = False) -> None:
    given = argparse.Namespace(service="legal", user="legal_app", redis="r", only_password=only_password)
    redis_user.run(given, INPUTS)


def remove() -> None:
    given = argparse.Namespace(stack="trial", service="legal", user="legal_app", prefix="legal:", redis="r")
    redis_user_remove.run(given, INPUTS)


SAVE = (["redis-cli", "-e", "ACL", "SAVE"], None)


def test_a_user_has_its_rules_and_one_more_password_which_is_no_argument(redis: Redis) -> None:
    change()
    set_user = ["redis-cli", "-e", "-x", "ACL", "SETUSER", "legal_app", "on", "~legal:*"]
    assert redis.log == [(set_user, "#1a2b"), SAVE]


def test_the_passwords_of_old_containers_are_removed_and_the_rules_stay(redis: Redis) -> None:
    change(only_password=True)
    set_user = ["redis-cli", "-e", "-x", "ACL", "SETUSER", "legal_app", "resetpass"]
    assert redis.log == [(set_user, "#1a2b"), SAVE]


@pytest.mark.parametrize("refused", ["SETUSER", "SAVE"])
def test_a_refusal_of_redis_is_reported_with_the_service(redis: Redis, refused: str) -> None:
    redis.refused = refused
    with pytest.raises(Failure, match=r"^legal/redis: its user cannot be changed: OOM command not allowed$"):
        change()


def test_a_user_whose_url_a_container_has_stays(redis: Redis) -> None:
    redis.environments = {"legal-app-1": ["REDIS_URL=redis://legal_app:x@redis:6379/0"]}
    with pytest.raises(Failure, match=r"^legal/redis: is still in use; run up again$"):
        remove()
    assert redis.log == []


def test_a_container_with_another_users_url_does_not_matter(redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    redis.environments = {"legal-app-1": ["PORT=4000"], "legal-app-2": ["URL=redis://legal_app2:x@redis:6379/0"]}
    remove()
    assert redis.log == [(["redis-cli", "-e", "ACL", "DELUSER", "legal_app"], None), SAVE]
    assert capsys.readouterr().out == (
        "legal: its keys in Redis are kept; to remove them: "
        "docker exec r sh -c 'redis-cli --scan --pattern legal:* | xargs redis-cli unlink'\n"
    )
