"""The order of a release, as the engine sees it."""

import json
from typing import Any

import pytest

from tests.components.declared import CONTAINER, IMAGE, VOLUME, Program, plain, services
from tests.doubles.recording import Recorder


@pytest.fixture(params=["local", "prod"], scope="module")
def program(request: pytest.FixtureRequest) -> Program:
    return Program.running(request.param)


def test_no_change_of_a_service_begins_before_all_its_images_are_pulled(program: Program) -> None:
    images = {resource.urn for resource in program.below("legal") if resource.type == IMAGE}
    assert len(images) == 3
    assert images <= program.after(program.step("legal-migrate"))


def test_nothing_of_a_service_changes_before_its_preflight(program: Program) -> None:
    preflight = program.step("legal-preflight").urn
    assert preflight in program.after(program.step("legal-migrate"))
    for part in ("app", "frontend", "electric"):
        assert preflight in program.after(program.named(CONTAINER, f"legal-{part}")), part


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_up_waits_for_a_restore_that_still_runs_and_a_preview_does_not(
    monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    asked: list[str] = []

    def call(recorder: Recorder, token: str, args: dict[str, Any]) -> dict[str, Any]:
        verb = str(args.get("command", "")).partition(" ")[0]
        if verb not in ("fingerprints", "restore-wait"):
            return answer(recorder, token, args)
        asked.append(verb)
        found = {"network": "kept"} if "restore-wait" in asked else {"network": "torn", "restore": "runs"}
        return args | {"stdout": json.dumps(found), "stderr": ""}

    answer = Recorder.call
    monkeypatch.setattr(Recorder, "call", call)
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: dry_run)
    another = {f"auth_{'REDIS' if dry_run else 'DATABASE'}_PASSWORD": "x" * 20}  # each program is declared once
    program = Program.of("local", secrets=another)
    network = json.loads(plain(program.step("network-bridge").inputs["stdin"]))["fingerprint"]
    assert (asked, network) == (
        (["fingerprints"], "torn") if dry_run else (["fingerprints", "restore-wait", "fingerprints"], "kept")
    )


def test_preflight_runs_after_the_images_the_gateway_and_the_certificate(program: Program) -> None:
    after = program.after(program.step("legal-preflight"))
    assert {resource.urn for resource in program.below("legal") if resource.type == IMAGE} <= after
    assert program.step("nginx-ready").urn in after
    assert program.step("legal-certificate-placeholder").urn in after


def test_old_images_are_removed_after_the_old_containers(program: Program) -> None:
    assert program.step("legal-retire").urn in program.after(program.step("legal-images"))


def test_containers_start_after_the_migration(program: Program) -> None:
    migration = program.step("legal-migrate").urn
    for part in ("app", "frontend", "electric"):
        assert migration in program.after(program.named(CONTAINER, f"legal-{part}")), part


def test_the_migration_runs_after_the_database_is_created(program: Program) -> None:
    assert program.step("legal-database-sql").urn in program.after(program.step("legal-migrate"))
    assert program.step("postgres-ready").urn in program.after(program.step("legal-database-sql"))


def test_electrics_cut_over_follows_every_gate(program: Program) -> None:
    after = program.after(program.step("legal-cutover"))
    assert {program.step(f"legal-{part}-gate").urn for part in ("app", "frontend", "electric")} <= after


def test_the_site_switches_after_every_gate_the_cut_over_and_the_certificate(program: Program) -> None:
    after = program.after(program.step("legal-site-switch"))
    steps = ["legal-app-gate", "legal-frontend-gate", "legal-electric-gate", "legal-cutover"]
    assert {program.step(step).urn for step in [*steps, "legal-certificate-authority"]} <= after


def test_old_containers_are_retired_after_the_site_has_switched(program: Program) -> None:
    assert program.step("legal-site-switch").urn in program.after(program.step("legal-retire"))
    assert program.step("legal-retire").urn in program.after(program.step("legal-logins"))


def test_no_service_waits_for_the_gate_of_another(program: Program) -> None:
    others = {resource.urn for resource in program.below("auth")}
    for step in ("legal-site-switch", "legal-retire"):
        assert not program.after(program.step(step)) & others


def test_a_removed_service_loses_its_site_then_its_containers_then_slot_storage_and_logins(
    program: Program,
) -> None:
    """Resources are deleted in reverse: a dependent is deleted before its dependency."""
    cleanup = program.step("legal-cleanup")
    assert cleanup.urn in program.after(program.step("legal-site-switch"))
    assert cleanup.urn in program.after(program.named(CONTAINER, "legal-app"))
    after = program.after(cleanup)
    assert program.step("legal-electric-sql").urn in after
    assert program.step("legal-database-sql").urn in after
    assert program.named(VOLUME, "legal-electric-storage").urn in after
    assert program.step("network-bridge").urn in after


def test_a_removed_service_leaves_nothing_but_its_database(program: Program) -> None:
    assert program.step("legal-cleanup").inputs["delete"].startswith("take-out ")
    assert program.step("legal-site-switch").inputs["delete"].startswith("site-remove legal ")
    assert program.step("legal-electric-sql").inputs["delete"].startswith("electric-role-remove ")


def test_the_database_of_a_removed_service_is_kept(program: Program) -> None:
    assert program.step("legal-database-sql").inputs["delete"].startswith("database-leave legal sertantai_legal_")


def test_the_certificate_is_requested_after_the_gateway_can_answer_the_authority(program: Program) -> None:
    after = program.after(program.step("legal-certificate-authority"))
    assert program.step("nginx-ready").urn in after
    assert program.step("legal-certificate-placeholder").urn in after


@pytest.mark.parametrize("slow", ["app", "frontend"])
def test_a_release_and_the_gateway_wait_for_the_longest_drain_of_its_parts(slow: str) -> None:
    blocks = services("local")
    blocks["legal"][slow]["drain_s"] = 77
    program = Program.of("local", services=blocks)
    assert program.step("legal-retire").inputs["create"].endswith(" --drain 77 --grace 77")
    base = json.loads(program.step("nginx-base").inputs["stdin"])["text"]
    assert int(base.partition("worker_shutdown_timeout ")[2].partition("s;")[0]) > 77
