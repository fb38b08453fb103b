"""What the shell texts say and quote."""

import shlex

from render import shell


def test_a_script_inside_a_container_is_one_word() -> None:
    script = "echo 'it''s' \"$HOME\"\n"
    assert shlex.split(shell.inside("nginx", script)) == ["docker", "exec", "-i", "nginx", "bash", "-c", script]
    assert shlex.split(shell.inside("c", script, "sh", stdin=False)) == ["docker", "exec", "c", "sh", "-c", script]


def test_psql_stops_at_the_first_error_and_reads_no_file_of_its_users() -> None:
    words = shlex.split(shell.psql("postgres", "legal_prod"))
    assert words[-2:] == ["-d", "legal_prod"]
    assert {"-X", "ON_ERROR_STOP=1"} <= set(words)


def test_containers_are_found_by_all_of_their_labels() -> None:
    assert shell.filters({"a": "1", "b": "2"}) == ["--filter", "label=a=1", "--filter", "label=b=2"]
