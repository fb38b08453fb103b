"""An app's volume without Docker: which programs of the image run, as whom, and what a failure says."""

from typing import Any

import pytest

from host import docker as docker_client
from host.docker import Output
from host.failure import Failure
from host.volume import Volume

NOTHING = Output(2, "", "ls: cannot access")
DONE = Output(0, "", "")


class Docker:
    """The answers of a host's Docker, one for each program of the image."""

    def __init__(self, user: str = "", **answers: Output) -> None:
        self.user, self.answers = user, {"ls": NOTHING, "chown": DONE, **answers}
        self.ran: list[list[str]] = []
        self.removed: list[str] = []

    def check_output(self, *words: str) -> str:
        assert words == ("image", "inspect", "-f", "{{.Config.User}}", "app@sha256:a")
        return f"{self.user}\n"

    def run(self, *words: str, timeout_s: float) -> Output:
        self.ran.append([*words])
        return self.answers[words[words.index("--entrypoint") + 1]]

    def remove(self, container: str) -> bool:
        self.removed.append(container)
        return True


def prepare(monkeypatch: pytest.MonkeyPatch, host: Docker) -> None:
    for name in ("check_output", "run", "remove"):
        monkeypatch.setattr(docker_client, name, getattr(host, name))
    names: dict[str, Any] = {"stack": "trial", "service": "legal", "setting": "files", "path": "/data"}
    volume = Volume(**names, volume="trial-legal-files", image="app@sha256:a")
    volume.report_hidden_files()
    volume.change_owner()


@pytest.mark.parametrize(("user", "owner"), [("", "0"), ("app", "app"), ("1000:1000", "1000:1000")])
def test_the_folder_is_given_to_the_images_user_and_an_image_without_one_runs_as_root(
    monkeypatch: pytest.MonkeyPatch, user: str, owner: str
) -> None:
    host = Docker(user)
    prepare(monkeypatch, host)
    _, changing = host.ran
    assert changing[-5:] == ["--entrypoint", "chown", "app@sha256:a", owner, "/data"]
    assert "--mount=type=volume,src=trial-legal-files,dst=/data" in changing


def test_its_containers_have_no_network_and_only_root_has_capabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Docker("app")
    prepare(monkeypatch, host)
    looking, changing = (" ".join(words) for words in host.ran)
    for words in (looking, changing):
        assert "--network none" in words
        assert "--cap-drop ALL --security-opt no-new-privileges" in words
    assert "--user 0 --cap-add CHOWN --cap-add DAC_OVERRIDE" in changing
    assert not {"--user", "--cap-add"} & {*looking.split()}


def test_a_container_that_does_not_end_is_removed_and_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Docker("app", chown=Output(docker_client.TIMED_OUT, "", "no answer within 120 s"))
    with pytest.raises(Failure) as caught:
        prepare(monkeypatch, host)
    assert str(caught.value) == (
        "services/legal/app/volumes/files: the volume trial-legal-files cannot be given to the image's user app: "
        "no answer within 120 s; fix this and run up again"
    )
    changing = host.ran[-1]
    assert host.removed == [changing[changing.index("--name") + 1]]
