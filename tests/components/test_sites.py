"""Certificates of a site's names, and sites for containers that the platform did not make."""

import copy
import json
from typing import Any

import pytest
import yaml

from components.platform import foreign_site
from host import connection
from tests.components.declared import COMMAND, ROOT, Program, plain
from tests.doubles.recording import Recorder

NAMES: dict[str, Any] = {"aliases": ["laws.localhost"], "redirects": ["www.legal.localhost"]}
SITES: dict[str, Any] = {"baserow": {"domain": "baserow.localhost", "container": "baserow", "body_mb": 100}}
USERS = "operator:$apr1$abcdefgh$0123456789012345678901"


def services(stack: str = "local", **changes: Any) -> dict[str, Any]:
    """Returns the stack's services, with changed settings of legal."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    blocks: dict[str, Any] = copy.deepcopy(config["sertantai:services"])
    blocks["legal"] |= changes
    return blocks


@pytest.fixture(scope="module")
def named() -> Program:
    """The local stack, where legal has other names."""
    return Program.of("local", services=services(**NAMES))


@pytest.fixture(scope="module")
def foreign() -> Program:
    """The local stack with a foreign site that asks for a password."""
    sites = {"baserow": SITES["baserow"] | {"auth": "basic", "aliases": ["tables.localhost"]}}
    return Program.of("local", sites=sites, secrets={"baserow_BASIC_AUTH": USERS})


def inputs(program: Program, step: str) -> dict[str, Any]:
    """Returns the JSON that a step sends to its verb."""
    sent: dict[str, Any] = json.loads(plain(program.step(step).inputs["stdin"]))
    return sent


def steps(program: Program) -> dict[str, Any]:
    """Returns the inputs of all steps."""
    return {step.urn: step.inputs for step in program.all(COMMAND)}


def test_each_name_of_a_site_has_its_own_certificate(named: Program) -> None:
    for host in ("laws.localhost", "www.legal.localhost"):
        assert named.step(f"legal-certificate-{host}-authority").inputs["create"].startswith(f"certificate {host} ")
    assert inputs(named, "legal-site-switch")["domains"] == ["legal.localhost", "laws.localhost", "www.legal.localhost"]


def test_the_certificate_of_the_domain_is_the_same_step_as_without_other_names(named: Program) -> None:
    alone = Program.of("local")
    for step in ("legal-certificate-placeholder", "legal-certificate-authority"):
        assert named.step(step).inputs == alone.step(step).inputs
        assert named.step(step).urn == alone.step(step).urn


def test_a_refused_certificate_of_another_name_stops_no_release(named: Program) -> None:
    after = named.after(named.step("legal-site-switch"))
    assert named.step("legal-certificate-authority").urn in after
    for host in ("laws.localhost", "www.legal.localhost"):
        assert named.step(f"legal-certificate-{host}-authority").urn not in after
        placeholder = named.step(f"legal-certificate-{host}-placeholder").urn
        assert placeholder in after
        assert placeholder in named.after(named.step("legal-preflight"))


def test_each_name_in_the_zone_has_its_record() -> None:
    names: dict[str, Any] = {"aliases": ["laws.example.org", "laws.example.com"], "redirects": ["example.org"]}
    program = Program.of("prod", services=services("prod", **names), dns={"zone": "example.org"})
    records = [each for each in program if each.type == "hcloud:index/zoneRrset:ZoneRrset"]
    assert {each.inputs["name"] for each in records if each.name.startswith("legal")} == {"laws", "@"}


def test_settings_with_defaults_are_no_new_release() -> None:
    empty = services(aliases=[], redirects=[], headers={}, closed=[])
    before, after = Program.of("local"), Program.of("local", services=empty)
    assert steps(after) == steps(before)
    mapped = services()
    mapped["legal"]["app"]["routes"] = {"/api/": {}, "/health": {}}
    text = inputs(Program.of("local", services=mapped), "legal-site-switch")["text"]
    assert text == inputs(before, "legal-site-switch")["text"]


def test_a_foreign_site_changes_no_step_of_a_service(foreign: Program) -> None:
    before, after = steps(Program.of("local")), steps(foreign)
    assert {urn: after.get(urn) for urn in before} == before
    assert {urn.rpartition("::")[2] for urn in after.keys() - before.keys()} == {
        "baserow-certificate-placeholder", "baserow-certificate-authority", "baserow-connect", "baserow-site-switch",
        "baserow-certificate-tables.localhost-placeholder", "baserow-certificate-tables.localhost-authority",
    }  # fmt: skip


def test_a_foreign_site_is_served_after_its_certificate_and_connection(foreign: Program) -> None:
    after = foreign.after(foreign.step("baserow-site-switch"))
    assert {foreign.step(f"baserow-{step}").urn for step in ("certificate-authority", "connect")} <= after
    assert foreign.step("nginx-base").urn in foreign.after(foreign.step("baserow-connect"))


def test_each_new_nginx_is_connected_and_gets_the_site(foreign: Program) -> None:
    nginx = foreign.named("docker:index/container:Container", "nginx-server").id
    for step in ("baserow-connect", "baserow-site-switch"):
        assert foreign.step(step).inputs["environment"]["NGINX"] == nginx


def test_a_removed_foreign_site_loses_its_file_then_its_connection(foreign: Program) -> None:
    assert foreign.step("baserow-site-switch").inputs["delete"].startswith("site-remove baserow ")
    assert foreign.step("baserow-connect").inputs["delete"].startswith("disconnect baserow ")
    assert foreign.step("baserow-connect").urn in foreign.after(foreign.step("baserow-site-switch"))


def test_another_container_replaces_the_connection_so_that_the_old_network_is_left_afterwards() -> None:
    steps = [Program.of("local", sites={"baserow": SITES["baserow"] | {"container": name}}).step("baserow-connect")
             for name in ("baserow", "tables")]  # fmt: skip
    assert [step.inputs["triggers"] for step in steps] == [["baserow"], ["tables"]]
    assert [step.options["delete_before_replace"] for step in steps] == [False, False]
    assert steps[0].inputs["delete"] == steps[1].inputs["delete"]


def test_the_users_of_a_site_are_a_secret_and_not_in_its_text(foreign: Program) -> None:
    stdin = foreign.step("baserow-site-switch").inputs["stdin"]
    assert stdin != plain(stdin), "it is not secret"
    sent = json.loads(plain(stdin))
    assert sent["users"] == USERS
    assert "apr1" not in sent["text"]


def test_a_site_without_users_removes_those_of_before() -> None:
    assert inputs(Program.of("local", sites=SITES), "baserow-site-switch")["users"] == ""


def test_each_run_reads_the_connection_and_warns_if_the_container_does_not_exist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []
    warnings: list[str] = []

    def call(recorder: Recorder, token: str, args: dict[str, Any]) -> dict[str, Any]:
        if not str(args.get("command", "")).startswith("fingerprints "):
            return answer(recorder, token, args)
        asked.append(json.loads(args["stdin"]))
        return args | {"stdout": json.dumps({"connection/late": connection.NO_CONTAINER}), "stderr": ""}

    answer = Recorder.call
    monkeypatch.setattr(Recorder, "call", call)
    monkeypatch.setattr("pulumi.log.warn", warnings.append)
    sites = {"tables": {"domain": "tables.localhost", "container": "late"}}
    program = Program.of("local", sites=sites)
    assert asked == [{"containers": ["late"]}]
    assert [line.partition(": ")[0] for line in warnings] == ["sites/tables/container"]
    assert inputs(program, "tables-connect") == {"fingerprint": connection.NO_CONTAINER}


@pytest.mark.parametrize("state", [connection.NO_CONTAINER, connection.NO_NETWORK])
def test_a_site_that_cannot_be_connected_is_a_warning(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", warnings.append)
    foreign_site.warn("tables", "baserow", "infra_network", state)
    [line] = warnings
    assert line.startswith("sites/tables/container: ")
    assert "baserow" in line
    assert "answers 502" in line


@pytest.mark.parametrize("state", ["none", "gone-1a2b", connection.SHARED, connection.UNMARKED])
def test_a_site_that_is_or_will_be_connected_is_no_warning(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulumi.log.warn", lambda text: pytest.fail(text))
    foreign_site.warn("tables", "baserow", "infra_network", state)
