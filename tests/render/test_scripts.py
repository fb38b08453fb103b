"""Every shell text is one that the shell takes and shellcheck finds nothing in."""

import shutil
import subprocess

import pytest

from rehearsal.errors import Trouble
from rehearsal.machine import ensure_packages
from render import environment, nginx, postgres, preflight, redis, shell
from render.cutover import cutover, turn
from settings import Acme, Health

LABELS = {"sertantai.stack": "trial", "sertantai.service": "legal"}
CHECK = environment.health_check(Health(), 4000)
ELECTRIC = environment.electric_check(200, 202)
PLAIN = Acme(email="operator@sertantai.com", image="certbot")
OWN = Acme(
    email="operator@sertantai.com", image="certbot", ca_bundle="ca.pem", directory_url="https://localhost:14000/dir"
)
BASH = {
    "access to PostgreSQL": postgres.access("mark"),
    "gate": shell.gate("legal/app", "legal-app-1", CHECK, 4000, 3, 60),
    "gate of Electric": shell.gate("legal/electric", "legal-electric-1", ELECTRIC, 3000, 1, 60),
    "migrate": shell.migrate(
        "legal",
        "legal-migrate",
        "app",
        ["/app", "eval", 'A.b("c")'],
        ["-x"],
        ["A"],
        ["A", "B"],
        300,
        shell.psql("postgres"),
        shell.psql("postgres", "legal_prod", "legal_prod_1"),
    ),
    "migrate without a database": shell.migrate("legal", "legal-migrate", "app", ["/app"], [], ["A"], [], 300, "", ""),
    "preflight": preflight.preflight(
        "legal",
        {"app": preflight.Checked(image="app", tool="wget")},
        512,
        nginx_container="nginx",
        postgres_container="postgres",
        slots="trial-slots",
        slot=preflight.slot_free("legal", "legal", "legal_prod"),
    ),
    "turn": turn("legal", "nginx"),
    "cutover": cutover(
        "legal",
        "legal",
        "legal_prod",
        "legal-electric-1",
        LABELS,
        check=ELECTRIC,
        timeout_s=60,
        cache_generation=1,
        psql=shell.psql("postgres"),
        nginx_container="nginx",
        mark="1a2b",
    ),
    "a password for Redis": redis.add_password("redis", "legal"),
    "the one password for Redis": redis.keep_password("redis", "legal"),
    "a user of Redis that goes": redis.remove("redis", "legal", LABELS),
    "switch": shell.switch("legal/site", "sites/legal.conf", "nginx", "1a2b"),
    "switch back": shell.switch("legal/site", "sites/legal.conf", "nginx", remove=True),
    "change the base": shell.change_base("nginx", "files", "image", shell.switch("nginx", "nginx.conf", "nginx")),
    "serve": shell.serve(),
    "psql": shell.psql("postgres", "legal_prod"),
    "psql with": shell.psql_with("postgres", "SELECT 1;\n", "legal_prod"),
    "inside": shell.inside("nginx", "echo 'it''s'"),
    "exports": shell.exports({"A": "it's", "B": "two\nlines"}),
}
SH = {
    "placeholder": shell.placeholder("legal.sertantai.com"),
    "certificate": shell.certificate("legal.sertantai.com", PLAIN),
    "certificate where the name leads here": shell.certificate("legal.sertantai.com", PLAIN, "192.0.2.1"),
    "certificate of an authority of our own": shell.certificate("legal.sertantai.com", OWN),
    "renew": shell.renew(PLAIN),
    "renew at an authority of our own": shell.renew(OWN),
    "check of Electric": ELECTRIC[2],
}
EVERY = [
    pytest.param(kind, text, id=name) for kind, texts in (("bash", BASH), ("sh", SH)) for name, text in texts.items()
]
# What Docker says of a container's state is split into words on purpose.
IGNORED = "SC2046"


@pytest.mark.parametrize(("kind", "text"), EVERY)
def test_the_shell_takes_it(kind: str, text: str) -> None:
    said = subprocess.run([kind, "-n"], input=text, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")


@pytest.fixture(scope="module")
def _shellcheck() -> None:
    if not shutil.which("shellcheck"):
        try:
            ensure_packages("shellcheck")
        except Trouble as trouble:
            pytest.skip(str(trouble))


@pytest.mark.usefixtures("_shellcheck")
@pytest.mark.parametrize(("kind", "text"), EVERY)
def test_shellcheck_finds_nothing(kind: str, text: str) -> None:
    command = ["shellcheck", "-s", kind, "-S", "warning", "-e", IGNORED, "-"]
    said = subprocess.run(command, input=text, capture_output=True, text=True)
    assert said.stdout == ""


@pytest.mark.parametrize(("kind", "text"), EVERY)
def test_nothing_is_left_of_a_template(kind: str, text: str) -> None:
    rest = text
    for filled_in_by_docker in (
        "{{.State",
        "{{.Restart",
        "{{.Names",
        "{{.Id",
        "{{slice",
        "{{.Server",
        "{{.Os",
        "{{.Arch",
        "{{.Docker",
        "{{index .Config.Healthcheck",
        "{{.Config.Env",
    ):
        rest = rest.replace(filled_in_by_docker, "")
    assert "{{" not in rest
    assert "{%" not in rest


def test_the_gateways_container_runs_nginx_itself() -> None:
    """So that Docker's signals reach it."""
    assert shell.serve().splitlines()[-1].startswith(f"exec nginx -c {nginx.VOLUME}/nginx.conf -g 'daemon off;' ")
