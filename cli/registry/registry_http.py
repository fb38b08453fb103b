"""Requests to a registry's API, with the login that it asks for."""

import base64
import re
from collections.abc import Generator
from dataclasses import dataclass, field

import httpx

from settings import is_on_this_machine

from ..refused import Refused

ACCEPT = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)
TIMEOUT = httpx.Timeout(20, connect=5)
DENIED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


@dataclass(frozen=True)
class Credentials:
    """A login to one registry."""

    username: str
    password: str = field(repr=False)


class Login(httpx.Auth):
    """Answers a registry's challenge: with the login itself, or with a token that a token server gives for it."""

    requires_response_body = True

    def __init__(self, server: str, credentials: Credentials | None) -> None:
        self._origin, self._basic = _origin(httpx.URL(address(server))), ""
        if credentials:
            pair = f"{credentials.username}:{credentials.password}"
            self._basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._accepted = ""
        self._schemes = ("https", "http") if is_on_this_machine(server) else ("https",)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sends a request again with what the challenge asks for. A refusal of the token server is the answer then."""
        if _origin(request.url) != self._origin:
            yield request  # an address that the registry names is no place for its login
            return
        if self._accepted:
            request.headers["Authorization"] = self._accepted
        answer = yield request
        kind, _, text = answer.headers.get("WWW-Authenticate", "").partition(" ")
        # A redirect may have led to another host, which must not choose where the login goes.
        if answer.status_code != httpx.codes.UNAUTHORIZED or _origin(answer.request.url) != self._origin:
            return
        authorization = self._basic
        if kind.lower() == "bearer":
            words = dict(re.findall(r'(\w+)="([^"]*)"', text))
            realm = httpx.URL(words.pop("realm", ""), params=words)
            if realm.scheme not in self._schemes:
                return
            granted = yield httpx.Request("GET", realm, headers={"Authorization": self._basic} if self._basic else {})
            if granted.status_code != httpx.codes.OK:
                return
            tokens = granted.json()
            authorization = f"Bearer {tokens.get('token') or tokens.get('access_token')}"
        if authorization:
            request.headers["Authorization"] = self._accepted = authorization
            yield request


def address(server: str) -> str:
    """Returns a registry's URL. Like Docker: plain HTTP only to a registry on this machine."""
    return f"{'http' if is_on_this_machine(server) else 'https'}://{server}"


def open_client(server: str, credentials: Credentials | None) -> httpx.Client:
    """Returns a client that logs in to a registry."""
    here = is_on_this_machine(server)
    return httpx.Client(
        auth=Login(server, credentials),
        headers={"Accept": ACCEPT},
        timeout=TIMEOUT,
        follow_redirects=True,
        # A registry on this machine is asked without TLS and without a proxy.
        verify=not here,
        trust_env=not here,
    )


def send(client: httpx.Client, method: str, url: str, server: str, authorization: str = "") -> httpx.Response:
    """Returns the answer of a request. Raises `Refused` if there is none."""
    headers = {"Authorization": authorization} if authorization else None
    try:
        return client.request(method, url, headers=headers)
    except httpx.HTTPError as error:
        raise Refused(f"{server} does not answer: {str(error) or type(error).__name__}") from None


def check(answer: httpx.Response, server: str) -> None:
    """Raises `Refused` if an answer is no success."""
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Refused(f"{server} answers no more requests for now: wait, or name the image by digest")
    if answer.is_error:
        raise Refused(f"{server}: {answer.request.method} {answer.url.path} failed with {answer.status_code}")


def _origin(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc
