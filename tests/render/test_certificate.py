"""Certificates: a placeholder first, then the authority's, renewed by itself."""

import shlex

import pytest

from render import shell
from settings import Acme
from tests.waiting import eventually

from .box import Boxes, Said, docker, on_host

pytestmark = pytest.mark.docker
ACME = Acme(email="operator@sertantai.com", image="certbot", directory_url="https://ca.test/dir")
ACCOUNT = "/etc/letsencrypt/accounts/ca.test/dir"
# In certbot's place. It issues one certificate for a name, and another where /tmp/due says that it is time.
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


def start(boxes: Boxes, name: str, script: str) -> str:
    install = f"cat > /usr/local/bin/certbot <<'END'\n{CERTBOT}END\nchmod +x /usr/local/bin/certbot"
    container = boxes.start(name, f"{install}; mkdir -p /srv/nginx/sites /srv/webroot; touch /tmp/prepared; {script}")
    eventually(lambda: docker("exec", container, "test", "-e", "/tmp/prepared").ok)
    return container


@pytest.fixture
def certbot(boxes: Boxes) -> str:
    return start(boxes, "certbot", "sleep 300")


def inside(container: str, script: str) -> Said:
    return on_host(shell.inside(container, script, "sh", stdin=False))


def placeholder(container: str, domain: str = "a.test") -> Said:
    return inside(container, shell.placeholder(domain))


def certificate(container: str, domain: str = "a.test", address: str = "") -> Said:
    return inside(container, shell.certificate(domain, ACME, address))


def subject(container: str, domain: str = "a.test") -> str:
    ask = f"openssl x509 -in /srv/nginx/certs/{domain}/fullchain.pem -noout -subject -serial | tr '\\n' ' '"
    return inside(container, ask).out


def test_a_placeholder_is_never_made_over_a_certificate(certbot: str) -> None:
    assert placeholder(certbot).ok
    first = subject(certbot)
    assert "CN = placeholder" in first or "CN=placeholder" in first
    assert placeholder(certbot).ok
    assert subject(certbot) == first


def test_a_private_key_is_for_root_alone(certbot: str) -> None:
    assert placeholder(certbot).ok
    mode = "stat -c %a /srv/nginx/certs/a.test/privkey.pem"
    assert inside(certbot, mode).out == "600\n"
    assert certificate(certbot).ok
    assert inside(certbot, mode).out == "600\n"


def test_the_authoritys_certificate_takes_the_placeholders_place(certbot: str) -> None:
    assert placeholder(certbot).ok
    said = certificate(certbot)
    assert said.ok, said.error
    assert "issued" in subject(certbot)
    assert said.out.startswith("issuer=")
    assert "notBefore=" in said.out
    key, certified = "openssl pkey -in privkey.pem -pubout", "openssl x509 -in fullchain.pem -noout -pubkey"
    assert inside(certbot, f'cd /srv/nginx/certs/a.test; test "$({key})" = "$({certified})"').ok


def test_a_second_run_says_the_same_and_changes_nothing(certbot: str) -> None:
    first, before = certificate(certbot), subject(certbot)
    assert (certificate(certbot).out, subject(certbot)) == (first.out, before)


def test_an_authority_that_refuses_is_told_with_its_words(certbot: str) -> None:
    assert placeholder(certbot).ok
    inside(certbot, "touch /tmp/refused-a.test")
    said = certificate(certbot)
    assert said.code == 1
    assert said.error.splitlines() == [
        "a.test: https://ca.test/dir gave no certificate; it was asked over http://a.test/.well-known/acme-challenge/",
        "    DNS problem: NXDOMAIN looking up A",
        "a.test: the other services go on; mend it (does the name lead to this server?) and run up again",
    ]
    assert "placeholder" in subject(certbot)
    assert certificate(certbot, "b.test").ok


def test_an_authority_that_has_forgotten_the_account_is_given_a_new_one(certbot: str) -> None:
    assert certificate(certbot, "b.test").ok
    inside(certbot, f"touch /tmp/forgotten {ACCOUNT}/key; mkdir -p /etc/letsencrypt/accounts/other.test/dir")
    assert certificate(certbot).ok
    assert "issued" in subject(certbot)
    assert inside(certbot, f"test ! -e {ACCOUNT}/key && test -e /etc/letsencrypt/accounts/other.test/dir").ok


def test_renewal_is_for_the_domains_of_sites_and_goes_on_after_a_failure(certbot: str) -> None:
    for domain in ("a.test", "b.test", "unused.test"):
        assert certificate(certbot, domain).ok
        if domain != "unused.test":
            inside(
                certbot,
                f"echo 'ssl_certificate /srv/nginx/certs/{domain}/fullchain.pem;' > /srv/nginx/sites/{domain}.conf",
            )
    before = {domain: subject(certbot, domain) for domain in ("a.test", "b.test", "unused.test")}
    inside(certbot, "touch /tmp/due /tmp/refused-a.test; rm /tmp/asked")
    renew = shell.renew(ACME).replace(f"-lt {shell.RENEWAL_INTERVAL_S}", "-lt 1")
    renew = renew.replace(f"sleep {shell.CERTIFICATE_WATCH_S}", "sleep 1")
    docker("exec", "-d", certbot, "sh", "-c", f"{renew}")
    eventually(lambda: subject(certbot, "b.test") != before["b.test"])
    eventually(lambda: inside(certbot, "cat /tmp/asked").out.count("a.test") >= 2)  # it is tried again
    assert subject(certbot, "a.test") == before["a.test"]
    assert subject(certbot, "unused.test") == before["unused.test"]
    assert not inside(certbot, "test -e /tmp/renewed").ok
    inside(certbot, "rm /tmp/refused-a.test")
    eventually(lambda: subject(certbot, "a.test") != before["a.test"])
    eventually(lambda: inside(certbot, "test -e /tmp/renewed").ok)


def test_renewal_ends_as_soon_as_it_is_told_to(boxes: Boxes) -> None:
    container = start(boxes, "renewal", f"exec sh -c {shlex.quote(shell.renew(ACME))}")
    eventually(lambda: inside(container, "test -e /tmp/renewed").ok)
    assert docker("stop", "-t", "60", container).took_s < 50
    assert docker("inspect", "-f", "{{.State.ExitCode}}", container).out == "0"


def test_the_authority_is_not_asked_before_the_name_leads_to_the_server(certbot: str) -> None:
    assert inside(certbot, "echo 192.0.2.1 a.test >> /etc/hosts").ok
    said = certificate(certbot, address="192.0.2.2")
    assert said.code == 1
    assert "a.test: leads to 192.0.2.1 and this server is 192.0.2.2: set its A record" in said.error
    assert not docker("exec", certbot, "test", "-e", "/tmp/asked").ok
    assert "b.test: leads to nothing" in certificate(certbot, "b.test", "192.0.2.2").error
    assert certificate(certbot, address="192.0.2.1").ok


@pytest.mark.parametrize("is_ours", [False, True])
def test_a_name_with_an_aaaa_record_is_refused_with_what_to_do(
    certbot: str, is_ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "RECORD_TIMEOUT_S", 1)
    assert inside(certbot, "for to in 192.0.2.2 2001:db8::7; do echo $to a.test >> /etc/hosts; done").ok
    first, *rest = inside(certbot, shell.certificate("a.test", ACME, "192.0.2.2", is_ours)).error.splitlines()
    assert first == (
        "a.test: its AAAA record leads to 2001:db8::7, and this server is reached over IPv4 alone: "
        "remove it, wait for its TTL, and run up again"
    )
    assert rest == ["a.test: https://ca.test/dir was not asked; the other services go on"]
    assert not docker("exec", certbot, "test", "-e", "/tmp/asked").ok


def test_a_name_that_leads_to_another_server_too_is_refused(certbot: str) -> None:
    assert inside(certbot, "for to in 192.0.2.1 192.0.2.2; do echo $to a.test >> /etc/hosts; done").ok
    said = certificate(certbot, address="192.0.2.2")
    assert "a.test: leads to 192.0.2.1 192.0.2.2 and this server is 192.0.2.2: set its A record to that" in said.error
    assert not docker("exec", certbot, "test", "-e", "/tmp/asked").ok


def test_a_name_that_has_its_certificate_may_lead_anywhere(certbot: str) -> None:
    assert certificate(certbot).ok
    assert certificate(certbot, address="192.0.2.2").ok
