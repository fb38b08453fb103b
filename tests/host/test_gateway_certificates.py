"""Certificates that arrive while the gateway serves or starts are loaded by themselves."""

import shlex
from concurrent.futures import ThreadPoolExecutor

import pytest

from host.gateway import Gateway
from render import nginx
from tests.throwaway.box import Boxes, docker
from tests.throwaway.sites import SERVE, placeholder, put_base, switch
from tests.waiting import eventually

pytestmark = pytest.mark.docker
LOCK, CERTS = f"{nginx.VOLUME}/lock", f"{nginx.VOLUME}/certs"
SITE = f"""
server {{
  listen 443 ssl;
  server_name a.test;
  ssl_certificate {CERTS}/a.test/fullchain.pem;
  ssl_certificate_key {CERTS}/a.test/privkey.pem;
}}
"""


def program(name: str, script: str) -> str:
    """Returns shell text that puts a program of ours before the real one."""
    write = f"echo {shlex.quote(script)} > /tmp/bin/{name}; chmod +x /tmp/bin/{name}"
    return f"mkdir -p /tmp/bin; {write}; PATH=/tmp/bin:${{PATH#/tmp/bin:}}; export PATH"


def with_certificate(boxes: Boxes, name: str, *programs: str) -> str:
    """A gateway's container that has the site a.test, with a placeholder, and another certificate."""
    serve = "\n".join([*programs, SERVE])
    started = f"until [ -e {nginx.VOLUME}/started ]; do sleep 0.05; done"
    container = boxes.start(name, f"mkdir {nginx.VOLUME}; {started}\n{serve}")
    eventually(lambda: docker("exec", container, "test", "-d", nginx.VOLUME).ok)
    assert put_base(container, boxes.image).ok
    for domain in ("a.test", "new.test"):
        assert placeholder(container, domain).ok
    assert switch(container, "a", SITE, domains=["a.test"]).ok
    assert docker("exec", container, "touch", f"{nginx.VOLUME}/started").ok
    eventually(lambda: shown(container) == "a.test")
    return container


def shown(container: str) -> str:
    """Returns the name in the site's certificate."""
    names = "openssl x509 -noout -ext subjectAltName"
    ask = f"openssl s_client -connect 127.0.0.1:443 -servername a.test </dev/null 2>/dev/null | {names}"
    return docker("exec", container, "sh", "-c", ask).out.rpartition("DNS:")[2]


def install(container: str) -> None:
    """Installs the other certificate, as certbot does."""
    move = f"mv {CERTS}/new.test/* {CERTS}/a.test/"
    assert docker("exec", container, "flock", LOCK, "sh", "-c", move).ok


def workers(container: str) -> set[str]:
    """Returns the workers of nginx that accept requests."""
    each = "grep -aqs '^nginx: worker' /proc/$w/cmdline && ! grep -aqs 'shutting down' /proc/$w/cmdline && echo $w"
    return {
        *docker("exec", container, "sh", "-c", f"for w in $(cat /proc/1/task/1/children); do {each}; done").out.split()
    }


def test_a_renewed_certificate_is_loaded_by_itself(boxes: Boxes) -> None:
    container = with_certificate(boxes, "renewed", program("sleep", "echo >> /tmp/looks; /usr/bin/sleep 0.2"))
    install(container)
    eventually(lambda: shown(container) == "new.test")
    assert docker("exec", container, "sh", "-c", f"echo broken > {CERTS}/a.test/fullchain.pem; : > /tmp/looks").ok
    eventually(lambda: docker("exec", container, "sh", "-c", "test $(wc -l < /tmp/looks) -ge 3").ok)
    assert shown(container) == "new.test"


def test_a_certificate_that_arrives_while_the_gateway_starts_is_loaded_too(boxes: Boxes) -> None:
    """nginx has read the placeholder, and the watch of certificates has not checked yet, when certbot installs."""
    late = "if mkdir /tmp/first 2>&-; then for _ in $(seq 30); do [ -e /tmp/installed ] || /usr/bin/sleep 0.1; done; fi"
    slow = [program("sleep", "/usr/bin/sleep 0.2"), program("cat", f'{late}; /usr/bin/cat "$@"')]
    container = with_certificate(boxes, "late", *slow)
    install(container)
    assert docker("exec", container, "touch", "/tmp/installed").ok
    eventually(lambda: shown(container) == "new.test")
    assert docker("exec", container, "test", "-d", "/tmp/first").ok, "the watch did not look by way of cat"


def test_a_renewed_certificate_is_loaded_before_a_switch_may_begin(boxes: Boxes) -> None:
    container = with_certificate(boxes, "first", program("sleep", "/usr/bin/sleep 0.05"))
    replace = f"cd {nginx.VOLUME}/scripts; mv watch.sh look.sh; echo 'echo \"$2\"' > watch.sh"
    assert docker("exec", container, "sh", "-c", replace).ok, "the container's own checks change nothing from here on"
    before = workers(container)
    assert before
    install(container)
    assert docker("exec", container, "bash", f"{nginx.VOLUME}/scripts/look.sh", nginx.VOLUME, "another").ok
    assert before.isdisjoint(workers(container))
    eventually(lambda: shown(container) == "new.test")


def test_a_changed_script_is_used_at_the_next_check_in_the_same_container(boxes: Boxes) -> None:
    container = with_certificate(boxes, "watched", program("sleep", "/usr/bin/sleep 0.2"))
    watch = f"{nginx.VOLUME}/scripts/watch.sh"
    replace = f"echo 'touch /tmp/looked' > {watch}.new; mv {watch}.new {watch}"
    assert docker("exec", container, "sh", "-c", replace).ok
    eventually(lambda: docker("exec", container, "test", "-e", "/tmp/looked").ok)


def test_a_site_is_not_tested_while_a_certificate_is_half_installed(boxes: Boxes) -> None:
    container = with_certificate(boxes, "half")
    half = f"cd {CERTS}; mv new.test/privkey.pem a.test/; touch /tmp/half; until [ -e /tmp/go ]; do sleep 0.05; done"
    assert docker("exec", "-d", container, "flock", LOCK, "sh", "-c", f"{half}; mv new.test/fullchain.pem a.test/").ok
    eventually(lambda: docker("exec", container, "test", "-e", "/tmp/half").ok)
    with ThreadPoolExecutor() as threads:
        error = threads.submit(Gateway(container).config_error, "sites/a.conf", SITE)
        waits = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -q 'flock -s'"
        eventually(lambda: error.done() or docker("exec", container, "sh", "-c", waits).ok)
        assert docker("exec", container, "touch", "/tmp/go").ok
        assert error.result() == ""


@pytest.mark.parametrize(
    "damage",
    ["rm -r a.test", ": > a.test/fullchain.pem", "cp new.test/privkey.pem a.test/"],
    ids=["lost", "cut", "torn"],
)
def test_a_certificate_that_nginx_cannot_use_is_replaced_when_it_starts(boxes: Boxes, damage: str) -> None:
    container = with_certificate(boxes, "damaged")
    assert docker("exec", container, "sh", "-c", f"cd {CERTS} && {damage}").ok
    assert docker("restart", "-t", "5", container).ok
    eventually(lambda: shown(container) == "a.test")


def test_the_gateways_container_runs_nginx_itself_so_that_dockers_signals_reach_it(gateway: str) -> None:
    assert docker("exec", gateway, "cat", "/run/nginx.pid").out == "1"
