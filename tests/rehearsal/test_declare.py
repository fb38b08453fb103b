"""What `declare` returns for a program, and what the rehearsal does not support."""

import asyncio
import contextvars
import hashlib
from typing import Any

import pulumi
import pytest
from pulumi.runtime.rpc import UNKNOWN

from local.errors import Trouble
from rehearsal import Resource, Secret
from settings import Mistakes
from tests.doubles.recording import declare

from .sandbox import Sandbox, command

SIDE_BY_SIDE = {"delete_before_replace": False, "replace_on_changes": ["*"]}


class Silent(pulumi.runtime.Mocks):
    """Mocks as another test may have set them."""

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        return {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> Any:
        return "", {}


def declared(sandbox: Sandbox) -> dict[str, Resource]:
    sandbox.write()
    return {resource.name: resource for resource in declare(sandbox.stack)}


def test_a_declaration_has_inputs_dependencies_and_options(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "group": {"kind": "group"},
        "data": sandbox.labelled("volume", name="data", options={"protect": True}),
        "app": sandbox.container(
            volumes=[{"volume_name": "$data.name", "container_path": "/data"}],
            memory=32,
            options={"parent": "$group", "replace_on_changes": ["*"], "retain_on_delete": True},
        ),
    }
    found = declared(sandbox)
    assert (sorted(found), list(found)[-1]) == (["app", "data", "group"], "app")  # the others wait for nothing
    app = found["app"]
    assert app.type == "docker:index/container:Container"
    assert app.inputs["memory"] == 32
    assert isinstance(app.inputs["memory"], int)
    assert app.inputs["volumes"] == [{"volumeName": "data", "containerPath": "/data"}]
    assert app.dependencies == [found["data"].urn]
    assert app.parent == found["group"].urn
    assert app.options == {"delete_before_replace": False, "replace_on_changes": ["*"], "retain_on_delete": True}
    assert found["data"].options == {"protect": True, "delete_before_replace": False}
    assert (found["group"].custom, app.custom) == (False, True)


def test_secrets_are_marked_and_not_shown(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "login": {"kind": "password", "inputs": {"length": 9}},
        "app": sandbox.container(envs=["$login.result", "A=b"]),
        "step": command(stdin="secret:hidden", environment={"A": "secret:hidden"}),
    }
    found = declared(sandbox)
    assert isinstance(found["login"].outputs["result"], Secret)
    assert isinstance(found["app"].inputs["envs"], Secret)
    assert found["step"].inputs["stdin"] == Secret("hidden")
    assert found["step"].inputs["environment"] == Secret({"A": "hidden"})
    assert "hidden" not in repr(found)


def test_unknown_values_reach_the_values_computed_from_them(sandbox: Sandbox) -> None:
    sandbox.resources = {
        "app": sandbox.container(),
        "gate": command("true", environment={"ID": "$app.id", "NAME": "$app.name"}),
    }
    found = declared(sandbox)
    assert found["gate"].inputs["environment"] == {"ID": found["app"].id, "NAME": "app"}
    assert found["app"].id.isdigit()


def test_the_output_of_a_command_is_unknown_in_a_preview(sandbox: Sandbox) -> None:
    sandbox.resources = {"step": command("echo a"), "after": command(stdin="$step.stdout")}
    assert declared(sandbox)["after"].inputs["stdin"] == UNKNOWN


def test_a_digest_is_known_in_a_preview(sandbox: Sandbox) -> None:
    sandbox.config = {"digests": {"found": "example.org/app:1"}}
    sandbox.resources = {"step": command(environment={"DIGEST": "$found.digest"})}
    digest = declared(sandbox)["step"].inputs["environment"]["DIGEST"]
    assert digest == "sha256:" + hashlib.sha256(b"example.org/app:1").hexdigest()


def test_a_declaration_does_not_change_the_sdks_settings(sandbox: Sandbox) -> None:
    def around() -> None:
        pulumi.runtime.set_mocks(Silent(), project="other", stack="around")
        pulumi.runtime.set_config("other:key", "value")
        sandbox.resources = {"a": command()}
        assert list(declared(sandbox)) == ["a"]
        assert (pulumi.get_stack(), pulumi.Config("other").get("key")) == ("around", "value")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    contextvars.copy_context().run(around)
    loop.run_until_complete(asyncio.sleep(0.01))  # the mocks have begun to register a stack
    loop.close()
    asyncio.set_event_loop(None)


def test_two_declarations_in_one_process_do_not_share_resources(sandbox: Sandbox) -> None:
    sandbox.resources = {"a": command()}
    assert list(declared(sandbox)) == ["a"]
    sandbox.resources = {"b": command()}
    assert list(declared(sandbox)) == ["b"]


@pytest.mark.parametrize(
    ("block", "unknown"),
    [
        ({"kind": "pet"}, "random:RandomPet new: the rehearsal does not support it"),
        (command(asset_paths=["x"]), "the input assetPaths"),
        (
            {"kind": "container", "inputs": {"image": "a", "privileged": True}, "options": SIDE_BY_SIDE},
            "the input privileged",
        ),
        ({"kind": "container", "inputs": {"image": "a", "mounts": []}, "options": SIDE_BY_SIDE}, "the input mounts"),
        (
            {"kind": "volume", "inputs": {"driver_opts": {"a": "b"}}, "options": {"delete_before_replace": False}},
            "the input driverOpts",
        ),
        (command(options={"import_": "x"}), "the option import_id"),
        (command(options={"ignore_changes": ["environment"]}), "the option ignore_changes"),
        (command(options={"deleted_with": "$other"}), "the option deleted_with"),
        (command(options={"replace_with": ["$other"]}), "the option replace_with"),
        (command(options={"aliases": ["urn:pulumi:a::b::c::d"]}), "the option aliases"),
        (command(options={"custom_timeouts": {"create": "1m"}}), "the option custom_timeouts"),
    ],
)
def test_an_unsupported_input_is_named(sandbox: Sandbox, block: dict[str, Any], unknown: str) -> None:
    sandbox.resources = {"other": command(), "new": block}
    with pytest.raises(Trouble, match=r" new: the rehearsal does not support") as caught:
        declared(sandbox)
    assert str(caught.value).endswith(unknown)


def test_a_name_cannot_be_declared_twice(sandbox: Sandbox) -> None:
    sandbox.write()
    program = sandbox.folder / "__main__.py"
    program.write_text("from pulumi_command import local\nlocal.Command('a')\nlocal.Command('a')\n")
    with pytest.raises(Trouble, match="command:Command a: is declared twice"):
        declare(sandbox.stack)


def test_an_encrypted_value_of_a_local_stack_is_refused(sandbox: Sandbox) -> None:
    sandbox.config = {"token": {"secure": "v1:abc"}, "other": {"secure": "v1:abc"}}
    with pytest.raises(Trouble) as caught:
        declared(sandbox)
    assert str(caught.value) == "sertantai:token, sertantai:other: encrypted, and the rehearsal has no key"


def test_configuration_arrives_as_it_does_from_the_cli(sandbox: Sandbox) -> None:
    sandbox.config = {"host": {"kind": "ssh"}, "flag": True, "number": 3, "text": "t", "token": {"secure": "v1:abc"}}
    sandbox.write()
    (sandbox.folder / "__main__.py").write_text(
        "import pulumi\n"
        "from pulumi_command import local\n"
        "config = pulumi.Config()\n"
        "said = [config.get(key) for key in ('flag', 'number', 'text', 'host')]\n"
        "local.Command('a', environment={'SAID': ' '.join(said)}, stdin=config.require_secret('token'))\n"
    )
    [found] = declare(sandbox.stack)
    assert found.inputs == {"environment": {"SAID": 'true 3 t {"kind": "ssh"}'}, "stdin": Secret("v1:abc")}


def test_a_missing_stack_file_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(Mistakes, match=r"Pulumi\.nowhere\.yaml"):
        declare("nowhere")


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (
            {"kind": "container", "inputs": {"image": "a"}, "options": {"delete_before_replace": False}},
            "alone must have",
        ),
        (command(options={"replace_on_changes": ["*"]}), "alone must have"),
        ({"kind": "volume"}, "docker:Volume new: does not state delete_before_replace"),
    ],
)
def test_an_option_that_the_engine_treats_differently_must_be_explicit(
    sandbox: Sandbox, block: dict[str, Any], words: str
) -> None:
    sandbox.resources = {"new": block}
    with pytest.raises(Trouble, match=words):
        declared(sandbox)
