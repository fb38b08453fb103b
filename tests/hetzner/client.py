"""Hetzner's own client for the tests of the double. Untyped: for mypy, every field may be missing."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hcloud import APIException, Client
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.server_types import ServerType

from tests.doubles.hetzner.api import Api

FSN1 = Location(name="fsn1")


def connect(api: Api, token: str | None = None, retries: int = 0) -> Any:
    """Returns a client that polls fast; `retries` is the number of its own retries."""
    client = Client(
        token or api.token, api_endpoint=api.endpoint, poll_interval=0.01, poll_max_retries=3000, timeout=30
    )
    client._client._retry_max_retries = retries
    client._client._retry_interval_func = lambda _: 0.01
    return client


def key() -> str:
    """Returns a new public key."""
    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " me@here"


def order(client: Any, name: str = "one", type_name: str = "cx23", **more: Any) -> Any:
    """Returns the answer to the creation of a server."""
    image = Image(name="debian-13")
    return client.servers.create(name, ServerType(name=type_name), image, **{"location": FSN1, **more})


def serve(client: Any, name: str = "one", **more: Any) -> Any:
    """Returns a server that runs."""
    made = order(client, name, **more)
    for action in [made.action, *made.next_actions]:
        action.wait_until_finished()
    return client.servers.get_by_id(made.server.id)


def refusal(code: str) -> Any:
    return pytest.raises(APIException, check=lambda error: error.code == code)


def store(client: Any, **more: Any) -> Any:
    """Returns a volume that is ready."""
    made = client.volumes.create(10, "data", location=FSN1, **more)
    made.action.wait_until_finished()
    return made.volume
