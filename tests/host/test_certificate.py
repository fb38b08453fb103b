"""Certificates: a placeholder first, then the authority's, renewed by itself."""

import shlex

import pytest

from components.platform.certbot import RENEW
from host import files
from host.base import SCRIPTS
from tests.throwaway.box import Boxes, Said, docker
from tests.throwaway.calling import call
from tests.throwaway.sites import placeholder
from tests.waiting import eventually

pytestmark = pytest.mark.docker
AUTHORITY = "https://ca.test/dir"
ACCOUNT = "/etc/letsencrypt/accounts/ca.test/dir"
# Stands in for certbot. It issues one certificate for a name, and another once /tmp/due says that it is time.
CERTBOT = f"""#!/bin/sh
echo "$@" >> /tmp/asked
for word; do case "$before" in --cert-name) name=$word ;; esac; before=$word; done
if [ -e /tmp/forgotten ] && [ -d {ACCOUNT} ]; then echo 'urn:ietf:params:acme:error:accountDoesNotExist'; exit 1; fi
if [ -e "/tmp/refused-$name" ]; then echo 'DNS problem: NXDOMAIN looking up A'; exit 1; fi
live=/etc/letsencrypt/live/$name
if [ -e "$live/fullchain.pem" ] && [ ! -e /tmp/due ]; then exit 0; fi
mkdir -p "$live" {ACCOUNT}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=issued \\
  -keyout "$live/privkey.pem" -out "$live/fullchain.pem" 2>/dev/null
chmod 644 "$live/privkey.pem"
"""


def start(boxes: Boxes, name: str, script: str, authority: str = AUTHORITY) -> str:
    """A container like certbot's, with its scripts on the volume."""
    programs = {"/usr/local/bin/certbot": CERTBOT}
    programs |= {f"/srv/nginx/scripts/{each}.sh": files.shell(f"volume/{each}") for each in SCRIPTS}
    written = "\n".join(f"cat > {path} <<'END'\n{text}\nEND" for path, text in programs.items())
    prepare = f"mkdir -p /srv/nginx/scripts /srv/nginx/domains /srv/webroot\n{written}\nchmod +x /usr/local/bin/certbot"
    environment = {"ACME_EMAIL": "operator@sertantai.com", "ACME_DIRECTORY": authority, "WEBROOT": "/srv/webroot"}
    options = [word for key, value in environment.items() for word in ("-e", f"{key}={value}")]
    container = boxes.start(name, f"{prepare}\ntouch /tmp/prepared\n{script}", options=[*options, "--network", "none"])
    eventually(lambda: docker("exec", container, "test", "-e", "/tmp/prepared").ok)
    return container


@pytest.fixture
def certbot(boxes: Boxes) -> str:
    return start(boxes, "certbot", "sleep 300")


def inside(container: str, script: str) -> Said:
    return docker("exec", container, "sh", "-c", script)


def certificate(container: str, domain: str = "a.test", address: str | None = None) -> Said:
    return call("certificate", domain, certbot=container, address=address, inputs={"authority": AUTHORITY})


def subject(container: str, domain: str = "a.test") -> str:
    ask = f"openssl x509 -in /srv/nginx/certs/{domain}/fullchain.pem -noout -subject -serial | tr '\\n' ' '"
    return inside(container, ask).out


def test_a_placeholder_never_replaces_a_certificate(certbot: str) -> None:
    assert placeholder(certbot, "a.test").ok
    first = subject(certbot)
    assert "CN = placeholder" in first or "CN=placeholder" in first
    assert placeholder(certbot, "a.test").ok
    assert subject(certbot) == first


def test_only_root_can_read_a_private_key(certbot: str) -> None:
    assert placeholder(certbot, "a.test").ok
    mode = "stat -c %a /srv/nginx/certs/a.test/privkey.pem"
    assert inside(certbot, mode).out == "600"
    assert certificate(certbot).ok
    assert inside(certbot, mode).out == "600"


def test_the_authoritys_certificate_replaces_the_placeholder(certbot: str) -> None:
    assert placeholder(certbot, "a.test").ok
    said = certificate(certbot)
    assert said.ok, said.out
    assert "issued" in subject(certbot)
    assert said.out.startswith("issuer=")
    assert "notBefore=" in said.out
    key, certified = "openssl pkey -in privkey.pem -pubout", "openssl x509 -in fullchain.pem -noout -pubkey"
    assert inside(certbot, f'cd /srv/nginx/certs/a.test; test "$({key})" = "$({certified})"').ok


def test_a_second_run_prints_the_same_and_changes_nothing(certbot: str) -> None:
    first, before = certificate(certbot), subject(certbot)
    assert (certificate(certbot).out, subject(certbot)) == (first.out, before)


def test_a_refusal_of_the_authority_is_reported_in_its_words(certbot: str) -> None:
    assert placeholder(certbot, "a.test").ok
    inside(certbot, "touch /tmp/refused-a.test")
    said = certificate(certbot)
    assert said.code == 1
    assert said.out.splitlines() == [
        "a.test: https://ca.test/dir gave no certificate; it checks http://a.test/.well-known/acme-challenge/",
        "    DNS problem: NXDOMAIN looking up A",
        "a.test: the other services continue; fix this (does the name point to this server?) and run up again",
    ]
    assert "placeholder" in subject(certbot)
    assert certificate(certbot, "b.test").ok


def test_an_authority_without_our_account_gets_a_new_one(certbot: str) -> None:
    assert certificate(certbot, "b.test").ok
    inside(certbot, f"touch /tmp/forgotten {ACCOUNT}/key; mkdir -p /etc/letsencrypt/accounts/other.test/dir")
    assert certificate(certbot).ok
    assert "issued" in subject(certbot)
    assert inside(certbot, f"test ! -e {ACCOUNT}/key && test -e /etc/letsencrypt/accounts/other.test/dir").ok


def renew(certbot: str) -> Said:
    """One check of certbot's container, half a day after the last one."""
    return inside(certbot, "rm -f /tmp/last; sh /srv/nginx/scripts/renew.sh /srv/nginx")


def test_renewal_is_for_the_domains_of_sites_and_continues_after_a_failure(certbot: str) -> None:
    every = ("a.test", "b.test", "unused.test")
    for domain in every:
        assert certificate(certbot, domain).ok
    inside(certbot, "echo a.test > /srv/nginx/domains/a; echo b.test > /srv/nginx/domains/b")
    before = {domain: subject(certbot, domain) for domain in every}
    inside(certbot, "touch /tmp/due /tmp/refused-a.test")
    said = renew(certbot)
    assert said.error == "a.test: was not renewed\nDNS problem: NXDOMAIN looking up A\n"
    assert subject(certbot, "b.test") != before["b.test"]
    assert subject(certbot, "a.test") == before["a.test"]
    assert subject(certbot, "unused.test") == before["unused.test"]
    assert not inside(certbot, "test -e /tmp/renewed").ok
    inside(certbot, "rm /tmp/refused-a.test")
    assert renew(certbot).error == ""
    assert subject(certbot, "a.test") != before["a.test"]
    assert inside(certbot, "test -e /tmp/renewed").ok


def test_certificates_are_renewed_twice_a_day_and_a_lost_copy_is_restored_at_each_check(certbot: str) -> None:
    look = "sh /srv/nginx/scripts/renew.sh /srv/nginx"
    inside(certbot, "echo a.test > /srv/nginx/domains/a")
    assert certificate(certbot).ok
    before = subject(certbot)
    inside(certbot, f"{look}; rm -r /srv/nginx/certs /tmp/asked; {look}")
    assert subject(certbot) == before
    assert not inside(certbot, "test -e /tmp/asked").ok
    inside(certbot, f"echo $(($(date +%s) - 43200)) > /tmp/last; {look}")
    assert inside(certbot, "test -e /tmp/asked").ok
    inside(certbot, f"rm /tmp/asked; echo $(($(date +%s) + 60)) > /tmp/last; {look}")
    assert inside(certbot, "test -e /tmp/asked").ok, "a clock that was set back"


def test_renewal_ends_as_soon_as_it_receives_the_signal(boxes: Boxes) -> None:
    container = start(boxes, "renewal", f"exec sh -c {shlex.quote(RENEW)}")
    eventually(lambda: inside(container, "test -e /tmp/renewed").ok)
    assert docker("stop", "-t", "60", container).took_s < 50
    assert docker("inspect", "-f", "{{.State.ExitCode}}", container).out == "0"


@pytest.mark.parametrize("certified", [False, True])
def test_a_name_that_points_elsewhere_is_accepted_only_with_a_certificate(certbot: str, certified: bool) -> None:
    if certified:
        assert certificate(certbot).ok
    inside(certbot, "rm -f /tmp/asked")
    said = certificate(certbot, address="192.0.2.2")
    assert said.ok == certified
    assert ("a.test: points to nothing and this server is 192.0.2.2" in said.out) == (not certified)
    assert docker("exec", certbot, "test", "-e", "/tmp/asked").ok == certified


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("https://acme-v02.api.letsencrypt.org/directory", "acme-v02.api.letsencrypt.org/directory"),
        ("https://localhost:14000/dir", "localhost:14000/dir"),
        ("https://ca.test/", "ca.test"),
        ("https://ca.test", "ca.test"),
        ("https://ca.test/dir?eab=1", "ca.test/dir"),
    ],
)
def test_only_the_account_of_the_same_authority_is_removed(boxes: Boxes, url: str, folder: str) -> None:
    container = start(boxes, "authority", "sleep 300", url)
    accounts = "/etc/letsencrypt/accounts"
    for each in (ACCOUNT, f"{accounts}/{folder}", f"{accounts}/other.test/dir"):
        inside(container, f"mkdir -p {each}; touch {each}/key /tmp/forgotten")
    inside(container, "sh /srv/nginx/scripts/ask.sh /srv/nginx a.test")
    assert not inside(container, f"test -e {accounts}/{folder}/key").ok
    assert inside(container, f"test -e {accounts}/other.test/dir/key").ok
    assert f"--server {url}\n" in inside(container, "cat /tmp/asked").out + "\n"


def test_an_authority_of_our_own_is_trusted_by_its_bundle(boxes: Boxes) -> None:
    container = start(boxes, "bundle", "sleep 300")
    ask = "CA_BUNDLE='its certificate' REQUESTS_CA_BUNDLE=/tmp/ca.pem sh /srv/nginx/scripts/ask.sh /srv/nginx a.test"
    assert inside(container, ask).ok
    assert inside(container, "cat /tmp/ca.pem").out == "its certificate"


def test_a_missing_certbot_is_reported() -> None:
    for said in (placeholder("trial-nobody", "a.test"), certificate("trial-nobody")):
        assert said.code == 1
        assert said.out.startswith("a.test: trial-nobody cannot do its work: ")
        assert said.out.endswith("; run up again\n")
