"""`${NAME}` in the values of `env`: the names that each part of a service has."""

from collections.abc import Mapping

import pytest

from settings import parse
from settings.variables import given_names

from .stack import SMALL, changed, mistakes

LEGAL = "services/legal"
LITERAL = "or write $${ for a literal ${"
APP = ["PORT", "PHX_SERVER", "SECRET_KEY_BASE", "PHX_HOST", "DATABASE_URL", "POOL_SIZE", "ELECTRIC_URL"]
APP += ["ELECTRIC_SECRET"]


SECRET = {f"{LEGAL}/app/secrets": ["STRIPE_KEY"], "legal_STRIPE_KEY": "not-a-secret"}


def of_env(value: str, part: str = "app", changes: Mapping[str, object] | None = None) -> list[str]:
    """Returns the mistakes in a variable KEY of a part of the service legal."""
    path = f"{LEGAL}/{part}/env/KEY"
    return [line.removeprefix(f"{path}: ") for line in mistakes({path: value, **(changes or {})})]


@pytest.mark.parametrize("name", APP)
def test_a_value_may_name_each_variable_that_the_platform_gives_to_the_app(name: str) -> None:
    assert of_env(f"a ${{{name}}} b") == []


def test_a_value_may_name_a_secret_of_the_app() -> None:
    assert of_env("${STRIPE_KEY}", changes=SECRET) == []


def test_a_value_may_name_the_url_of_a_called_service() -> None:
    assert of_env("${AUTH_URL}/jwks", changes={f"{LEGAL}/app/calls": ["auth"]}) == []


def test_an_unknown_name_is_refused_with_the_names_that_there_are() -> None:
    assert of_env("${STRIPE_KEY}") == [
        f"${{STRIPE_KEY}} is not given to this part; use one of {', '.join(sorted(APP))}, "
        f"name a secret in {LEGAL}/app/secrets, {LITERAL}"
    ]


def test_a_name_that_depends_on_another_setting_is_refused_without_it() -> None:
    path = "services/auth/app/env"
    for name in ("REDIS_URL", "ELECTRIC_URL", "LEGAL_URL"):
        [line] = mistakes({path: {"KEY": f"${{{name}}}"}})
        assert line.startswith(
            f"{path}/KEY: ${{{name}}} is not given to this part; use one of DATABASE_URL, PHX_HOST, "
        )


def test_another_variable_of_env_is_refused_so_there_is_no_cycle() -> None:
    lines = mistakes({f"{LEGAL}/app/env": {"A": "${B}", "B": "${A}"}})
    assert [line.partition(";")[0] for line in lines] == [
        f"{LEGAL}/app/env/A: ${{B}} is another variable of env, which cannot be used here",
        f"{LEGAL}/app/env/B: ${{A}} is another variable of env, which cannot be used here",
    ]


def test_a_frontend_has_its_port_alone() -> None:
    assert of_env("${PORT}", "frontend") == []
    assert of_env("${PHX_HOST}", "frontend") == [f"${{PHX_HOST}} is not given to this part; use one of PORT, {LITERAL}"]


def test_electric_has_its_own_variables_and_no_secret_of_the_app() -> None:
    assert of_env("${DATABASE_URL} ${ELECTRIC_MAX_SHAPES}", "electric") == []
    [line] = of_env("${STRIPE_KEY}", "electric", SECRET)
    assert line.startswith("${STRIPE_KEY} is not given to this part; use one of CLEANUP_")


@pytest.mark.parametrize("value", ["$", "$PORT", "$$", "US$ 5", "{PORT}", "$(id)", "$${PORT}", "$${", "$$${{", "a}"])
def test_a_dollar_without_a_brace_and_a_doubled_one_name_nothing(value: str) -> None:
    assert of_env(value) == []


@pytest.mark.parametrize("value", ["${PORT", "a ${", "${A${PORT}", "${PORT} ${"])
def test_a_brace_that_is_not_closed_is_refused(value: str) -> None:
    [line] = of_env(value)
    assert line.startswith("${ has no } after it; use one of ")


@pytest.mark.parametrize("value", ["${}", "${s3cr3t!}", "${PORT:-4000}", "${ PORT }"])
def test_what_is_no_name_is_refused_and_not_shown(value: str) -> None:
    [line] = of_env(value)
    assert line.startswith("${...} contains no name; use one of ")


def test_every_wrong_name_has_its_own_line() -> None:
    assert len(of_env("${ONE} ${TWO} ${ONE} ${PORT} ${")) == 3


def test_a_service_of_four_lines_has_three_variables() -> None:
    settings = parse(changed(SMALL, {"services/bare": {"app": {"image": "a", "memory_mb": 64}}}))
    assert given_names(settings.services["bare"], "app") == ["PORT", "PHX_SERVER", "SECRET_KEY_BASE"]
