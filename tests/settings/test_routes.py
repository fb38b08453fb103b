"""The paths of a site: their form, and which part may serve them."""

from string import ascii_letters, digits, punctuation

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .stack import REMOVED, SMALL, changed, mistakes, mistakes_of

ROUTES = "services/legal/app/routes"
ACCESS = "services/legal/electric/access"
SIGNS = f"{ascii_letters}{digits}/._~-"
ODD_ROUTES = [
    "", "api/", "/a b", "/a;b", "/a{b", "/a}", "/../x", "/a/../b", "/./a", "//", "/a//b", "/a\n", "/a\nb", "/a*",
    "/a|b", "/(a)", "/[a]", "/^a", "/a$", "/a+", "/a?b", "/a#b", "/a%20b", "/$uri", '/a"b', "/a'b", "/a\\b", "/é",
    "~ /a", "= /a",
]  # fmt: skip


@pytest.mark.parametrize(
    "route", ["/api/", "/health", "/a/b/c", "/.well-known/openid-configuration", "/a.b", "/~x/", "/A_b-c/"]
)
def test_a_plain_route_is_accepted(route: str) -> None:
    assert mistakes({ROUTES: [route]}) == []


@pytest.mark.parametrize(
    "route",
    ODD_ROUTES,
)
def test_a_route_that_is_not_plain_is_refused(route: str) -> None:
    assert mistakes({ROUTES: [route]}) == [f"{ROUTES}/0: must be a plain path such as /api/"]


@pytest.mark.parametrize(
    ("first", "second"),
    [("/api/", "/api/v1/"), ("/api/v1/", "/api/"), ("/api/", "/api/"), ("/health", "/health"), ("/api/", "/api/x")],
)
def test_routes_that_overlap_are_refused(first: str, second: str) -> None:
    assert mistakes({ROUTES: [first, second]}) == [f"{ROUTES}/1: overlaps {first}; keep one of the two"]


@pytest.mark.parametrize("second", ["/apis/", "/api", "/health/", "/heal"])
def test_routes_that_only_look_alike_are_accepted(second: str) -> None:
    assert mistakes({ROUTES: ["/api/", "/health", second]}) == []


SEGMENT = st.text("ab", min_size=1, max_size=2)
PLAIN = st.builds(
    lambda segments, end: f"/{'/'.join(segments)}{end}", st.lists(SEGMENT, min_size=1), st.sampled_from(["", "/"])
)


@given(PLAIN, PLAIN)
def test_two_routes_overlap_where_one_request_would_belong_to_both(first: str, second: str) -> None:
    shared = first == second or (first.endswith("/") and second.startswith(first))
    shared = shared or (second.endswith("/") and first.startswith(second))
    overlap = [f"{ROUTES}/1: overlaps {first}; keep one of the two"]
    assert mistakes({ROUTES: [first, second]}) == (overlap if shared else [])


SIGN = st.sampled_from(punctuation) | st.characters()
SPOILED = st.builds(lambda route, sign, at: route[:at] + sign + route[at:], PLAIN, SIGN, st.integers(0, 4))


@settings(max_examples=500)
@given(st.text("/.~_-azAZ09") | SPOILED)
def test_every_route_is_a_plain_path_or_refused(route: str) -> None:
    refusal = f"{ROUTES}/0: must be a plain path such as /api/"
    plain = route.isascii() and route.startswith("/") and not set(route) - set(SIGNS)
    plain = plain and "//" not in route and not {".", ".."} & set(route.split("/"))
    assert (refusal in mistakes({ROUTES: [route]})) != plain


@pytest.mark.parametrize("route", ["/electric/", "/electric", "/electric/v1/shape", "/electric/v1/"])
def test_electrics_path_cannot_be_a_route(route: str) -> None:
    assert mistakes({ROUTES: [route]}) == [f"{ROUTES}/0: /electric/ belongs to Electric; choose another path"]


@pytest.mark.parametrize(
    "route",
    ["/.well-known/acme-challenge/", "/.well-known/acme-challenge", "/.well-known/", "/.well-known/acme-challenge/x/"],
)
def test_the_path_of_certificate_renewal_cannot_be_a_route(route: str) -> None:
    assert mistakes({ROUTES: [route]}) == [
        f"{ROUTES}/0: /.well-known/acme-challenge/ belongs to certificate renewal; choose another path"
    ]


def test_the_app_cannot_serve_the_whole_site_next_to_a_frontend() -> None:
    assert mistakes({ROUTES: ["/"]}) == [f"{ROUTES}/0: / belongs to the frontend; name the app's own paths"]


def test_the_app_can_serve_the_whole_site_without_a_frontend() -> None:
    assert mistakes({ROUTES: ["/"], "services/legal/frontend": REMOVED}) == []


def test_the_route_of_the_whole_site_overlaps_every_other() -> None:
    assert mistakes({ROUTES: ["/", "/api/"], "services/legal/frontend": REMOVED}) == [
        f"{ROUTES}/0: / covers all other routes; keep it alone or remove it"
    ]


def test_a_site_that_serves_nothing_is_refused() -> None:
    assert mistakes({"services/auth/app/routes": []}) == [
        "services/auth/domain: its site leads nowhere; name paths in services/auth/app/routes or leave them out"
    ]


def test_a_site_whose_shapes_need_an_app_without_a_route_is_refused() -> None:
    lines = mistakes({ROUTES: [], "services/legal/frontend": REMOVED, ACCESS: {"kind": "app", "path": "/api/"}})
    assert [line.split(":")[0] for line in lines] == ["services/legal/domain", f"{ACCESS}/path"]


def test_a_site_for_its_frontend_alone_is_accepted() -> None:
    assert mistakes({ROUTES: [], "services/legal/electric": REMOVED}) == []


def test_a_site_for_public_shapes_alone_is_accepted() -> None:
    assert mistakes({ROUTES: [], "services/legal/frontend": REMOVED}) == []


def test_routes_without_a_domain_are_refused() -> None:
    assert mistakes({"services/auth/domain": REMOVED, "services/auth/app/routes": ["/api/"]}) == [
        "services/auth/app/routes: lead nowhere without a domain; set services/auth/domain"
    ]


def test_a_frontend_without_a_domain_is_refused() -> None:
    without = {"services/legal/domain": REMOVED, ROUTES: REMOVED, "services/legal/electric": REMOVED}
    assert mistakes(without) == [
        "services/legal/frontend: nobody can reach it without a domain; set services/legal/domain"
    ]


def test_public_shapes_without_a_domain_are_refused() -> None:
    without = {"services/legal/domain": REMOVED, ROUTES: REMOVED, "services/legal/frontend": REMOVED}
    assert mistakes(without) == ["services/legal/electric/access: public shapes need a site; set services/legal/domain"]


def test_shapes_through_the_app_without_a_domain_are_refused() -> None:
    without = {"services/legal/domain": REMOVED, ROUTES: REMOVED, "services/legal/frontend": REMOVED}
    assert mistakes({**without, ACCESS: {"kind": "app", "path": "/api/"}}) == [
        f"{ACCESS}/path: no route leads it to the app; add it to services/legal/app/routes"
    ]


def test_electric_without_a_database_is_refused() -> None:
    assert mistakes({"services/legal/database": REMOVED}) == [
        "services/legal/electric: there is no database to sync from; declare services/legal/database"
    ]


def test_migrations_without_a_database_are_refused() -> None:
    assert mistakes({"services/auth/database": REMOVED, "services/auth/app/migrate": ["/bin/app"]}) == [
        "services/auth/app/migrate: there is no database to migrate; declare services/auth/database"
    ]


@pytest.mark.parametrize("path", ["/api/electric/", "/api/shape", "/api/"])
def test_shapes_through_the_app_need_a_route_of_the_app(path: str) -> None:
    assert mistakes({ACCESS: {"kind": "app", "path": path}}) == []


@pytest.mark.parametrize("path", ["/shapes/", "/", "/ap"])
def test_shapes_through_the_app_outside_of_its_routes_are_refused(path: str) -> None:
    assert mistakes({ACCESS: {"kind": "app", "path": path}}) == [
        f"{ACCESS}/path: no route leads it to the app; add it to services/legal/app/routes"
    ]


@pytest.mark.parametrize("path", ["/electric/", "/electric/v1/shape"])
def test_shapes_through_the_app_cannot_have_electrics_path(path: str) -> None:
    raw = changed(SMALL, {ACCESS: {"kind": "app", "path": path}, ROUTES: REMOVED, "services/legal/frontend": REMOVED})
    assert mistakes_of(raw) == [f"{ACCESS}/path: /electric/ belongs to Electric; choose another path"]


def test_shapes_through_the_app_may_have_the_whole_site() -> None:
    raw = changed(SMALL, {ACCESS: {"kind": "app", "path": "/"}, ROUTES: REMOVED, "services/legal/frontend": REMOVED})
    assert mistakes_of(raw) == []


def test_a_buffer_at_the_path_of_shapes_is_refused() -> None:
    routes = {"/api/electric/": {"buffering": True}}
    assert mistakes({ROUTES: routes, ACCESS: {"kind": "app", "path": "/api/electric/"}}) == [
        f"{ROUTES}//api/electric//buffering: changes of Electric's rows must arrive at once there; remove it"
    ]


def test_a_buffer_on_a_route_around_the_shapes_is_accepted() -> None:
    access = {"kind": "app", "path": "/api/electric/"}
    assert mistakes({ROUTES: {"/api/": {"buffering": True}}, ACCESS: access}) == []
