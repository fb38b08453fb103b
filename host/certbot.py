"""certbot's container: requests certificates, and copies them to where nginx reads them."""

from dataclasses import dataclass

from . import docker, files
from .failure import Failure
from .gateway import VOLUME

LIVE = "/etc/letsencrypt/live"
NO_CERTIFICATE = 10


@dataclass(frozen=True)
class Certbot:
    """certbot, by the name of its container."""

    container: str

    def has_certificate(self, domain: str) -> bool:
        """Whether certbot has a certificate of the authority for the domain, due for renewal or not."""
        return docker.execute(self.container, ["test", "-e", f"{LIVE}/{domain}/fullchain.pem"]).code == 0

    def request(self, domain: str) -> list[str]:
        """Requests a certificate, unless there is one that is not due. Returns certbot's output if it got none."""
        result = self._script("ask", domain)
        if result.code not in (0, NO_CERTIFICATE):
            raise self._failure(domain, result)
        return result.out.splitlines() if result.code else []

    def install(self, domain: str) -> str:
        """Copies the certificate to where nginx reads it. Returns its issuer and start date."""
        result = self._script("install", domain)
        if not result.code:
            show = ["openssl", "x509", "-noout", "-issuer", "-startdate", "-nameopt", "sep_comma_plus_space"]
            result = docker.execute(self.container, [*show, "-in", f"{VOLUME}/certs/{domain}/fullchain.pem"])
        if result.code:
            raise self._failure(domain, result)
        return result.out

    def placeholder(self, domain: str) -> None:
        """Writes a self-signed certificate, so that nginx accepts the site's text. Keeps one that nginx can use."""
        result = self._script("placeholder", domain)
        if result.code:
            raise self._failure(domain, result)

    def _script(self, name: str, domain: str) -> docker.Output:
        # sh, not bash: the container's shell may be BusyBox's.
        return docker.execute(self.container, ["sh", "-c", files.shell(f"volume/{name}"), name, VOLUME, domain])

    def _failure(self, domain: str, result: docker.Output) -> Failure:
        reason = result.error.strip() or f"exit code {result.code}"
        return Failure(f"{domain}: {self.container} cannot do its work: {reason}; run up again")
