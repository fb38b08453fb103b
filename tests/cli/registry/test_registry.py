"""A registry is asked for digests, tags and what a token may do, and its refusals are explained."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from cli.refused import Refused
from cli.registry import registry
from cli.registry.registry import Repository
from cli.registry.registry_http import Credentials, Login
from tests.doubles.ghcr import Ghcr, serving

READER = Credentials("tester", "ghp_read")
WRITER = Credentials("tester", "ghp_write")
BOTH = Credentials("tester", "ghp_both")
WRONG = Credentials("tester", "ghp_gone")


@pytest.fixture
def ghcr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ghcr]:
    with serving() as world:
        world.tokens = {
            READER.password: ["read:packages"],
            WRITER.password: ["repo", "write:packages"],
            BOTH.password: ["read:packages", "write:packages"],
        }
        monkeypatch.setitem(registry.TOKEN_OWNERS, world.server, f"http://{world.server}/user")
        world.add("owner/legal", "9a1", created="2026-11-01T10:00:00.123456789Z")
        world.add("owner/legal", "1.0", created="2026-10-01T10:00:00Z")
        world.add("owner/legal", "latest", created="2026-11-20T10:00:00Z", labels={"revision": "abc"}, is_index=True)
        yield world


Redirects = dict[str, httpx.Response]


def asked_with(answers: Redirects, *urls: str) -> dict[str, str]:
    """Returns with which Authorization each address of a registry, and of what it leads to, was asked last."""
    seen: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[str(request.url)] = request.headers.get("Authorization", "")
        if answered := answers.get(str(request.url)):
            return answered
        asks = {"WWW-Authenticate": 'Basic realm="x"'}
        return httpx.Response(200) if seen[str(request.url)] else httpx.Response(401, headers=asks)

    login = Login("reg.test", Credentials("user", "password"))
    with httpx.Client(auth=login, follow_redirects=True, transport=httpx.MockTransport(answer)) as client:
        for url in urls:
            client.get(url)
    return seen


def test_a_login_is_not_sent_in_clear_text() -> None:
    seen = asked_with({}, "https://reg.test/v2/", "http://reg.test/v2/next")
    assert seen["https://reg.test/v2/"].startswith("Basic ")
    assert seen["http://reg.test/v2/next"] == ""


def test_a_host_to_which_the_registry_leads_does_not_choose_where_the_login_goes() -> None:
    asks = {"WWW-Authenticate": 'Bearer realm="https://evil.test/token"'}
    answers = {
        "https://reg.test/blob": httpx.Response(307, headers={"Location": "https://evil.test/blob"}),
        "https://evil.test/blob": httpx.Response(401, headers=asks),
    }
    seen = asked_with(answers, "https://reg.test/blob")
    assert seen == {"https://reg.test/blob": "", "https://evil.test/blob": ""}


def image(ghcr: Ghcr, tag: str) -> str:
    return f"{ghcr.server}/owner/legal:{tag}"


@pytest.mark.parametrize("tag", ["9a1", "latest"])
def test_a_tag_becomes_the_digest_of_its_image_or_of_its_index(ghcr: Ghcr, tag: str) -> None:
    assert registry.resolve(image(ghcr, tag), READER) == ghcr.tags["owner/legal"][tag]


def test_a_registry_that_does_not_say_the_digest_is_asked_for_the_manifest(ghcr: Ghcr) -> None:
    ghcr.says_digest = False
    assert registry.resolve(image(ghcr, "9a1"), READER) == ghcr.tags["owner/legal"]["9a1"]


def test_a_reference_with_a_digest_asks_nobody(ghcr: Ghcr) -> None:
    digest = f"sha256:{'a' * 64}"
    assert registry.resolve(f"{image(ghcr, '1.0')}@{digest}") == digest
    assert ghcr.asked == []


def test_an_image_that_anyone_may_read_needs_no_login(ghcr: Ghcr) -> None:
    ghcr.public.add("owner/legal")
    assert registry.resolve(image(ghcr, "1.0")) == ghcr.tags["owner/legal"]["1.0"]


def test_a_missing_tag_is_answered_with_the_newest_ones_by_date(ghcr: Ghcr) -> None:
    with pytest.raises(Refused, match=rf"{image(ghcr, '2')}: no such tag; the newest are latest, 9a1, 1\.0"):
        registry.resolve(image(ghcr, "2"), READER)


def test_a_name_under_which_nothing_was_pushed_is_said_to_be_none(ghcr: Ghcr) -> None:
    with pytest.raises(Refused, match=f"owner/other:1: {ghcr.server} has no such image: push it"):
        registry.resolve(f"{ghcr.server}/owner/other:1", READER)


@pytest.mark.parametrize(
    ("credentials", "words"),
    [(None, "requires a login"), (WRONG, "expired or may not"), (WRITER, "expired or may not")],
)
def test_a_login_that_may_not_read_is_refused_with_what_to_do(
    ghcr: Ghcr, credentials: Credentials | None, words: str
) -> None:
    with pytest.raises(Refused, match=f"owner/legal:1.0: .*{words}.*sertantai login") as refused:
        registry.resolve(image(ghcr, "1.0"), credentials)
    assert "ghp_" not in str(refused.value)


@pytest.mark.parametrize(("code", "words"), [(429, "no more requests for now"), (503, "failed with 503")])
def test_a_registry_in_trouble_is_not_taken_for_a_missing_tag(ghcr: Ghcr, code: int, words: str) -> None:
    ghcr.fails_with = code
    with pytest.raises(Refused, match=words):
        registry.resolve(image(ghcr, "1.0"), READER)


def test_a_registry_that_is_not_there_is_named() -> None:
    with pytest.raises(Refused, match=r"127\.0\.0\.1:1 does not answer"):
        registry.resolve("127.0.0.1:1/owner/legal:1")


def test_an_image_says_its_commit_and_the_time_of_its_build(ghcr: Ghcr) -> None:
    there = registry.inspect(image(ghcr, "latest"), READER)
    assert (there.digest, there.labels) == (ghcr.tags["owner/legal"]["latest"], {"revision": "abc"})
    assert there.created == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_all_pages_of_tags_are_read(ghcr: Ghcr) -> None:
    for number in range(4):
        ghcr.add("owner/legal", f"v{number}", created=f"2026-11-2{number}T12:00:00Z")
    assert registry.tags(image(ghcr, "x"), READER, count=3) == ["v3", "v2", "v1"]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("", None),
        ("2027-03-31 00:00:00 UTC", datetime(2027, 3, 31, tzinfo=UTC)),
        ("2027-03-31 09:00:00 +0900", datetime(2027, 3, 31, tzinfo=UTC)),
    ],
)
def test_a_token_says_its_scopes_and_its_end(ghcr: Ghcr, text: str, time: datetime | None) -> None:
    ghcr.expiry = text
    token = registry.who(ghcr.server, WRITER)
    assert (token.scopes, token.expires) == (frozenset(["repo", "write:packages"]), time)


def test_a_token_that_has_ended_is_refused_without_being_shown(ghcr: Ghcr) -> None:
    with pytest.raises(Refused, match="the token of tester has expired, was revoked or is wrong") as refused:
        registry.who(ghcr.server, WRONG)
    assert "ghp_" not in str(refused.value) + repr(WRONG)


@pytest.mark.parametrize(
    ("credentials", "allowed"), [(READER, (True, False)), (WRITER, (False, True)), (BOTH, (True, True))]
)
@pytest.mark.parametrize("name", ["owner/legal", "owner/new"])
def test_what_a_token_may_do_is_tried_and_leaves_nothing(
    ghcr: Ghcr, credentials: Credentials, allowed: tuple[bool, bool], name: str
) -> None:
    repository = Repository(f"{ghcr.server}/{name}", credentials)
    assert (repository.may_read(), repository.may_push()) == allowed
    assert ghcr.uploads == set()


def test_a_login_is_not_sent_to_a_token_server_without_tls() -> None:
    flow = Login("ghcr.io", READER).auth_flow(request := httpx.Request("GET", "https://ghcr.io/v2/"))
    next(flow)
    ask = {"WWW-Authenticate": 'Bearer realm="http://elsewhere.example/token"'}
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(401, headers=ask, request=request))
    assert "Authorization" not in request.headers


def test_a_login_is_not_sent_to_another_address_that_the_registry_names() -> None:
    flow = Login("ghcr.io", READER).auth_flow(request := httpx.Request("DELETE", "https://elsewhere.example/upload"))
    next(flow)
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'}, request=request))
    assert "Authorization" not in request.headers
