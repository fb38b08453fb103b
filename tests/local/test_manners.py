"""The manners of the app's stand-in, one by one, on a server in this process."""

import http.client
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.images.app import manners
from local.images.shared.service import Answer, Request, Service, as_json
from tests.waiting import eventually


def answer(request: Request) -> Answer:
    if redirect := manners.redirect(request):
        return redirect
    if request.path.startswith("/api/files/"):
        return manners.files(request)
    routes = {"/api/events": manners.events, "/api/upload": manners.upload}
    return routes[request.path](request) if request.path in routes else as_json({"status": "ok"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    service = Service(0, answer)
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield int(service.server_address[1])
    service.shutdown()
    thread.join()
    service.server_close()


def ask(
    port: int, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
    return connection.getresponse()


def test_events_arrive_one_by_one_without_a_header_that_stops_buffering(port: int) -> None:
    def arrive_one_by_one() -> bool:
        """A busy machine may be late with one of them, or with the last before the end."""
        response = ask(port, "/api/events?seconds=0.5&every=0.2")
        assert response.headers["Content-Type"] == "text/event-stream"
        assert not {"x-accel-buffering", "cache-control"} & {name.lower() for name in response.headers}
        arrived = [time.monotonic() for line in response if line.startswith(b"data: ")]
        return len(arrived) == 4 and arrived[2] - arrived[0] >= 0.3

    eventually(arrive_one_by_one)


def test_a_body_of_60_mb_is_taken(port: int) -> None:
    assert ask(port, "/api/upload", b"x" * (60 << 20)).read() == b'{"bytes": 62914560}'


def test_files_are_written_below_the_configured_folder_and_read_again(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(port, "/api/files/").status == 404
    monkeypatch.setenv("FILES", str(tmp_path))
    assert ask(port, "/api/files/one.json", b"{}").status == 200
    assert (tmp_path / "one.json").read_bytes() == ask(port, "/api/files/one.json").read() == b"{}"
    assert ask(port, "/api/files/").read() == b'["one.json"]'
    assert ask(port, "/api/files/two.json").status == 404
    monkeypatch.setenv("FILES", str(tmp_path / "one.json"))
    assert ask(port, "/api/files/two.json", b"{}").status == 500


def test_plain_http_is_answered_with_301_and_https_behind_the_proxy_is_not(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(port, "/health").status == 200
    monkeypatch.setenv("FORCE_SSL", "1")
    response = ask(port, "/health", headers={"Host": "app.test"})
    assert (response.status, response.headers["Location"]) == (301, "https://app.test/health")
    assert ask(port, "/health", headers={"X-Forwarded-Proto": "https"}).status == 200


def test_an_app_with_a_prefix_reads_its_own_variables_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "plain")
    assert (manners.setting("DATABASE_URL"), manners.missing()) == ("plain", "")
    monkeypatch.setenv("PREFIX", "OWN_")
    assert (manners.setting("DATABASE_URL"), manners.missing()) == ("", "OWN_DATABASE_URL")
    monkeypatch.setenv("OWN_DATABASE_URL", "own")
    monkeypatch.setenv("OWN_SECRET_KEY_BASE", "own")
    assert (manners.setting("DATABASE_URL"), manners.missing()) == ("own", "")


def test_an_app_names_the_first_variable_that_it_requires_and_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRES", "AUTH_URL AUTH_DATABASE_URL")
    monkeypatch.setenv("AUTH_URL", "http://auth")
    assert manners.missing() == "AUTH_DATABASE_URL"
