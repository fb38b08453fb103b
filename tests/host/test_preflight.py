"""The needs of a release are checked before its first change, all of them together."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import docker as docker_sdk
import pytest

from render import sql
from tests.throwaway.box import Said, docker
from tests.throwaway.calling import call
from tests.throwaway.cluster import ask, by_hand, make
from tests.waiting import eventually

pytestmark = pytest.mark.docker
SITE = 'server { listen 80; server_name trial.test; location / { return 200 "one"; } }\n'


def check(
    image: str,
    gateway: str,
    cluster: str,
    *,
    tool: str = "curl",
    memory_mb: int = 1,
    site: str = SITE,
    slot: dict[str, str] | None = None,
    stack: str = "trial",
) -> Said:
    inputs = {
        "images": {"app": image, "electric": image},
        "tools": {"app": tool, "electric": "curl"},
        "site": site,
        "slot": slot,
    }
    return call("preflight", stack, "trial", memory=memory_mb, gateway=gateway, postgres=cluster, inputs=inputs)


def test_a_release_that_lacks_nothing_prints_nothing(base_image: str, gateway: str, cluster: str) -> None:
    said = check(base_image, gateway, cluster)
    assert (said.code, said.out, said.error) == (0, "", "")


def test_everything_that_is_missing_is_reported_together(base_image: str, gateway: str, cluster: str) -> None:
    said = check(base_image, gateway, cluster, tool="no-such-tool", memory_mb=10**9, site="nonsense;")
    assert said.code == 1
    assert "services/trial/app/health/tool: the image has no no-such-tool: choose the tool that it has" in said.error
    assert "services/trial/electric" not in said.error
    assert re.search(r"trial: \d+ MB of memory are free on the host; its new containers may use 1000000000", said.error)
    assert "trial/site: nginx refuses its text:\n" in said.error
    assert 'unknown directive "nonsense"' in said.error
    assert said.error.endswith("trial: nothing was changed; fix this and run up again\n")


def test_a_tool_that_exists_and_fails_is_accepted(base_image: str, gateway: str, cluster: str) -> None:
    assert check(base_image, gateway, cluster, tool="false").ok


def test_a_site_is_tested_with_the_other_sites_and_leaves_no_file(base_image: str, gateway: str, cluster: str) -> None:
    zone = "proxy_cache_path /tmp/x keys_zone=same:1m;"
    near = "/srv/nginx/sites/near.conf"
    before = docker("exec", gateway, "ls", "/srv/nginx/sites").out
    assert docker("exec", "-i", gateway, "sh", "-c", f"mkdir -p /srv/nginx/sites; cat > {near}", stdin=zone).ok
    try:
        said = check(base_image, gateway, cluster, site=zone)
        assert "trial/site: nginx refuses its text" in said.error
        assert 'the same path name "/tmp/x" used' in said.error
    finally:
        docker("exec", gateway, "rm", near)
    assert docker("exec", gateway, "ls", "/srv/nginx/sites").out == before


def test_a_slot_of_another_database_is_refused(base_image: str, gateway: str, cluster: str, name: str) -> None:
    slot = {"slot": f"electric_slot_{name}", "group": f"{name}_electric"}
    ask(cluster, f"CREATE DATABASE {name}")
    ask(cluster, f"SELECT pg_create_logical_replication_slot('electric_slot_{name}', 'pgoutput')", name)
    try:
        assert check(base_image, gateway, cluster, slot={**slot, "database": name}).ok
        said = check(base_image, gateway, cluster, slot={**slot, "database": "another"})
    finally:
        ask(cluster, f"SELECT pg_drop_replication_slot('electric_slot_{name}')", name)
        by_hand(cluster, f"DROP DATABASE {name}")
    assert said.code == 1
    assert (
        f"services/trial/electric/stream_id: the replication slot electric_slot_{name} is of the database {name}: "
        "choose another stream_id" in said.error
    )


@pytest.mark.parametrize(
    ("group", "other_form"), [("{name}_electric", "trial-electric"), ("trial-electric", "{name}_electric")]
)
def test_a_slot_may_be_held_by_the_services_electric_from_before_it_owned_or_shared_its_database(
    base_image: str, gateway: str, cluster: str, name: str, group: str, other_form: str
) -> None:
    make(cluster, name)
    slot = {"slot": sql.slot(name), "database": name, "group": group.format(name=name)}
    try:
        for holder, accepted in ((other_form.format(name=name), True), ("another-electric", False)):
            login = sql.login(holder, "two")
            with reading(cluster, name, login):
                said = check(base_image, gateway, cluster, slot=slot)
            assert said.ok == accepted, said.error
            assert accepted or f"is held by {login}, another Electric: stop that Electric first" in said.error
    finally:
        ask(cluster, f"SELECT pg_drop_replication_slot('{sql.slot(name)}')", name)


@contextmanager
def reading(cluster: str, name: str, login: str) -> Iterator[None]:
    """A login reads the slot, as Electric does."""
    text = f"""CREATE ROLE "{login}" LOGIN REPLICATION PASSWORD 'two'; GRANT {sql.owner(name)} TO "{login}";"""
    ask(cluster, text)
    url = f"host=127.0.0.1 user={login} dbname={name} password=two"
    words = ["pg_recvlogical", "-d", url, "--slot", sql.slot(name), "-f", "/dev/null"]
    options = ["-o", "proto_version=1", "-o", "publication_names=none"]
    assert docker("exec", cluster, *words, "--create-slot", "--if-not-exists", "-P", "pgoutput").ok
    assert docker("exec", "-d", cluster, *words, "--start", *options).ok
    active = f"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{sql.slot(name)}' AND active"
    try:
        eventually(lambda: ask(cluster, active) == "1")
        yield
    finally:
        docker("exec", cluster, "pkill", "-x", "pg_recvlogical")
        eventually(lambda: ask(cluster, active) == "0")
        ask(cluster, f'DROP ROLE "{login}"')


def test_a_postgres_that_does_not_answer_is_reported(base_image: str, gateway: str) -> None:
    assert "trial: PostgreSQL does not answer: see docker logs nobody" in check(base_image, gateway, "nobody").error


def test_a_tool_that_a_healthy_container_of_the_image_uses_is_not_tried_again(
    base_image: str, gateway: str, cluster: str, name: str
) -> None:
    check_ = {"test": ["CMD", "curl", "--version"], "interval": 10**8}
    asked = docker_sdk.from_env().containers.run(
        base_image, ["infinity"], entrypoint="sleep", healthcheck=check_, detach=True
    )
    try:
        eventually(lambda: bool(docker("ps", "-q", "--filter", f"id={asked.id}", "--filter", "health=healthy").out))
        begun = time.time()
        assert check(base_image, gateway, cluster, stack=name).ok
        assert not check(base_image, gateway, cluster, stack=name, tool="no-such-tool").ok
        span = ["--since", f"{begun:.3f}", "--until", f"{time.time():.3f}"]
        events = docker("events", *span, "--filter", "event=create", "--filter", f"label=sertantai.stack={name}")
        assert events.out.count("container create") == 1
    finally:
        asked.remove(force=True)
