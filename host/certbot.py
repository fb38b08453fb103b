"""certbot's container: it asks the authority for certificates, and copies them to where nginx reads them."""

from dataclasses import dataclass

from . import docker, files
from .failure import Failure
from .gateway import VOLUME

LIVE = "/etc/letsencrypt/live"
NONE_GIVEN = 10


@dataclass(frozen=True)
class Certbot:
    """certbot, by the name of its container."""

    container: str

    def has(self, domain: str) -> bool:
        """Whether there is a certificate of the authority's, due or not."""
        return docker.execute(self.container, ["test", "-e", f"{LIVE}/{domain}/fullchain.pem"]).code == 0

    def ask(self, domain: str) -> list[str]:
        """Asks the authority for a certificate, unless there is one that is not due; certbot's words if none came."""
        done = self._script("ask", domain)
        if done.code not in (0, NONE_GIVEN):
            raise self._failure(domain, done)
        return done.out.splitlines() if done.code else []

    def install(self, domain: str) -> str:
        """Copies the certificate to where nginx reads it; who issued it, and when."""
        done = self._script("install", domain)
        if not done.code:
            show = ["openssl", "x509", "-noout", "-issuer", "-startdate", "-nameopt", "sep_comma_plus_space"]
            done = docker.execute(self.container, [*show, "-in", f"{VOLUME}/certs/{domain}/fullchain.pem"])
        if done.code:
            raise self._failure(domain, done)
        return done.out

    def placeholder(self, domain: str) -> None:
        """A certificate of our own, by which nginx accepts the text of the site; never over one that it can use."""
        done = self._script("placeholder", domain)
        if done.code:
            raise self._failure(domain, done)

    def _script(self, name: str, domain: str) -> docker.Output:
        # Its shell may be BusyBox's.
        return docker.execute(self.container, ["sh", "-c", files.shell(f"volume/{name}"), name, VOLUME, domain])

    def _failure(self, domain: str, done: docker.Output) -> Failure:
        reason = done.error.strip() or f"exit code {done.code}"
        return Failure(f"{domain}: {self.container} cannot do its work: {reason}; run up again")
