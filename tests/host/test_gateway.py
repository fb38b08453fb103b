"""The calls of the gateway's verbs in its container, and their errors."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import pytest

from host import detach, docker, files, verbs
from host.base import SCRIPTS
from host.failure import Failure
from host.gateway import HELD_SERVERS, VOLUME, Gateway
from render import nginx, verb

SITE = "sites/legal.conf"
GATEWAY = Gateway("nginx")
FINE = docker.Output(0, "", "")


@dataclass
class Docker:
    """A Docker whose containers do nothing: `answers` are the output and the exit code of each script."""

    runs: bool = True
    answers: dict[str, docker.Output] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    stdin: list[str] = field(default_factory=list)

    def run(self, *words: str, stdin: str = "", **_: Any) -> docker.Output:
        self.asked.append(words)
        self.stdin.append(stdin)
        return self.answers.get(self.script(-1), docker.Output(0, "", ""))

    def script(self, number: int) -> str:
        """The name of the script that ran."""
        words = self.asked[number]
        return words[words.index("-c") + 2]

    def arguments(self, number: int = -1) -> list[str]:
        """The script's arguments after the volume."""
        words = self.asked[number]
        return list(words[words.index("-c") + 4 :])


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Docker:
    fake = Docker()
    monkeypatch.setattr(docker, "run", fake.run)
    monkeypatch.setattr(docker, "is_running", lambda container: fake.runs)
    return fake


def call(line: str, inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a verb in this process."""
    monkeypatch.setattr(detach, "run", lambda _, work: work())
    verbs.run(line.split(), StringIO(verb.stdin(inputs)))


def failure(work: Callable[[], None]) -> str:
    with pytest.raises(Failure) as failed:
        work()
    return str(failed.value)


def switch() -> None:
    GATEWAY.switch("legal/site", SITE, "the text", "1a2b", ["legal.test"])


def test_the_program_and_the_configuration_use_the_same_paths() -> None:
    assert (VOLUME, HELD_SERVERS) == (nginx.VOLUME, nginx.HELD_SERVERS)


def test_a_site_is_switched_in_one_run_within_the_gateways_container(
    fake: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {"text": "the text", "fingerprint": "1a2b", "domains": ["legal.test", "laws.test"]}
    call("switch legal --gateway nginx", inputs, monkeypatch)
    assert [words[:4] for words in fake.asked] == [("exec", "-i", "nginx", "bash")]
    assert fake.arguments() == ["300", "5", "write", SITE, "1a2b", "legal.test", "laws.test"]
    assert fake.stdin == ["the text"]


def test_a_missing_text_is_an_error_without_a_traceback(fake: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.answers["switch"] = docker.Output(11, "", "")
    said = failure(lambda: call("switch legal --gateway nginx", {}, monkeypatch))
    assert said == "legal/site: the text is missing; run up again"
    assert fake.stdin == [""]


def test_a_site_is_removed_by_its_service(fake: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    call("site-remove legal --gateway nginx", {}, monkeypatch)
    assert fake.arguments() == ["300", "5", "remove", SITE]


def test_electrics_upstream_is_switched_by_its_service(fake: Docker) -> None:
    GATEWAY.switch_upstream("legal", "legal-electric-1a2b3c4")
    assert fake.arguments() == ["60", "5", "upstream", SITE, "legal-electric", "legal-electric-1a2b3c4"]
    fake.answers["switch"] = docker.Output(13, "", "")
    assert failure(lambda: GATEWAY.switch_upstream("legal", "x")).startswith(
        "legal/electric: nginx did not load the new text"
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (10, "another change has held the gateway's lock for 300 s; run up again"),
        (11, "the text is missing; run up again"),
        (12, "nginx refuses the new text; what served before still serves\nnginx: [emerg] unknown directive"),
        (
            13,
            "nginx did not load the new text; the old one is back. Its log says why: docker logs nginx",
        ),
    ],
)
def test_each_failure_of_a_switch_is_reported_with_what_to_do(fake: Docker, code: int, reason: str) -> None:
    fake.answers["switch"] = docker.Output(code, "nginx: [emerg] unknown directive\n" if code == 12 else "", "")
    assert failure(switch) == f"legal/site: {reason}"


def test_a_missing_container_is_reported_in_dockers_words(fake: Docker) -> None:
    fake.answers["switch"] = docker.Output(1, "", "Error response from daemon: No such container: nginx\n")
    assert failure(switch) == (
        "legal/site: the gateway cannot be changed: Error response from daemon: No such container: nginx; run up again"
    )


def test_nginxs_output_contains_no_secret_of_any_service(fake: Docker) -> None:
    words = (
        'unknown directive "proxy_pas" "http://x?a&secret=s3cr3t" in sites/auth.conf:3\nnear "0th3r", secret=0th3r\n'
    )
    fake.answers |= {"switch": docker.Output(12, words, ""), "test": docker.Output(12, words, "")}
    for said in (failure(switch), GATEWAY.config_error(SITE, "the text")):
        assert "secret=[secret]" in said
        assert "s3cr3t" not in said
        assert "0th3r" not in said


def test_a_text_that_nginx_accepts_has_no_error(fake: Docker) -> None:
    assert GATEWAY.config_error(SITE, "the text") == ""
    assert (fake.arguments()[1:], fake.stdin) == ([SITE], ["the text"])
    fake.answers["test"] = docker.Output(12, "nginx: [emerg] no\n", "")
    assert GATEWAY.config_error(SITE, "the text") == "nginx: [emerg] no"
    fake.answers["test"] = docker.Output(10, "", "")
    assert "held the gateway's lock for 300 s" in GATEWAY.config_error(SITE, "the text")


@pytest.mark.parametrize("runs", [True, False])
def test_the_base_is_written_in_nginxs_container_or_by_a_temporary_one(
    fake: Docker, runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.runs = runs
    line = "base nginx --volume files --scripts 1a2b"
    call(line, {"image": "nginx@sha256:1a", "text": "the text", "fingerprint": "none"}, monkeypatch)
    once = ("run", "--rm", "-i", "--pull", "never", "--network", "none", "--entrypoint", "bash")
    throwaway = (*once, "-v", f"files:{VOLUME}", "nginx@sha256:1a")
    for words in fake.asked:
        assert (words[:1] == ("exec",)) if runs else (words[: len(throwaway)] == throwaway)
    assert [fake.script(0), fake.script(1)] == ["write_scripts", "switch"]
    assert fake.arguments(0)[::2] == list(SCRIPTS)
    assert fake.arguments(0)[1::2] == [files.shell(f"volume/{name}") for name in SCRIPTS]
    assert fake.arguments(1) == ["300", "5", "write", "nginx.conf", "none"]


def test_if_scripts_cannot_be_written_the_configuration_stays(fake: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.answers["write_scripts"] = docker.Output(1, "", "mkdir: No space left on device\n")
    line = "base nginx --volume files --scripts 1a2b"
    said = failure(lambda: call(line, {"image": "nginx@sha256:1a", "text": "the text"}, monkeypatch))
    assert said == "nginx: its scripts cannot be written: mkdir: No space left on device; run up again"
    assert [fake.script(0)] == ["write_scripts"]
    assert len(fake.asked) == 1


def test_requests_wait_until_the_block_ends_even_if_it_fails(fake: Docker) -> None:
    def hold() -> None:
        with GATEWAY.hold_requests("legal/electric", "legal-electric-1", 90):
            assert fake.arguments() == ["hold", "/run/held/legal-electric-1", "90"]
            raise Failure("torn")

    assert failure(hold) == "torn"
    assert fake.arguments() == ["release", "/run/held/legal-electric-1"]


def test_a_gateway_that_does_not_answer_for_a_moment_is_told_again_to_go_on(
    fake: Docker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hold(refusals: int) -> list[str]:
        refused = docker.Output(126, "", "OCI runtime exec failed\n")
        answers = iter([FINE, *[refused] * refusals, FINE])

        def run(*words: str, **_: Any) -> docker.Output:
            fake.asked.append(words)
            return next(answers)

        fake.asked.clear()
        monkeypatch.setattr(docker, "run", run)
        with GATEWAY.hold_requests("legal/electric", "legal-electric-1", 90):
            pass
        return [fake.arguments(number)[0] for number in range(len(fake.asked))]

    monkeypatch.setattr(docker, "PAUSE_S", 0)
    assert (hold(1), capsys.readouterr().out) == (["hold", "release", "release"], "")
    assert hold(3) == ["hold", *["release"] * 3]
    said = "the gateway could not be told to go on: requests wait and fail for up to 90 s"
    assert capsys.readouterr().out == f"legal/electric: {said}\n"


def test_a_gateway_that_does_not_answer_is_reported_before_anything_changes(fake: Docker) -> None:
    fake.answers["hold"] = docker.Output(1, "", "no such container\n")

    def hold() -> None:
        with GATEWAY.hold_requests("legal/electric", "legal-electric-1", 90):
            raise AssertionError("nothing is held")

    assert failure(hold) == "legal/electric: the gateway does not answer: no such container; run up again"
