"""Pushes images to a registry that needs a login. The user's Docker settings stay unchanged."""

import docker
from docker.errors import APIError, NotFound

from ..errors import Trouble


class Registry:
    """The registry of the built images. Each request has the login."""

    def __init__(self, client: docker.DockerClient, server: str, username: str, password: str) -> None:
        self._client, self._server = client, server
        self._login = {"username": username, "password": password}

    def repository(self, name: str) -> str:
        """Returns an image's name in this registry, without a tag."""
        return f"{self._server}/sertantai/{name}"

    def lacks(self, repository: str, tag: str) -> bool:
        """Whether the registry lacks this tag, or has a different image with this tag than this machine."""
        try:
            there = self._client.images.get_registry_data(f"{repository}:{tag}", auth_config=self._login).id
        except NotFound:
            return True
        except APIError as error:
            if "manifest unknown" in str(error):
                return True
            raise self._trouble(str(error.explanation)) from error
        return f"{repository}@{there}" not in self._client.images.get(f"{repository}:{tag}").attrs["RepoDigests"]

    def push(self, repository: str, tag: str) -> str:
        """Pushes an image and returns its digest."""
        digest = ""
        for event in self._client.api.push(repository, tag, stream=True, decode=True, auth_config=self._login):
            if "error" in event:
                raise self._trouble(event["error"])
            digest = event.get("aux", {}).get("Digest", digest)
        return digest

    def _trouble(self, error: str) -> Trouble:
        if "unauthorized" in error or "denied" in error:
            return Trouble(f"registry_token: {self._server} refuses {self._login['username']}; check this secret")
        return Trouble(f"registry/server: {self._server} failed: {error}")
