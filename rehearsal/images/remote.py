"""A registry with a password, as Docker's daemon speaks to it; nothing is written to the user's Docker settings."""

import docker
from docker.errors import APIError, NotFound

from ..errors import Trouble


class Registry:
    """Where the built images go: its address, and the login sent along with each request."""

    def __init__(self, client: docker.DockerClient, server: str, username: str, password: str) -> None:
        self._client, self._server = client, server
        self._login = {"username": username, "password": password}

    def repository(self, name: str) -> str:
        """An image's name in this registry, without a tag."""
        return f"{self._server}/sertantai/{name}"

    def lacks(self, repository: str, tag: str) -> bool:
        """Whether this tag is missing there, or stands for another image than here."""
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
        """Send an image there; its digest."""
        digest = ""
        for event in self._client.api.push(repository, tag, stream=True, decode=True, auth_config=self._login):
            if "error" in event:
                raise self._trouble(event["error"])
            digest = event.get("aux", {}).get("Digest", digest)
        return digest

    def _trouble(self, words: str) -> Trouble:
        if "unauthorized" in words or "denied" in words:
            return Trouble(
                f"The registry {self._server} refuses {self._login['username']}: check the registry's token."
            )
        return Trouble(f"The registry {self._server} does not do its work: {words}")
