"""Changes the gateway's files while it serves."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from host import gateway as gateways
from host.failure import Failure
from host.gateway import Gateway
from render import nginx
from tests.throwaway.box import Boxes, base, docker
from tests.throwaway.calling import fingerprints
from tests.throwaway.sites import SERVE, put_base, remove, switch
from tests.waiting import eventually

pytestmark = pytest.mark.docker
LOCK = f"{nginx.VOLUME}/lock"


def answering(name: str, word: str) -> str:
    """A site that answers every request with one word."""
    return f'server {{ listen 80; server_name {name}.test; location / {{ return 200 "{word}"; }} }}\n'


def answer(gateway: str, name: str) -> str:
    said = docker("exec", gateway, "curl", "-s", "-H", f"Host: {name}.test", "http://127.0.0.1/")
    return said.out if said.ok else f"curl: {said.code}"


def files(gateway: str) -> dict[str, str]:
    """The sites as files on the volume."""
    said = docker(
        "exec", gateway, "sh", "-c", f'cd {nginx.VOLUME}/sites; for f in *.conf; do echo "$f $(cat $f)"; done'
    )
    return dict(line.split(" ", 1) for line in said.out.splitlines() if "*" not in line.split(" ")[0])


@pytest.fixture
def name(gateway: str) -> Iterator[str]:
    """The test's own site."""
    name = f"trial-{uuid.uuid4().hex[:6]}"
    yield name
    docker("exec", gateway, "sh", "-c", f"cd {nginx.VOLUME}; rm -f sites/{name}* marks/sites/{name}* domains/{name}*")


def test_a_valid_text_is_served_as_soon_as_the_switch_ends(gateway: str, name: str) -> None:
    for turn in range(8):
        assert switch(gateway, name, answering(name, f"turn {turn}")).ok
        assert answer(gateway, name) == f"turn {turn}"


def test_a_switch_waits_for_the_old_workers_alone(gateway: str, name: str) -> None:
    """They accept no more requests then. One that has a request in flight ends later."""
    request = "exec 3<>/dev/tcp/127.0.0.1/8999; printf 'GET /late HTTP/1.1\r\nHost: x\r\n\r\n' >&3; read -r -N 1 -u 3"
    waits = f"{request}; touch /tmp/{name}; while read -r -N 1 -u 3; do :; done; rm /tmp/{name}"
    assert docker("exec", "-d", gateway, "bash", "-c", waits).ok
    try:
        eventually(lambda: docker("exec", gateway, "test", "-e", f"/tmp/{name}").ok)
        assert switch(gateway, name, answering(name, "one")).ok
        assert docker("exec", gateway, "test", "-e", f"/tmp/{name}").ok, "the request is still in flight"
    finally:
        docker("exec", gateway, "pkill", "-f", f"/tmp/{name}")


def test_the_same_text_again_changes_nothing(gateway: str, name: str) -> None:
    first = answering(name, "one")
    assert switch(gateway, name, first).ok
    assert switch(gateway, name, first).ok
    assert files(gateway)[f"{name}.conf"] == first.strip()
    assert answer(gateway, name) == "one"


def test_a_text_that_nginx_refuses_leaves_the_old_one_serving(gateway: str, name: str) -> None:
    assert switch(gateway, name, answering(name, "one")).ok
    before = files(gateway)
    refused = switch(gateway, name, "proxy_pass http://x/?secret=s3cr3t;\n")
    assert refused.code == 1
    assert refused.out.startswith(f"{name}/site: nginx refuses the new text; what served before still serves\n")
    assert f"sites/{name}.conf:1" in refused.out
    assert "/next/" not in refused.out
    assert files(gateway) == before
    assert answer(gateway, name) == "one"


def test_a_refusal_shows_no_secret(gateway: str, name: str) -> None:
    refused = switch(
        gateway, name, f'server {{ listen 80; server_name {name}.test; proxy_pas "http://x/?secret=s3cr3t"; }}'
    )
    assert refused.code == 1
    assert "s3cr3t" not in refused.out
    refused = switch(gateway, name, "proxy_pass_to_http://x/?a&secret=s3cr3t on;")
    assert "secret=[secret]" in refused.out
    assert "s3cr3t" not in refused.out


def test_a_refused_first_text_leaves_no_file(gateway: str, name: str) -> None:
    assert switch(gateway, name, "nonsense;").code == 1
    assert f"{name}.conf" not in files(gateway)


def test_a_missing_text_changes_nothing(gateway: str, name: str) -> None:
    assert switch(gateway, name, answering(name, "one")).ok
    refused = switch(gateway, name, "")
    assert (refused.code, refused.out) == (1, f"{name}/site: the text is missing; run up again\n")
    assert answer(gateway, name) == "one"


def test_a_text_that_collides_with_another_is_refused(gateway: str, name: str) -> None:
    upstream = f"upstream {name} {{ server 127.0.0.1:1; }}\n"
    assert switch(gateway, f"{name}-a", upstream).ok
    refused = switch(gateway, f"{name}-b", upstream)
    assert refused.code == 1
    assert "duplicate upstream" in refused.out


def test_a_text_that_nginx_refuses_only_at_the_reload_is_reverted(gateway: str, name: str) -> None:
    assert switch(gateway, name, answering(name, "one"), "first", ["one.test"]).ok
    docker("exec", "-d", gateway, "python3", "-m", "http.server", "--bind", "127.0.0.1", "7777")
    eventually(lambda: docker("exec", gateway, "curl", "-so", "/dev/null", "http://127.0.0.1:7777").ok)
    before = files(gateway)
    refused = switch(gateway, name, answering(name, "two").replace("80", "7777"), "second", ["two.test"])
    docker("exec", gateway, "bash", "-c", "kill $(grep -lz http.server /proc/[0-9]*/cmdline | cut -d/ -f3)")
    assert refused.code == 1
    assert refused.out.startswith(f"{name}/site: nginx did not load the new text; the old one is back.")
    assert files(gateway) == before
    assert fingerprints(gateway)[f"sites/{name}.conf"] == "first"
    assert {"one.test", "two.test"} & set(domains(gateway)) == {"one.test"}
    assert answer(gateway, name) == "one"


def test_invalid_texts_do_not_prevent_concurrent_valid_ones(gateway: str, name: str) -> None:
    # All of them within the time that each waits for the lock, on a busy machine too.
    good = [f"{name}-good-{n}" for n in range(5)]
    bad = [f"{name}-bad-{n}" for n in range(5)]
    with ThreadPoolExecutor(10) as pool:
        goods = [pool.submit(switch, gateway, one, answering(one, one)) for one in good]
        bads = [pool.submit(switch, gateway, one, "nonsense;") for one in bad]
    assert [said.result().out for said in goods] == [""] * 5
    assert [said.result().code for said in bads] == [1] * 5
    assert [answer(gateway, one) for one in good] == good
    assert not {f"{one}.conf" for one in bad} & set(files(gateway))


def test_a_removed_site_is_no_longer_served(gateway: str, name: str) -> None:
    assert switch(gateway, name, answering(name, "one")).ok
    assert remove(gateway, name).ok
    assert f"{name}.conf" not in files(gateway)
    assert answer(gateway, name) == "curl: 52"


def test_removing_a_missing_site_succeeds(gateway: str, name: str) -> None:
    assert remove(gateway, name).ok


def test_a_site_that_others_use_is_not_removed(gateway: str, name: str) -> None:
    assert switch(gateway, f"{name}-map", f"map $host ${name.replace('-', '_')} {{ default 1; }}\n").ok
    assert switch(gateway, name, answering(name, f"${name.replace('-', '_')}")).ok
    refused = remove(gateway, f"{name}-map")
    assert refused.code == 1
    assert f"{name}-map.conf" in files(gateway)
    assert answer(gateway, name) == "1"
    assert remove(gateway, name).ok


def test_a_lock_that_is_never_released_is_reported(gateway: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "LOCK_WAIT_S", 1)
    docker("exec", "-d", gateway, "flock", LOCK, "sleep", "612")  # by which pkill finds it
    try:
        eventually(lambda: not docker("exec", gateway, "flock", "-n", LOCK, "true").ok)
        with pytest.raises(Failure) as failure:
            Gateway(gateway).switch(f"{name}/site", f"sites/{name}.conf", answering(name, "one"), "none")
    finally:
        docker("exec", gateway, "pkill", "-f", "sleep 612")
    docker("exec", gateway, "flock", LOCK, "true")
    assert str(failure.value) == f"{name}/site: another change has held the gateway's lock for 1 s; run up again"
    assert f"{name}.conf" not in files(gateway)


def test_only_root_can_read_a_site_file(gateway: str, name: str) -> None:
    assert switch(gateway, name, answering(name, "one")).ok
    said = docker("exec", gateway, "stat", "-c", "%a %U", f"{nginx.VOLUME}/sites/{name}.conf")
    assert said.out == "600 root"


def domains(gateway: str) -> list[str]:
    """The names that need a certificate."""
    return docker("exec", gateway, "sh", "-c", f"cat {nginx.VOLUME}/domains/*").out.split()


def test_the_domains_of_a_site_are_listed_while_it_exists(gateway: str, name: str) -> None:
    first, second = f"{name}.test", f"www.{name}.test"
    assert switch(gateway, name, answering(name, "one"), domains=[first, second]).ok
    assert {first, second} <= set(domains(gateway))
    assert switch(gateway, name, "nonsense;", domains=["other.test"]).code == 1
    assert {first, second} <= set(domains(gateway))
    assert "other.test" not in domains(gateway)
    assert switch(gateway, name, answering(name, "one"), domains=[second]).ok
    assert first not in domains(gateway)
    assert remove(gateway, name).ok
    assert second not in domains(gateway)


def test_the_base_is_written_before_the_gateway_exists_and_can_change_later(boxes: Boxes, base_image: str) -> None:
    container, volume = f"{boxes.stack}-late", f"{boxes.stack}-files"

    def written() -> str:
        return docker("exec", container, "cat", f"{nginx.VOLUME}/nginx.conf").out

    try:
        assert put_base(container, base_image, base([30]), volume).ok
        boxes.start("late", SERVE, options=["-v", f"{volume}:{nginx.VOLUME}"])
        eventually(lambda: docker("exec", container, "curl", "-fs", "http://127.0.0.1:8999/").ok)
        assert "worker_shutdown_timeout 45s;" in written()
        assert put_base(container, base_image, base([100]), volume).ok
        assert "worker_shutdown_timeout 115s;" in written()
        assert put_base(container, base_image, "nonsense;", volume).code == 1
        assert "worker_shutdown_timeout 115s;" in written()
    finally:
        boxes.clear()
        docker("volume", "rm", volume)
