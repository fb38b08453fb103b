"""What a release needs is asked before its first change, all of it together."""

import re
import time

import docker as docker_sdk
import pytest

from render import preflight, shell
from render.preflight import Checked
from tests.host.sites import remove, switch
from tests.waiting import eventually

from .box import Said, docker, on_host

pytestmark = pytest.mark.docker
SITE = 'server { listen 80; server_name trial.test; location / { return 200 "one"; } }\n'


def check(
    image: str, gateway: str, cluster: str, *, tool: str = "curl", memory_mb: int = 1, site: str = SITE, slot: str = ""
) -> Said:
    parts = {"app": Checked(image=image, tool=tool), "electric": Checked(image=image, tool="curl")}
    text = preflight.preflight(
        "trial", parts, memory_mb, nginx_container=gateway, postgres_container=cluster, slots="trial-slots", slot=slot
    )
    return on_host(text, site)


def sql(cluster: str, statement: str, database: str = "postgres") -> str:
    said = on_host(shell.psql(cluster, database), statement)
    assert said.ok, said.error
    return said.out.strip()


def test_a_release_that_lacks_nothing_passes_in_silence(base_image: str, gateway: str, cluster: str) -> None:
    said = check(base_image, gateway, cluster)
    assert (said.code, said.error) == (0, "")


def test_all_that_is_missing_is_told_together(base_image: str, gateway: str, cluster: str) -> None:
    said = check(base_image, gateway, cluster, tool="no-such-tool", memory_mb=10**9, site="nonsense;")
    assert said.code == 1
    assert "services/trial/app/health/tool: the image has no no-such-tool: choose the tool that it has" in said.error
    assert "services/trial/electric" not in said.error
    assert re.search(
        r"trial: \d+ MB of memory are free on the host; its new containers may take 1000000000", said.error
    )
    assert "trial/site: nginx refuses its text:\n" in said.error
    assert 'unknown directive "nonsense"' in said.error
    assert said.error.endswith("trial: nothing of it was changed; mend this and run up again\n")


def test_a_tool_that_is_there_and_fails_is_there(base_image: str, gateway: str, cluster: str) -> None:
    assert check(base_image, gateway, cluster, tool="false").ok


def test_an_image_for_another_kind_of_machine_is_told(base_image: str, gateway: str, cluster: str) -> None:
    docker("rm", "-f", "trial-foreign")
    assert docker("create", "--name", "trial-foreign", base_image, "true").ok
    try:
        assert docker("commit", "trial-foreign", "trial-foreign:1").ok
        text = preflight.preflight(
            "trial", {"app": Checked(image="trial-foreign:1", tool="curl")}, 1,
            nginx_container=gateway, postgres_container=cluster, slots="trial-slots",
        )  # fmt: skip
        said = on_host(f"{ANOTHER_HOST}\n{text}", SITE)
    finally:
        docker("rm", "-f", "trial-foreign")
        docker("rmi", "trial-foreign:1")
    assert said.code == 1
    assert re.search(r"services/trial/app/image: is made for linux/\w+ and this host is linux/riscv64", said.error)


ANOTHER_HOST = 'docker() { if [ "$1" = version ]; then echo linux/riscv64; else command docker "$@"; fi; }'


def test_a_site_is_tried_with_its_neighbours_and_without_a_trace(base_image: str, gateway: str, cluster: str) -> None:
    folder = docker("exec", gateway, "sh", "-c", "ls -lR /srv/nginx /tmp").out
    zone = "proxy_cache_path /tmp/x keys_zone=same:1m;"
    assert switch(gateway, "near", zone + "\n").ok
    try:
        said = check(base_image, gateway, cluster, site=zone)
        assert "trial/site: nginx refuses its text" in said.error
        assert 'the same path name "/tmp/x" used' in said.error
    finally:
        remove(gateway, "near")
    assert docker("exec", gateway, "sh", "-c", "ls /srv/nginx/sites").out.find("trial") < 0
    assert folder


def test_a_slot_of_another_database_is_refused(base_image: str, gateway: str, cluster: str, name: str) -> None:
    sql(cluster, f"CREATE DATABASE {name}")
    sql(cluster, f"SELECT pg_create_logical_replication_slot('electric_slot_{name}', 'pgoutput')", name)
    try:
        assert check(base_image, gateway, cluster, slot=preflight.slot_free("trial", name, name)).ok
        said = check(base_image, gateway, cluster, slot=preflight.slot_free("trial", name, "another"))
    finally:
        sql(cluster, f"SELECT pg_drop_replication_slot('electric_slot_{name}')", name)
        sql(cluster, f"DROP DATABASE {name}")
    assert said.code == 1
    assert (
        f"services/trial/electric/stream_id: the replication slot electric_slot_{name} is of the database {name}: "
        "choose another stream_id" in said.error
    )


def test_a_postgres_that_does_not_answer_is_told(base_image: str, gateway: str) -> None:
    assert "trial: PostgreSQL does not answer: see docker logs nobody" in check(base_image, gateway, "nobody").error


def test_a_tool_that_already_asks_a_healthy_container_of_the_image_is_not_tried_again(
    base_image: str, gateway: str, cluster: str
) -> None:
    check_ = {"test": ["CMD", "curl", "--version"], "interval": 10**8}
    asked = docker_sdk.from_env().containers.run(
        base_image, ["infinity"], entrypoint="sleep", healthcheck=check_, detach=True
    )
    try:
        eventually(lambda: bool(docker("ps", "-q", "--filter", f"id={asked.id}", "--filter", "health=healthy").out))
        begun = time.time()
        assert check(base_image, gateway, cluster).ok
        assert not check(base_image, gateway, cluster, tool="no-such-tool").ok
        events = docker(
            "events", "--since", f"{begun:.3f}", "--until", f"{time.time():.3f}", "--filter", "event=create"
        )
        assert events.out.count("container create") == 1
    finally:
        asked.remove(force=True)
