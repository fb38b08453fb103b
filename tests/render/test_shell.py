"""What the shell texts say and quote."""

import shlex

import pytest

from render import shell
from settings import Acme


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


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("https://acme-v02.api.letsencrypt.org/directory", "acme-v02.api.letsencrypt.org/directory"),
        ("https://localhost:14000/dir", "localhost:14000/dir"),
        ("https://ca.test/", "ca.test"),
        ("https://ca.test", "ca.test"),
    ],
)
def test_an_account_that_is_forgotten_is_the_one_of_its_authority(url: str, folder: str) -> None:
    acme = Acme(email="operator@sertantai.com", image="certbot", directory_url=url)
    text = shell.certificate("legal.sertantai.com", acme)
    assert f"rm -rf /etc/letsencrypt/accounts/{folder}\n" in text
    assert f"--server {url} " in text


@pytest.mark.parametrize("bundle", [None, "ca.pem"])
def test_renewal_trusts_an_authority_of_our_own_where_there_is_one(bundle: str | None) -> None:
    text = shell.renew(Acme(email="operator@sertantai.com", image="certbot", ca_bundle=bundle))
    assert ("$CA_BUNDLE" in text) == (bundle is not None)
