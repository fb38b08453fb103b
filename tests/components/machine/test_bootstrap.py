"""The scripts that install the program on a host, run with a double of the SSH client."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from components.machine import host_program
from render import ssh
from tests.places import ROOT
from tests.throwaway.box import Said

SCRIPTS = sorted((ROOT / "components" / "machine" / "bootstrap").glob("*.sh"))
# The remote command runs here, in its own home folder, with the login shell of a host.
SSH = """#!/bin/bash
[ ! -e "$HOME/unreachable" ] || { echo 'ssh: connect to host: Connection refused' >&2; exit 255; }
options=""
while [[ $1 = -* ]]; do options="$options $1 $2"; shift 2; done
shift
[ ! -e "$HOME/locked-out" ] || [[ $options != *ControlPath=none* ]] || exit 255
cd "$HOME/there" && HOME=$HOME/there exec bash -c "$*"
"""


@dataclass
class Operator:
    """The operator's machine, and the home folder on the host."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def there(self) -> Path:
        return self.home / "there"

    @property
    def programs(self) -> Path:
        return self.there / host_program.FOLDER

    @property
    def config(self) -> str:
        return str(self.home / "config")

    def command(self, name: str, text: str) -> None:
        """Adds the tests' own command, here and on the host."""
        file = self.home / "bin" / name
        file.write_text(text)
        file.chmod(0o755)

    def version(self, content: bytes) -> str:
        """Writes a version of the program next to the configuration. Returns its path on the host."""
        (self.home / "host.pyz").write_bytes(content)
        return host_program.path()

    def run(self, text: str, stdin: str = "") -> Said:
        environment = os.environ | {"HOME": str(self.home), "PATH": f"{self.home}/bin:{os.environ['PATH']}"}
        environment |= self.environment
        done = subprocess.run(
            ["bash", "-c", text], cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True
        )
        return Said(done.returncode, done.stdout, done.stderr, 0)

    def install(self, path: str) -> Said:
        return self.run(ssh.local_command("install", self.config, "alias", path))

    def read(self, path: str, line: str, stdin: str = "") -> Said:
        return self.run(ssh.local_command("read", self.config, "alias", path, line), stdin)


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    for folder in ("bin", "there"):
        (tmp_path / folder).mkdir()
    operator = Operator(tmp_path)
    operator.command("ssh", SSH)
    return operator


@pytest.fixture
def version(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], str]:
    """Makes these bytes the program's version. Returns its path on the host."""

    def make(content: bytes) -> str:
        monkeypatch.setattr(host_program, "pack", lambda: content)
        return operator.version(content)

    return make


def names(operator: Operator) -> set[str]:
    return {file.name for file in operator.programs.iterdir()}


def test_the_program_is_installed_once_and_the_steps_call_it(operator: Operator) -> None:
    path = operator.version(host_program.pack())
    assert operator.install(path) == operator.install(path) == Said(0, "", "", 0)
    assert names(operator) == {Path(path).name, "current"}
    called = operator.run(shlex.join(["ssh", "-F", operator.config, "alias", host_program.COMMAND, "nothing"]))
    assert called == Said(0, "", "", 0)


def test_a_new_version_is_installed_next_to_the_old_one(operator: Operator, version: Callable[[bytes], str]) -> None:
    old, new = version(b"old"), version(b"new")
    assert old != new
    version(b"old")
    assert operator.install(old).code == 0
    version(b"new")
    assert operator.install(new).code == 0
    assert names(operator) == {Path(old).name, Path(new).name, "current"}
    assert (operator.programs / "current").read_bytes() == b"new"


def test_an_incomplete_copy_is_not_used(operator: Operator, version: Callable[[bytes], str]) -> None:
    path = version(b"the whole program")
    operator.version(b"the who")
    said = operator.install(path)
    assert said.code == 1
    assert "host: the program did not arrive whole; run up again" in said.error
    assert names(operator) == set()
    version(b"the whole program")
    assert operator.install(path).code == 0


def test_a_removed_link_is_restored_before_the_steps_need_it(operator: Operator) -> None:
    path = operator.version(host_program.pack())
    assert operator.install(path).code == 0
    (operator.programs / "current").unlink()
    assert operator.read(path, "nothing").code == 0
    assert (operator.programs / "current").resolve().name == Path(path).name


def test_a_read_at_preview_copies_its_program_and_keeps_the_steps_program(
    operator: Operator, version: Callable[[bytes], str]
) -> None:
    script = b"import sys; print(sys.argv[1:], sys.stdin.read())"
    old = version(script)
    assert operator.install(old).code == 0
    new = version(script + b"  # new")
    said = operator.read(new, "fingerprints 'a b' --gateway nginx", '{"told": 1}')
    assert (said.code, said.out) == (0, "['fingerprints', 'a b', '--gateway', 'nginx'] {\"told\": 1}\n")
    assert names(operator) == {Path(old).name, Path(new).name, "current"}
    assert (operator.programs / "current").resolve().name == Path(old).name


def test_a_read_of_an_unreachable_host_is_empty(operator: Operator) -> None:
    path = operator.version(host_program.pack())
    (operator.home / "unreachable").touch()
    said = operator.read(path, "nothing")
    assert (said.code, said.out) == (0, "")


def test_a_read_that_fails_on_the_host_shows_the_error(operator: Operator, version: Callable[[bytes], str]) -> None:
    said = operator.read(version(b"import sys; sys.exit('the reason')"), "nothing")
    assert (said.code, said.error) == (1, "the reason\n")


def test_an_install_over_a_broken_connection_has_sshs_exit_code(operator: Operator) -> None:
    """For the message that the connection broke."""
    path = operator.version(host_program.pack())
    (operator.home / "unreachable").touch()
    assert operator.install(path).code == 255


def test_an_old_python_is_reported_at_preview_and_at_installation(operator: Operator) -> None:
    operator.command("python3", "#!/bin/sh\nexit 1\n")
    path = operator.version(host_program.pack())
    for said in (operator.read(path, "nothing"), operator.install(path)):
        assert said.code == 1
        assert said.error == (
            "host: has no python3 of 3.10 or newer: install it there (apt-get install python3), then run up again\n"
        )
    assert names(operator) == set()


def there(operator: Operator, script: str, *words: str) -> Said:
    return operator.run(ssh.remote_command(operator.config, "alias", script, *words))


def test_the_step_waits_for_the_first_boot_and_reports_its_failures(operator: Operator) -> None:
    operator.command("cloud-init", '#!/bin/sh\n[ "$2" = --wait ] || echo "status: error"; exit 1\n')
    operator.command("tail", "#!/bin/sh\necho the last lines\n")
    said = there(operator, "booted", "60")
    assert (said.code, said.out) == (0, "host: the first boot failed:\nstatus: error\nthe last lines\n")


@pytest.mark.parametrize("code", [0, 2])
def test_a_successful_first_boot_prints_nothing(operator: Operator, code: int) -> None:
    operator.command("cloud-init", f"#!/bin/sh\nexit {code}\n")
    assert there(operator, "booted", "60") == Said(0, "", "", 0)


def test_a_first_boot_that_does_not_end_is_an_error(operator: Operator) -> None:
    operator.command("cloud-init", "#!/bin/sh\nexec sleep 60\n")
    operator.command("tail", "#!/bin/sh\necho the last lines\n")
    said = there(operator, "booted", "1")
    assert (said.code, said.error) == (
        1,
        "host: the first boot is not over after 1 s; its last lines:\nthe last lines\n",
    )


def test_python_is_installed_on_a_server_without_it(operator: Operator) -> None:
    """For example an adopted server."""
    for name in ("bash", "env", "timeout", "tail"):
        (operator.home / "bin" / name).symlink_to(str(shutil.which(name)))
    operator.command("apt-get", f'#!/bin/sh\necho "$*" >> {operator.home}/asked\n')
    operator.environment["PATH"] = str(operator.home / "bin")
    said = there(operator, "booted", "60")
    assert (said.code, said.out) == (0, "host: installed python3\n")
    assert (operator.home / "asked").read_text().splitlines()[-1].endswith(" install --no-install-recommends python3")
    operator.command("apt-get", "#!/bin/sh\necho E: no network; exit 100\n")
    said = there(operator, "booted", "60")
    assert (said.code, said.error) == (1, "E: no network\nhost: cannot install python3; run up again\n")


def test_a_host_is_ready_once_docker_answers(operator: Operator) -> None:
    operator.environment["SHELL"] = "/bin/bash"
    operator.command("docker", "#!/bin/sh\necho 28.0\n")
    assert there(operator, "ready") == Said(0, "", "", 0)


def test_a_user_without_access_to_docker_is_reported_at_once(operator: Operator) -> None:
    operator.environment["SHELL"] = "/bin/bash"
    operator.command("docker", "#!/bin/sh\necho permission denied >&2; exit 1\n")
    said = there(operator, "ready")
    assert said.code == 1
    assert said.error.splitlines() == [
        "host: Docker does not answer there: permission denied",
        "host: install Docker, start it, add this user to the group docker, then run up again",
    ]


def test_a_login_shell_that_is_not_bash_is_reported(operator: Operator) -> None:
    operator.environment["SHELL"] = "/usr/bin/fish"
    said = there(operator, "ready")
    assert (said.code, said.error) == (1, "host/user: its login shell must be bash: chsh -s /bin/bash there\n")


def keys(operator: Operator) -> Path:
    return operator.there / ".ssh" / "authorized_keys"


def authorize(operator: Operator, text: str) -> Said:
    return operator.run(ssh.local_command("authorized_keys", operator.config, "alias"), text)


def test_the_keys_are_written_atomically_and_once(operator: Operator) -> None:
    assert authorize(operator, "ssh-ed25519 A\nssh-ed25519 B\n").out == "host/authorized_keys: 2 open this server\n"
    assert keys(operator).read_text() == "ssh-ed25519 A\nssh-ed25519 B\n"
    assert authorize(operator, "ssh-ed25519 A\nssh-ed25519 B\n") == Said(0, "", "", 0)


def test_keys_that_lock_the_operator_out_are_reverted(operator: Operator) -> None:
    assert authorize(operator, "ssh-ed25519 A\n").code == 0
    (operator.home / "locked-out").touch()
    said = authorize(operator, "ssh-ed25519 B\n")
    assert said.code == 1
    assert said.error.startswith("host/authorized_keys: does not contain the key that you use")
    assert keys(operator).read_text() == "ssh-ed25519 A\n"


def test_an_incomplete_list_of_keys_changes_nothing(operator: Operator) -> None:
    assert authorize(operator, "ssh-ed25519 A\n").code == 0
    operator.command("ssh", SSH.replace("exec bash", "head -c 5 | bash"))
    said = authorize(operator, "ssh-ed25519 A\nssh-ed25519 B\n")
    assert said.code == 1
    assert "the keys did not arrive whole, and nothing was changed" in said.error
    assert keys(operator).read_text() == "ssh-ed25519 A\n"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.stem)
def test_the_operators_bash_accepts_it(script: Path) -> None:
    said = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="no shellcheck: apt-get install shellcheck")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.stem)
def test_shellcheck_finds_nothing(script: Path) -> None:
    said = subprocess.run(["shellcheck", "-s", "bash", script], capture_output=True, text=True)
    assert said.stdout == ""
