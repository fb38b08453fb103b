"""`doctor` finds everything at once, and ends whatever hangs."""

import json
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.engine import engine, lock, state
from cli.refused import Refused
from cli.registry import registry, registry_login
from cli.registry.registry import Token
from cli.registry.registry_http import Credentials
from cli.repair import doctor, doctor_here, doctor_there, unlock
from cli.repair.finding import OK, PROBLEM, Case, Finding, hint, ok, problem
from cli.stack import validate
from settings import StackFile
from tests.places import ROOT


def case(stack: str = "local", cli: str | None = "pulumi", **values: Any) -> Case:
    """Returns the case of a committed stack file, with changed `sertantai:` keys."""
    file = StackFile.read(stack, ROOT / f"Pulumi.{stack}.yaml")
    changed = {f"sertantai:{name}": value for name, value in values.items()}
    file = StackFile(name=stack, values={**file.values, **changed}, encrypted=file.encrypted)
    return Case(stack=stack, file=file, cli=cli, settings=validate.settings_of(file))


def states(findings: Sequence[Finding]) -> dict[str, str]:
    return {finding.check: finding.state for finding in findings}


def test_what_hangs_what_breaks_and_what_is_refused_are_problems_of_their_own() -> None:
    waiting = threading.Event()

    def hang(_: Case) -> Sequence[Finding]:
        waiting.wait(60)
        return []

    def refuse(_: Case) -> Sequence[Finding]:
        raise Refused("registry_token: is wrong")

    def fail(_: Case) -> Sequence[Finding]:
        raise KeyError("secret-of-somebody")

    examinations = {"a": hang, "b": refuse, "c": fail, "d": lambda _: [ok("d", "good")]}
    found = doctor.examine(case(), examinations, limit_s=2)
    waiting.set()
    assert [(each.check, each.state) for each in found] == [("a", PROBLEM), ("b", PROBLEM), ("c", PROBLEM), ("d", OK)]
    assert found[1].text == "registry_token: is wrong"
    assert "secret-of-somebody" not in str(found)


@pytest.mark.parametrize(
    ("findings", "code"), [([ok("a", "x"), hint("b", "y", "z")], 0), ([problem("a", "x", "z")], 1)]
)
def test_the_exit_code_says_whether_there_is_a_problem_and_machines_get_json(
    monkeypatch: pytest.MonkeyPatch, findings: list[Finding], code: int
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _: findings)
    result = CliRunner().invoke(command.app, ["doctor"])
    assert result.exit_code == code
    assert all(each.text in result.stdout and each.remedy in result.stdout for each in findings)
    assert result.stdout.endswith("what runs: ./sertantai status\n")
    result = CliRunner().invoke(command.app, ["doctor", "--json"])
    assert result.exit_code == code
    assert [each["state"] for each in json.loads(result.output)] == [each.state for each in findings]


@pytest.mark.parametrize(
    ("words", "default", "named"),
    [
        ([], "", ""),
        (["--stack", "prod"], "", " --stack prod"),
        ([], "prod", ""),
        (["--stack", "local"], "prod", " --stack local"),
    ],
)
def test_the_last_line_names_the_stack_if_it_is_not_the_default(
    monkeypatch: pytest.MonkeyPatch, words: list[str], default: str, named: str
) -> None:
    monkeypatch.setenv("SERTANTAI_STACK", default)
    monkeypatch.setattr(doctor, "examine", lambda _: [ok("a", "x")])
    shown = CliRunner().invoke(command.app, ["doctor", *words]).stdout
    assert shown.endswith(f"what runs: ./sertantai status{named}\n")


def exported(monkeypatch: pytest.MonkeyPatch, **answers: str | Refused) -> None:
    """Makes the CLI answer by the first word of its command."""

    def call(_cli: str, _stack: str, *words: str, failed: str) -> str:
        answer = answers[words[0]]
        if isinstance(answer, Refused):
            raise answer
        return answer

    monkeypatch.setattr(state, "call", call)


def test_a_lock_of_a_dead_run_and_its_operations_are_problems_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    exported(monkeypatch, stack=json.dumps({"deployment": {"pending_operations": [{}]}}))
    monkeypatch.setattr(engine, "has_local_state", lambda _: True)
    held = lock.Lock(file=tmp_path, pid=1, hostname="laptop", since="2026-11-23T01:06:01Z")
    monkeypatch.setattr(doctor_here, "find_locks", lambda *_: [held])
    monkeypatch.setattr(lock.Lock, "is_dead", lambda _: True)
    found = doctor_here.state_of(case())
    assert states(found) == {"state": OK, "lock": PROBLEM, "operations": PROBLEM}
    assert {each.remedy for each in found} == {"", "./sertantai unlock --stack local"}
    monkeypatch.setattr(lock.Lock, "is_dead", lambda _: False)
    assert states(doctor_here.state_of(case()))["lock"] == "hint"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("incorrect passphrase, please set PULUMI_CONFIG_PASSPHRASE", "set PULUMI_CONFIG_PASSPHRASE"),
        ("no stack named 'prod' found", "pulumi stack init prod"),
        ("PULUMI_ACCESS_TOKEN must be set for login", "pulumi login, or set PULUMI_BACKEND_URL"),
    ],
)
def test_each_way_in_which_the_state_is_closed_has_its_remedy(
    monkeypatch: pytest.MonkeyPatch, error: str, remedy: str
) -> None:
    exported(monkeypatch, stack=Refused(f"state: error: {error}"))
    [found] = doctor_here.state_of(case("prod"))
    assert found.state == PROBLEM
    assert found.remedy.startswith(remedy)


def test_without_git_or_a_checkout_it_says_what_releases_lack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor_here, "ROOT", tmp_path)
    outside = doctor_here.git(case())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (
        outside
        == doctor_here.git(case())
        == [hint("git", "this folder is no checkout", "releases record no commit of the configuration")]
    )


def test_a_passphrase_that_does_not_fit_is_found_by_reading_one_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    exported(monkeypatch, stack='{"deployment": {}}', config=Refused("passphrase: error: incorrect passphrase"))
    prod = case("prod")
    filled = StackFile(name="prod", values={**prod.file.values, "hcloud:token": "v1:x"}, encrypted=("hcloud:token",))
    found = doctor_here.state_of(Case(stack="prod", file=filled, cli="pulumi", settings=None))
    assert states(found)["passphrase"] == PROBLEM


def test_a_token_that_may_not_read_an_image_or_ends_soon_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    end = datetime.now(UTC) + timedelta(days=3)
    monkeypatch.setattr(registry_login, "for_image", lambda *_: Credentials("me", "token-of-me"))
    monkeypatch.setattr(registry.Repository, "digest", lambda *_: "sha256:1")
    monkeypatch.setattr(registry, "who", lambda *_: Token(expires=end))
    found = doctor_here.registry(case())
    assert states(found) == {"registry": OK, "registry token": PROBLEM}

    def deny(*_: object) -> str:
        raise Refused("the token has expired or may not read this package")

    monkeypatch.setattr(registry.Repository, "digest", deny)
    [found_one] = doctor_here.registry(case())
    assert "may not read this package" in found_one.text
    assert "token-of-me" not in str(found_one)


def test_mistakes_and_warnings_of_the_stack_file_are_findings() -> None:
    broken = case(nginx={"image": "nginx", "http_port": 80, "https_port": 80})
    assert broken.settings is None
    assert states(doctor_here.stack_file(broken)) == {"stack file": PROBLEM}
    assert states(doctor_here.stack_file(case())) == {"stack file": OK}


def facts(clock: float, docker: str = "28.5.1", free: int = 50_000, python: str = "3.11") -> list[str]:
    return [str(clock), docker, f"/dev/sda1 100000 40000 {free} 40% /var/lib/docker", python]


def test_a_server_is_examined_in_one_call() -> None:
    good = dict.fromkeys(("Docker", "disk", "clock"), OK)
    assert states([*doctor_there._facts(facts(1009), 999, 1000)]) == good
    bad = states([*doctor_there._facts(facts(900, "", 9_000, "3.9"), 999, 1000)])
    assert bad == dict.fromkeys(("Docker", "disk", "host's Python", "clock"), PROBLEM)
    assert states([*doctor_there._facts(["Welcome!"], 999, 1000)]) == {"server": PROBLEM}


def test_a_slow_answer_is_no_wrong_clock() -> None:
    slow = {"before": 1000.0, "after": 1060.0}
    for clock in (1000.5, 1059):
        assert states([*doctor_there._facts(facts(clock), **slow)])["clock"] == OK
    for clock, off in ((989, "11 s behind"), (1072, "12 s ahead")):
        said = {each.check: each.text for each in doctor_there._facts(facts(clock), **slow)}
        assert said["clock"] == f"the server is {off}"


def test_a_name_that_leads_elsewhere_is_named_with_both_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    records = {"good.test": ["203.0.113.7"], "bad.test": ["203.0.113.9"], "both.test": ["203.0.113.7", "2001:db8::1"]}

    def ask(name: str, *_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        if name not in records:
            raise socket.gaierror
        return [(0, 0, 0, "", (address, 0)) for address in records[name]]

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    assert doctor_there._record("good.test", "203.0.113.7") is None
    for name in ("bad.test", "both.test", "none.test"):
        found = doctor_there._record(name, "203.0.113.7")
        assert found
        assert (found.state, name in found.text) == (PROBLEM, True)
        assert "203.0.113.7" in found.remedy + found.text


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which something listens and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_closed_ports_are_named(port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed = gone.getsockname()[1]
    ports = {"http_port": port, "https_port": closed}
    examined = case(nginx={"image": "localhost:5050/a/nginx:1", "address": "127.0.0.1", **ports})
    [found] = doctor_there.sites(examined)
    assert (found.state, found.text) == (PROBLEM, f"127.0.0.1:{closed} does not answer")


def test_without_an_agent_or_key_the_way_to_the_server_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    remote = {"kind": "ssh", "address": "203.0.113.7", "host_key": "ssh-ed25519 AAAA"}
    assert doctor_here.ssh_key(case()) == []
    monkeypatch.setattr(doctor_here, "run", lambda *_: subprocess.CompletedProcess([], 2, "", ""))
    assert states(doctor_here.ssh_key(case(host=remote))) == {"SSH key": PROBLEM}
    (tmp_path / "key").touch()
    for file, expected in ((tmp_path / "key", OK), (tmp_path / "nothing", PROBLEM)):
        assert states(doctor_here.ssh_key(case(host={**remote, "identity_file": str(file)}))) == {"SSH key": expected}


def test_a_folder_that_is_no_backend_has_no_lock_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    assert unlock.folder_of("prod") is None
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///srv/state")
    assert unlock.folder_of("prod") == Path("/srv/state")
