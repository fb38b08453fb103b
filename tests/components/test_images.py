"""Which registry resolves each image, and that up applies the previewed images."""

import json
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime.proto.provider_pb2 import CheckFailure
from pulumi.runtime.proto.resource_pb2 import ResourceInvokeResponse

from components.machine.confirmed import RUNNING, VARIABLE
from rehearsal.monitor import run
from settings import StackFile
from tests.components.declared import IMAGE, ROOT
from tests.doubles.recording import Recorder

HUB = "registry-1.docker.io"
PROD = {
    **dict.fromkeys(["certbot", "postgres", "redis", "nginx", "legal-electric", "compliance-electric"], HUB),
    **dict.fromkeys(["legal-frontend", "compliance-app", "compliance-frontend"], "ghcr.io"),
    **dict.fromkeys(["auth-app", "hub-app", "hub-frontend", "enforcement-app"], "ghcr.io"),
}


class Registries(Recorder):
    """Returns the declarations, and the names that the registries resolved; `moved` has the tags' new digests."""

    def __init__(self, moved: str = "", answer: Callable[[str], str | None] = str) -> None:
        super().__init__(strict=False)
        self.asked: list[str] = []
        self.moved, self.answer = moved, answer

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        if "getRegistryImage" not in token:
            return super().call(token, args)
        self.asked.append(args["name"])
        digest = self.answer(f"sha256:{sha256((args['name'] + self.moved).encode()).hexdigest()}")
        return {"sha256Digest": digest} if digest else {}

    def images(self) -> dict[str, str]:
        """Returns the pulled images by part."""
        images = [each for each in self.declared.values() if each.type == IMAGE and "build" not in each.inputs]
        return {image.name.removesuffix("-image"): str(image.inputs.get("name")) for image in images}


def asked_at(name: str) -> str:
    """Returns the host that the Docker provider uses for a name.

    See `parseImageOptions` in resource_docker_image_funcs.go of kreuzwerker/terraform-provider-docker v4.5.0.
    """
    prefix, slash, _ = name.partition("/")
    host = name.count("/") > 1 or (slash and ("." in prefix or ":" in prefix or prefix == "localhost"))
    return prefix if host else HUB


def declared(registries: Registries, stack: str, *, dry_run: bool = True, file: Path | None = None) -> Registries:
    run(registries, StackFile.read(stack, file), dry_run=dry_run)
    return registries


@pytest.fixture(scope="module")
def local() -> Registries:
    """The local stack's preview."""
    return declared(Registries(), "local")


@pytest.fixture
def handed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that a preview passes to its `up`."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "digests.json"))
    return tmp_path / "digests.json"


def test_each_image_of_production_is_resolved_at_its_registry() -> None:
    registries = declared(Registries(), "prod")
    assert {part: asked_at(name) for part, name in registries.images().items()} == PROD
    assert {asked_at(name) for name in registries.asked} == {HUB, "ghcr.io"}
    names = {name.partition("@")[0] for name in registries.images().values()}
    assert {name.partition(":")[0] for name in registries.asked} == names


def test_each_image_of_the_local_stack_is_resolved_on_this_machine(local: Registries) -> None:
    assert {asked_at(name) for name in [*local.asked, *local.images().values()]} == {"localhost:5050"}


def test_up_applies_the_previewed_digests_although_every_tag_has_moved(handed: Path) -> None:
    previewed = declared(Registries(), "local").images()
    assert stat.S_IMODE(handed.stat().st_mode) == 0o600
    applied = declared(Registries(moved="since"), "local", dry_run=False)
    assert applied.images() == previewed
    assert applied.asked == []


def test_a_release_of_one_service_looks_up_no_image_that_runs(
    local: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = f"sha256:{'1' * 64}"
    others = {name: runs for name in local.asked if not name.endswith("/frontend:1")}
    (tmp_path / "running.json").write_text(json.dumps(others))
    monkeypatch.setenv(RUNNING, str(tmp_path / "running.json"))
    for dry_run in (True, False):
        registries = declared(Registries(), "local", dry_run=dry_run)
        assert registries.asked == ["localhost:5050/sertantai/frontend:1"]
        assert registries.images()["nginx"] == f"localhost:5050/sertantai/nginx@{runs}"
        assert registries.images()["legal-frontend"] == local.images()["legal-frontend"]


def test_without_a_preview_up_resolves_the_images(local: Registries) -> None:
    previewed = local.images()
    applied = declared(Registries(moved="since"), "local", dry_run=False)
    assert applied.images().keys() == previewed.keys()
    assert not set(applied.images().values()) & set(previewed.values())


def test_an_image_that_was_not_in_the_preview_is_not_applied(handed: Path, tmp_path: Path) -> None:
    declared(Registries(), "local")
    document = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
    document["config"]["sertantai:nginx"]["image"] = "localhost:5050/sertantai/nginx:2"
    for service in ("auth", "enforcement"):
        document["config"]["sertantai:services"][service]["app"]["image"] = "localhost:5050/sertantai/other:2"
    (tmp_path / "stack.yaml").write_text(yaml.safe_dump(document))
    registries = Registries()
    with pytest.raises(pulumi.RunError) as caught:
        declared(registries, "local", dry_run=False, file=tmp_path / "stack.yaml")
    advice = "was not in the preview: the stack file has changed since; run this again"
    assert str(caught.value).splitlines() == [
        f"nginx/image: localhost:5050/sertantai/nginx:2 {advice}",
        f"services/auth/app/image, services/enforcement/app/image: localhost:5050/sertantai/other:2 {advice}",
    ]
    assert registries.asked == []
    assert registries.images() == {}


def test_an_image_that_the_preview_could_not_resolve_is_resolved_by_up(local: Registries, handed: Path) -> None:
    """There was no host yet."""
    declared(Registries(answer=lambda _: None), "local")
    assert set(json.loads(handed.read_text()).values()) == {None}
    applied = declared(Registries(), "local", dry_run=False)
    assert applied.images() == local.images()
    assert sorted(applied.asked) == sorted(local.asked)


class Refusing(Registries):
    """Every registry answers that it has no such image."""

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        if "getRegistryImage" not in request.tok:
            return super().Invoke(request)
        return ResourceInvokeResponse(failures=[CheckFailure(reason="got bad response from registry: 404 Not Found")])


def test_every_refusal_names_its_setting_and_nothing_is_pulled() -> None:
    registries = Refusing()
    with pytest.raises(pulumi.RunError) as caught:
        declared(registries, "local")
    parts = ["certbot", "postgres", "redis", "nginx", "app", "frontend", "electric"]
    paths = ["acme", "postgres", "redis", "nginx", "services/legal/app", "services/legal/frontend"]
    lines = str(caught.value).splitlines()
    assert [line.partition("/image")[0] for line in lines] == [*paths, "services/legal/electric"]
    for part, line in zip(parts, lines, strict=True):
        assert f": localhost:5050/sertantai/{part}:1: no such image or tag" in line
    apps = [f"services/{service}/app/image" for service in ("legal", "auth", "enforcement")]
    assert lines[4].startswith(f"{', '.join(apps)}: ")
    assert registries.images() == {}


def test_a_failed_preview_removes_the_digests_of_an_earlier_one(handed: Path) -> None:
    declared(Registries(), "local")
    assert handed.exists()
    with pytest.raises(pulumi.RunError):
        declared(Refusing(), "local")
    assert not handed.exists()
