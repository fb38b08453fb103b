"""Every shell text is one that the shell takes and shellcheck finds nothing in."""

import shlex
import shutil
import subprocess
from dataclasses import replace

import pytest

from rehearsal.errors import Trouble
from rehearsal.machine import ensure_packages
from render import environment, shell
from render.restore import Target, checked, restore, restored
from settings import Health, Restore

LABELS = {"sertantai.stack": "trial", "sertantai.service": "legal"}
CHECK = environment.health_check(Health(), 4000)
ELECTRIC = environment.electric_check("waiting", "active")
DUMP = Restore(dump="dumps/legal.dump")
TARGET = Target(
    service="legal",
    stack="trial",
    database="legal_prod",
    postgres_container="postgres",
    nginx_container="nginx",
    labels=LABELS,
    grace_s=30,
    stream_id="legal",
    app_gate=shell.gate_again("legal/app", "app", CHECK, 4000, 3, 60),
    electric_gate=shell.gate_again("legal/electric", "electric", ELECTRIC, 3000, 1, 60),
)
# It is one word of the text that the host is given.
RESTORE = shlex.split(restore(DUMP, TARGET, "1a2b"))[-1]
REPLACE = shlex.split(restore(DUMP.model_copy(update={"replace": True}), replace(TARGET, stream_id=None), "1a2b"))[-1]
BASH = {
    "restore": RESTORE,
    "restore without Electric": REPLACE,
    "restored": restored("postgres", "legal_prod"),
    "check of a dump": checked(DUMP, TARGET),
    "gate": shell.gate("legal/app", "legal-app-1", CHECK, 4000, 3, 60),
    "gate of Electric": shell.gate("legal/electric", "legal-electric-1", ELECTRIC, 3000, 1, 60),
    "switch": shell.switch("legal/site", "sites/legal.conf", "nginx", "1a2b"),
    "switch back": shell.switch("legal/site", "sites/legal.conf", "nginx", remove=True),
    "psql": shell.psql("postgres", "legal_prod"),
    "inside": shell.inside("nginx", "echo 'it''s'"),
}
SH = {
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
