"""Sites: their names, headers, closed paths, what each route may do, and sites for foreign containers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import parse

from .stack import FULL, REMOVED, SECRETS, SMALL, changed, mistakes, mistakes_of

LEGAL = "services/legal"
AUTH = "services/auth"
SITE: dict[str, Any] = {"domain": "baserow.sertantai.com", "container": "baserow"}


@pytest.mark.parametrize("key", ["aliases", "redirects"])
@pytest.mark.parametrize("host", ["sertantai.com", "laws.sertantai.com", "laws.example.org"])
def test_a_site_may_have_other_names_and_an_apex_domain(key: str, host: str) -> None:
    assert mistakes({f"{LEGAL}/{key}": [host]}) == []
    assert mistakes({f"{LEGAL}/domain": host}) == []


@pytest.mark.parametrize("key", ["aliases", "redirects"])
@pytest.mark.parametrize(
    ("taken", "owner"),
    [
        ({}, f"{AUTH}/domain"),
        ({f"{AUTH}/domain": "id.test", f"{AUTH}/aliases": ["auth.sertantai.com"]}, f"{AUTH}/aliases/0"),
        ({f"{AUTH}/domain": "id.test", f"{AUTH}/redirects": ["auth.sertantai.com"]}, f"{AUTH}/redirects/0"),
        ({f"{AUTH}/domain": "id.test", "sites": {"b": {**SITE, "domain": "auth.sertantai.com"}}}, "sites/b/domain"),
    ],
)
def test_a_name_of_another_site_is_refused(key: str, taken: dict[str, Any], owner: str) -> None:
    lines = mistakes({f"{LEGAL}/{key}": ["auth.sertantai.com"], **taken})
    mine = f"{LEGAL}/{key}/0: the domain auth.sertantai.com is taken by {owner}; choose another"
    theirs = f"{owner}: the domain auth.sertantai.com is taken by {LEGAL}/{key}/0; choose another"
    assert lines in ([mine], [theirs])


@pytest.mark.parametrize("key", ["aliases", "redirects"])
def test_a_sites_own_domain_is_not_its_other_name(key: str) -> None:
    assert mistakes({f"{LEGAL}/{key}": ["a.test", "legal.sertantai.com"]}) == [
        f"{LEGAL}/{key}/1: is the site's own domain; remove it"
    ]


def test_an_alias_that_is_a_redirect_too_is_refused() -> None:
    assert mistakes({f"{LEGAL}/aliases": ["a.test"], f"{LEGAL}/redirects": ["a.test"]}) == [
        f"{LEGAL}/redirects/0: the domain a.test is taken by {LEGAL}/aliases/0; choose another"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("aliases", ["a.test"]), ("redirects", ["a.test"]), ("headers", {"X-A": "b"}), ("closed", ["/a"])],
)
def test_what_belongs_to_a_site_needs_a_domain(key: str, value: Any) -> None:
    assert mistakes({f"{AUTH}/domain": REMOVED, f"{AUTH}/{key}": value}) == [
        f"{AUTH}/{key}: there is no site without a domain; set {AUTH}/domain"
    ]


VALUES = ["", "nosniff", "default-src 'self' https://*.test; report-uri /csp", 'csp="https://e.test/a\\b"', "a" * 2000]


@pytest.mark.parametrize("value", VALUES)
def test_a_header_may_have_every_value_of_one_line(value: str) -> None:
    assert mistakes({f"{LEGAL}/headers": {"X-A": value}}) == []


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX-B: c", "$host", "a$", "é", " a", "a ", "\t", "a\0", "a" * 2001])
def test_a_header_that_nginx_would_change_is_refused(value: str) -> None:
    assert mistakes({f"{LEGAL}/headers": {"X-A": value}}) == [
        f"{LEGAL}/headers/X-A: must be one line of plain ASCII without $, 2000 at most"
    ]


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a:", "a_b", "1a", "a\n", "$a", "a" * 65])
def test_a_headers_name_is_a_plain_word(name: str) -> None:
    shown = name.replace("\n", "\\n")
    assert mistakes({f"{LEGAL}/headers": {name: "b"}}) == [
        f"{LEGAL}/headers/{shown}: must be a header's name: letters, digits and -"
    ]


def test_a_header_is_named_once_in_any_case() -> None:
    assert mistakes({f"{LEGAL}/headers": {"X-Frame-Options": "DENY", "x-frame-options": "DENY"}}) == [
        f"{LEGAL}/headers/x-frame-options: is X-Frame-Options too; keep one of the two"
    ]


@pytest.mark.parametrize("name", ["Set-Cookie", "content-length", "Location", "Cache-Control", "Transfer-Encoding"])
def test_a_header_that_differs_from_answer_to_answer_is_refused(name: str) -> None:
    assert mistakes({f"{LEGAL}/headers": {name: "b"}}) == [
        f"{LEGAL}/headers/{name}: differs from answer to answer, so the app sets it; remove it"
    ]


@pytest.mark.parametrize("closed", ["/api/internal", "/api/internal/", "/healthy", "/metrics"])
def test_a_path_below_a_route_may_be_closed(closed: str) -> None:
    assert mistakes({f"{LEGAL}/closed": [closed], f"{LEGAL}/app/routes": ["/api/", "/health"]}) == []


@pytest.mark.parametrize("closed", ["/health", "/health/", "/HEALTH"])
@pytest.mark.parametrize("route", ["/health", "/health/", "/health/live"])
@pytest.mark.parametrize("as_mapping", [False, True])
def test_a_route_that_is_closed_is_refused(closed: str, route: str, as_mapping: bool) -> None:
    routes: Any = {route: {}} if as_mapping else [route]
    path = f"{LEGAL}/app/routes/{route if as_mapping else 0}"
    assert mistakes({f"{LEGAL}/closed": [closed], f"{LEGAL}/app/routes": routes}) == [
        f"{LEGAL}/closed/0: closes {route}, which {path} opens; keep one of the two"
    ]


def test_shapes_through_the_app_that_are_closed_are_refused() -> None:
    access = {f"{LEGAL}/electric/access": {"kind": "app", "path": "/api/electric/"}}
    assert mistakes({f"{LEGAL}/closed": ["/api/electric"], **access}) == [
        f"{LEGAL}/closed/0: closes /api/electric/, which {LEGAL}/electric/access/path opens; keep one of the two"
    ]


@pytest.mark.parametrize("closed", ["/electric", "/electric/laws", "/Electric/"])
def test_the_platforms_own_paths_are_not_closed(closed: str) -> None:
    assert mistakes({f"{LEGAL}/closed": [closed]}) == [
        f"{LEGAL}/closed/0: /electric/ belongs to Electric; choose another path"
    ]


def test_a_whole_site_is_not_closed() -> None:
    for at, raw in ((AUTH, SMALL), ("sites/baserow", changed(SMALL, {"sites": {"baserow": SITE}}))):
        assert mistakes_of(changed(raw, {f"{at}/closed": ["/"]})) == [
            f"{at}/closed/0: closes the whole site; name the paths to close, or remove {at}/domain"
        ]


ROUTES = f"{LEGAL}/app/routes"


def test_a_route_may_say_what_the_gateway_does_for_it() -> None:
    routes = {"/api/": {"buffering": True, "timeout_s": 300, "body_mb": 20}, "/health": {}}
    read = parse(changed(SMALL, {ROUTES: routes})).services["legal"].routes
    assert (read["/api/"].buffering, read["/api/"].timeout_s, read["/api/"].body_mb) == (True, 300, 20)
    assert (read["/health"].buffering, read["/health"].timeout_s, read["/health"].body_mb) == (False, None, None)


def test_routes_as_a_list_and_as_a_mapping_without_settings_are_the_same() -> None:
    forms: list[Any] = [["/api/", "/health"], {"/api/": {}, "/health": {}}]
    listed, mapped = (parse(changed(SMALL, {ROUTES: form})).services["legal"].routes for form in forms)
    assert list(listed.items()) == list(mapped.items())


def test_a_mix_of_list_and_mapping_is_refused() -> None:
    assert mistakes({ROUTES: [{"/api/": {}}, "/health"]}) == [
        f"{ROUTES}: mixes a list and a mapping; write all as a mapping: {{/api/: {{timeout_s: 300}}, /health: {{}}}}"
    ]


@pytest.mark.parametrize(
    ("routes", "mistake"),
    [
        ({"/a b": {}}, "/a b: must be a plain path such as /api/"),
        ({"/api/": {"bufering": True}}, "/api//bufering: is not a known setting; did you mean buffering?"),
        ({"/api/": {"timeout_s": 0}}, "/api//timeout_s: must be greater than or equal to 1"),
        ({"/api/": {"body_mb": 2000}}, "/api//body_mb: must be less than or equal to 1024"),
        ({"/api/": None}, "/api/: must be a block of settings"),
        ({"/api/": {}, "/api/x": {}}, "/api/x: overlaps /api/; keep one of the two"),
        ({"/electric/": {}}, "/electric/: /electric/ belongs to Electric; choose another path"),
        ([None], "0: must be text; put it in quotes"),
    ],
)
def test_a_mistake_in_a_route_has_its_path(routes: Any, mistake: str) -> None:
    assert mistakes({ROUTES: routes}) == [f"{ROUTES}/{mistake}"]


def test_a_mistake_in_a_route_hides_no_other() -> None:
    lines = mistakes({ROUTES: {"/api/": {"bufering": True}, "/health": {}}, f"{LEGAL}/closed": ["/health"]})
    assert [line.partition(": ")[0] for line in lines] == [f"{ROUTES}//api//bufering", f"{LEGAL}/closed/0"]


def test_a_foreign_site_needs_a_domain_and_a_container() -> None:
    assert mistakes({"sites": {"baserow": SITE}}) == []
    assert mistakes({"sites": {"baserow": {}}}) == [
        "sites/baserow/domain: is missing", "sites/baserow/container: is missing"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"container": "a b"}, "container: must be letters, digits, _, . and -, 63 at most"),
        ({"port": 0}, "port: must be greater than or equal to 1"),
        ({"auth": "digest"}, "auth: must be 'basic'"),
        ({"domain": "legal.sertantai.com"}, f"domain: the domain legal.sertantai.com is taken by {LEGAL}/domain; "
                                            "choose another"),
        ({"names": ["a"]}, "names: is not a known setting here; move it to the block that it belongs to"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_foreign_site_has_its_path(changes: dict[str, Any], mistake: str) -> None:
    assert mistakes({"sites": {"baserow": SITE | changes}}) == [f"sites/baserow/{mistake}"]


@pytest.mark.parametrize("broken", [False, True])
def test_a_site_and_a_service_have_different_names(broken: bool) -> None:
    lines = mistakes({"sites": {"legal": SITE}, **({f"{LEGAL}/app/port": 1} if broken else {})})
    assert "sites/legal: the name legal is taken by services/legal; choose another" in lines


@pytest.mark.parametrize("name", ["nginx", "platform"])
def test_a_site_is_not_named_like_a_part_of_the_platform(name: str) -> None:
    assert mistakes({"sites": {name: SITE}}) == [f"sites/{name}: must not be {name}, which belongs to the platform"]


def test_a_site_with_a_password_needs_its_secret() -> None:
    asked: dict[str, Any] = {"sites": {"baserow": SITE | {"auth": "basic"}}}
    [line] = mistakes(asked)
    assert line.startswith("sites/baserow/auth: the config secret baserow_BASIC_AUTH is missing; set it with ")
    assert mistakes({**asked, "baserow_BASIC_AUTH": "x"}) == []
    [line] = mistakes({"sites": {"baserow": SITE}, "baserow_BASIC_AUTH": "x"})
    assert line.startswith("baserow_BASIC_AUTH: is not a known setting")
    assert mistakes_of(FULL, set(SECRETS) - {"baserow_BASIC_AUTH"}) == [
        "baserow_BASIC_AUTH: is a secret in plain text; set it again with "
        "`pulumi config set --secret baserow_BASIC_AUTH`"
    ]


@pytest.mark.parametrize("sites", [None, [], "x"])
def test_sites_that_are_no_block_are_refused(sites: Any) -> None:
    assert mistakes({"sites": sites}) == ["sites: must be a block of settings"]


ANY = st.characters(codec="utf-8")


@given(st.text(ANY, max_size=12))
def test_every_header_that_is_accepted_is_printable_and_contains_no_variable(value: str) -> None:
    accepted = not mistakes({f"{LEGAL}/headers": {"X-A": value}})
    plain = all(" " <= sign <= "~" and sign != "$" for sign in value) and value == value.strip(" ")
    assert accepted == plain
