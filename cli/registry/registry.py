"""What a registry says: the digest of a tag, the newest tags, an image's labels, and what a token may do."""

import hashlib
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from host.registry_token import EXPIRATION, GITHUB, GITHUB_API
from settings import DOCKER_HUB, image_parts, registry_host

from ..refused import Refused
from .registry_http import DENIED, Credentials, address, check, open_client, send

TOKEN_OWNERS = {GITHUB: f"{GITHUB_API}user"}
"""Where a registry's tokens say which scopes they have, and until when they are valid."""
MAX_PAGES, MAX_DATED, AT_ONCE = 10, 30, 8
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class RemoteImage:
    """An image in a registry, and what its build wrote into it."""

    digest: str
    created: datetime
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a registry says of a token. None: it does not say, or there is no end."""

    scopes: frozenset[str] | None = None
    expires: datetime | None = None


def resolve(reference: str, credentials: Credentials | None = None) -> str:
    """Returns the digest of an image reference. Raises `Refused`, with the newest tags if there is no such tag."""
    repository, tag, digest = image_parts(reference)
    return digest or Repository(repository, credentials).digest(tag)


def inspect(reference: str, credentials: Credentials | None = None) -> RemoteImage:
    """Returns an image with its labels and the time of its build. Raises `Refused`."""
    repository, tag, digest = image_parts(reference)
    return Repository(repository, credentials).inspect(digest or tag)


def tags(reference: str, credentials: Credentials | None = None, count: int = 5) -> list[str]:
    """Returns the newest tags of an image, the newest first. Raises `Refused`."""
    return Repository(image_parts(reference)[0], credentials).newest(count)


def who(server: str, credentials: Credentials) -> Token:
    """Returns what the registry says of a token. Raises `Refused` if it does not accept it."""
    owner = TOKEN_OWNERS.get(server)
    url = owner or f"{address(server)}/v2/"
    authorization = f"Bearer {credentials.password}" if owner else ""
    with open_client(server, None if owner else credentials) as client:
        answer = send(client, "GET", url, server, authorization)
    if owner and answer.status_code == httpx.codes.FORBIDDEN:
        return Token()  # the token of a workflow, which is of no user
    if answer.status_code in DENIED:
        raise Refused(f"{server}: the token of {credentials.username} has expired, was revoked or is wrong")
    check(answer, server)
    scopes = answer.headers.get("X-OAuth-Scopes")
    return Token(
        scopes=None if scopes is None else frozenset(filter(None, re.split(r"[,\s]+", scopes))),
        expires=_time(answer.headers.get(EXPIRATION, "")),
    )


class Repository:
    """One repository of a registry, such as ghcr.io/owner/name."""

    def __init__(self, repository: str, credentials: Credentials | None = None) -> None:
        self.name, self.credentials = repository, credentials
        self.server = registry_host(repository)
        path = repository.removeprefix(f"{self.server}/")
        if self.server == DOCKER_HUB and "/" not in path:
            path = f"library/{path}"
        self._url = f"{address(self.server)}/v2/{path}"

    def digest(self, tag: str) -> str:
        """Returns a tag's digest. Raises `Refused`."""
        with self._client() as client:
            answer = send(client, "HEAD", f"{self._url}/manifests/{tag}", self.server)
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise Refused(f"{self.name}:{tag}: {self._no_such_tag()}")
            self._allow(answer, tag)
            # The digest is optional in the registry's answer, and is that of the manifest's bytes.
            return answer.headers.get("Docker-Content-Digest") or _digest(self._get(client, f"manifests/{tag}").content)

    def inspect(self, tag: str) -> RemoteImage:
        """Returns the image of a tag or digest. Raises `Refused`."""
        with self._client() as client:
            return self._inspect(client, tag)

    def newest(self, count: int) -> list[str]:
        """Returns the newest tags. A registry lists them in no useful order, so the images' own dates decide."""
        with self._client() as client, ThreadPoolExecutor(AT_ONCE) as pool:
            names = self._list(client)[-MAX_DATED:]

            def created(tag: str) -> datetime:
                with suppress(Refused, LookupError, ValueError):
                    return self._inspect(client, tag).created
                return LONG_AGO

            dated = sorted(zip(pool.map(created, names), names, strict=True), reverse=True)
        return [name for _, name in dated[:count]]

    def may_read(self) -> bool:
        """Whether the login may read this repository, or a future one of this name. Raises `Refused`."""
        with self._client() as client:
            answer = send(client, "GET", f"{self._url}/tags/list?n=1", self.server)
        return self._is_allowed(answer)

    def may_push(self) -> bool:
        """Whether the login may push: begins an upload and cancels it. Raises `Refused`."""
        with self._client() as client:
            answer = send(client, "POST", f"{self._url}/blobs/uploads/", self.server)
            if place := answer.headers.get("Location"):
                with suppress(Refused):
                    send(client, "DELETE", str(answer.url.join(place)), self.server)
        return self._is_allowed(answer)

    def _inspect(self, client: httpx.Client, tag: str) -> RemoteImage:
        answer = self._get(client, f"manifests/{tag}")
        manifest = answer.json()
        if manifests := manifest.get("manifests"):  # an index of several platforms
            platforms = [each for each in manifests if each.get("platform", {}).get("architecture") == "amd64"]
            manifest = self._get(client, f"manifests/{(platforms or manifests)[0]['digest']}").json()
        config = self._get(client, f"blobs/{manifest['config']['digest']}").json()
        return RemoteImage(
            digest=answer.headers.get("Docker-Content-Digest") or _digest(answer.content),
            created=_time(config.get("created", "")) or LONG_AGO,
            labels=(config.get("config") or {}).get("Labels") or {},
        )

    def _list(self, client: httpx.Client) -> list[str]:
        names: list[str] = []
        path = "tags/list?n=1000"
        for _ in range(MAX_PAGES):
            answer = self._get(client, path)
            names += answer.json().get("tags") or []
            if not (following := answer.links.get("next")):
                break
            path = str(answer.url.join(following["url"]))
        return names

    def _get(self, client: httpx.Client, path: str) -> httpx.Response:
        answer = send(client, "GET", path if "://" in path else f"{self._url}/{path}", self.server)
        self._allow(answer, path.rpartition("/")[2])
        return answer

    def _no_such_tag(self) -> str:
        with suppress(Refused):
            if newest := self.newest(5):
                return f"no such tag; the newest are {', '.join(newest)}"
        return f"{self.server} has no such image: push it, or name another"

    def _allow(self, answer: httpx.Response, tag: str) -> None:
        if answer.status_code in DENIED:
            raise Refused(f"{self.name}:{tag}: {self._denied()}")
        check(answer, self.server)

    def _denied(self) -> str:
        if self.server == DOCKER_HUB:
            return "Docker Hub has no such image, or it is private: look its name up at hub.docker.com"
        if self.credentials is None:
            return f"{self.server} requires a login: give it a token with `./sertantai login`"
        return "the token has expired or may not read this package: set one with read:packages by `./sertantai login`"

    def _is_allowed(self, answer: httpx.Response) -> bool:
        if answer.status_code not in (*DENIED, httpx.codes.NOT_FOUND):
            check(answer, self.server)
        return answer.status_code not in DENIED

    def _client(self) -> httpx.Client:
        return open_client(self.server, self.credentials)


def _digest(manifest: bytes) -> str:
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def _time(text: str) -> datetime | None:
    """Returns a time such as `2027-03-31 00:00:00 UTC`, `2027-03-31 00:00:00 +0900` or `2027-03-31T00:00:00.123Z`."""
    with suppress(ValueError):
        time = datetime.fromisoformat(re.sub(r" UTC$", "Z", text).replace(" +", "+").replace(" -", "-"))
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return None
