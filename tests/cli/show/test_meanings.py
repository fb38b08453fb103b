"""What an operator sees of an error message."""

import pytest

from cli.show.meanings import explain


@pytest.mark.parametrize(
    ("message", "seen"),
    [
        ('exit status 1: running "set -e\\necho \'a\': \\"b\\"":\nauth/app: died\n\n', "auth/app: died"),
        ('exit status 1: running "false":\n\n', "exit status 1"),
        ("legal/app: died; its last lines:\n  boom\n", "legal/app: died; its last lines:\n  boom"),
        ('the app said: running "a": and more', 'the app said: running "a": and more'),
    ],
)
def test_a_failed_step_is_named_without_its_text(message: str, seen: str) -> None:
    assert explain(message) == seen


def test_a_version_of_pgbackrest_that_does_not_exist_is_named_by_its_setting() -> None:
    message = (
        "  sdk-v2/provider2.go:571: sdk.helper_schema: Error running buildx build: failed to solve: executor failed "
        "running [/bin/sh -c apt-get update && apt-get install --yes --no-install-recommends "
        "pgbackrest=${PGBACKREST} python3 restic openssh-client]: exit code: 100: provider=docker@5.1.0"
    )
    assert explain(message).startswith("backup/package: the image cannot be built")


def test_the_error_comes_before_the_steps_earlier_output() -> None:
    output = "12:00 == Running 2024\n12:01 ** (Postgrex.Error)\nauth/migrate: failed with exit code 1\napplied: none\n"
    assert explain(f'exit status 1: running "migrate prod auth":\n{output}').splitlines() == [
        "auth/migrate: failed with exit code 1",
        "applied: none",
        "output before:",
        "  12:00 == Running 2024",
        "  12:01 ** (Postgrex.Error)",
    ]


def test_a_long_output_is_cut_to_its_end() -> None:
    output = "\n".join(f"line {number}" for number in range(1000))
    lines = explain(f'exit status 1: running "migrate":\n{output}').splitlines()
    assert lines[-1] == "line 999"
    assert len(lines) == 40


@pytest.mark.parametrize("message", ["update failed\n", "an unhandled error occurred: program exited with non-zero"])
def test_the_end_of_the_run_is_not_an_error(message: str) -> None:
    assert explain(message) == ""


def test_an_interrupted_pull_names_the_image_and_what_to_look_at() -> None:
    image = "localhost:5150/sertantai/app@sha256:1fa2"
    words = "Unable to read Docker image into resource: unable to find or pull image"
    message = f"  sdk-v2/provider2.go:572: sdk.helper_schema: {words} {image}: provider=docker@5.1.0\n"
    assert explain(message) == (
        f"{image} could not be pulled: most often the host's disk is full; `docker pull {image}` there shows why"
    )


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("server name is already used (uniqueness_error)", "host/name: a resource of that name exists"),
        ("server limit exceeded (resource_limit_exceeded, abc)", "host: the limit of this project at Hetzner is"),
        ("unable to authenticate (unauthorized)", "hcloud:token: Hetzner does not know it"),
        ("unsupported location for server type (invalid_input)", "host/server_type: this location has no such type"),
        ("Service unavailable (unavailable)", "host: Hetzner's API has a problem"),
        ("server type cx99 not found: provider=hcloud@1.39.1", "host/server_type: Hetzner has no cx99: see"),
    ],
)
def test_hetzners_errors_begin_with_the_setting(words: str, start: str) -> None:
    assert explain(f"1 error occurred:\n\t* {words}\n\n").startswith(start)


def test_a_broken_connection_is_reported() -> None:
    said = explain('exit status 255: running "set -e":\nclient_loop: send disconnect: Broken pipe\n')
    assert "the SSH connection broke during the step" in said
    assert "255" not in said


def test_a_lock_says_who_has_it_since_when_and_what_to_do_and_not_to_delete_it() -> None:
    told = (
        "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock "
        "file with `pulumi cancel`.\n  file:///state/locks/1a2b.json: created by op@laptop (pid 14576) at "
        "2026-11-23T01:06:01Z"
    )
    assert explain(told) == (
        "the stack is locked by op@laptop, pid 14576, since 2026-11-23 01:06:01 UTC: wait for its end, or, if that run "
        "is gone, `./sertantai unlock` with this stack"
    )
    assert "pulumi cancel" not in explain("[409] Conflict: Another update is currently in progress. `pulumi cancel`")
