"""What the operator sees of the Pulumi CLI's words."""

import pytest

from cli.output import shown

RED, PLAIN = "\x1b[31m", "\x1b[0m"


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        (r"""error: exit status 1: running "set -e\necho 'a': \"b\"":""", "error: exit status 1"),
        (f'{RED}error: {PLAIN}exit status 1: running "false":{PLAIN}', f"{RED}error: {PLAIN}exit status 1{PLAIN}"),
        (' + Command a **creating failed** error: running "true":', " + Command a **creating failed** error"),
        ("legal/app: died; its last lines:", "legal/app: died; its last lines:"),
        ('the app said: running "a": and more', 'the app said: running "a": and more'),
    ],
)
def test_a_failed_step_is_named_without_its_text(line: str, seen: str) -> None:
    assert shown(f"  {line}\n") == f"  {seen}\n"


def test_that_a_plugin_is_not_the_installers_is_not_said_at_each_run() -> None:
    assert shown("    warning: using pulumi-resource-tls from $PATH at /usr/local/bin/pulumi-resource-tls\n") is None
    assert shown("    warning: the stack is old\n") is not None


def test_a_pull_that_was_cut_says_which_image_and_what_to_look_at() -> None:
    image = "localhost:5150/sertantai/app@sha256:1fa2"
    words = "Unable to read Docker image into resource: unable to find or pull image"
    line = f"    error:   sdk-v2/provider2.go:572: sdk.helper_schema: {words} {image}: provider=docker@5.1.0\n"
    assert shown(line) == (
        f"    error: {image} could not be pulled whole: most often the host's disk is full; "
        f"`docker pull {image}` there says why\n"
    )


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("server name is already used (uniqueness_error)", "host/name: something of that name is there"),
        ("server limit exceeded (resource_limit_exceeded, abc)", "host: the limit of this project at Hetzner is"),
        ("unable to authenticate (unauthorized)", "hcloud:token: Hetzner does not know it"),
        ("unsupported location for server type (invalid_input)", "host/server_type: this location has no such type"),
        ("Service unavailable (unavailable)", "host: Hetzner's API is in trouble"),
    ],
)
def test_what_hetzner_says_is_told_with_the_setting(words: str, meaning: str) -> None:
    said = shown(f"    error: 1 error occurred: {words}\n")
    assert said
    assert f"1 error occurred: {meaning}" in said


@pytest.mark.parametrize("colour", ["", RED])
def test_a_connection_that_broke_off_is_told_on_a_terminal_too(colour: str) -> None:
    end = PLAIN if colour else ""
    said = shown(f'    {colour}error: {end}exit status 255: running "set -e":{end}\n')
    assert said
    assert "the SSH connection broke off in the middle of the step" in said
    assert "255" not in said
