"""Secrets: each has its own key, encrypted unless the host is local."""

import pytest

from .stack import FULL, REMOVED, SECRETS, SMALL, changed, mistakes, mistakes_of

LONG = "k" * 64


def test_a_secret_without_a_value_is_reported() -> None:
    assert mistakes({"services/legal/app/secrets": ["STRIPE_KEY"]}) == [
        "services/legal/app/secrets/0: the config secret legal_STRIPE_KEY is missing; "
        "set it with `pulumi config set --secret legal_STRIPE_KEY`"
    ]


def test_a_secret_of_another_service_is_not_used() -> None:
    secrets = {"services/legal/app/secrets": ["KEY"], "services/auth/app/secrets": ["KEY"], "auth_KEY": "x"}
    (line,) = mistakes(secrets)
    assert line.startswith("services/legal/app/secrets/0: the config secret legal_KEY is missing")


def test_a_secret_that_is_in_the_environment_too_is_refused() -> None:
    assert mistakes_of(changed(FULL, {"services/legal/app/env/STRIPE_KEY": "x"})) == [
        "services/legal/app/secrets/0: STRIPE_KEY is in env too; keep it in one of the two"
    ]


def test_a_secret_named_like_a_variable_of_the_platform_is_refused() -> None:
    raw = changed(SMALL, {"services/legal/app/secrets": ["DATABASE_URL"], "legal_DATABASE_URL": "x"})
    assert mistakes_of(raw) == [
        "services/legal/app/secrets/DATABASE_URL: is given by the platform; change ../database instead"
    ]


def test_a_registry_without_its_token_is_refused() -> None:
    assert mistakes({"registry": {"username": "someone"}}) == [
        "registry_token: the config secret is missing; set it with `pulumi config set --secret registry_token`"
    ]


@pytest.mark.parametrize("key", SECRETS)
def test_a_secret_in_plain_text_is_refused_on_a_real_host(key: str) -> None:
    assert mistakes_of(FULL, set(SECRETS) - {key}) == [
        f"{key}: is a secret in plain text; set it again with `pulumi config set --secret {key}`"
    ]


def test_a_secret_in_plain_text_is_accepted_on_the_local_host() -> None:
    assert mistakes({"auth_SECRET_KEY_BASE": LONG, "auth_DATABASE_PASSWORD": "x"}) == []


def test_a_secret_in_plain_text_is_refused_on_an_unknown_host() -> None:
    key = "auth_DATABASE_PASSWORD"
    lines = mistakes({"host": REMOVED, key: "x"})
    assert f"{key}: is a secret in plain text; set it again with `pulumi config set --secret {key}`" in lines


@pytest.mark.parametrize("key", ["host", "services", "postgres"])
def test_settings_that_are_encrypted_are_refused(key: str) -> None:
    assert mistakes_of(FULL, {*SECRETS, key}) == [
        f"{key}: is encrypted, but holds settings; keep each secret under its own key"
    ]


def test_a_secret_that_no_service_uses_is_unknown() -> None:
    assert mistakes_of({**SMALL, "legal_STRIPE_KEY": "x"}) == [
        "legal_STRIPE_KEY: is not a known setting; name it in services/legal/app/secrets or remove it"
    ]


def test_a_misspelt_secret_is_named_with_a_similar_one() -> None:
    assert mistakes({"legal_SECRET_KEYBASE": LONG}) == [
        "legal_SECRET_KEYBASE: is not a known setting; did you mean legal_SECRET_KEY_BASE?"
    ]


def test_a_secret_of_a_missing_service_is_unknown() -> None:
    (line,) = mistakes({"enforcement_SECRET_KEY_BASE": LONG})
    assert line.startswith("enforcement_SECRET_KEY_BASE: is not a known setting")


@pytest.mark.parametrize(
    "name", ["SECRET_KEY_BASE", "ELECTRIC_SECRET", "DATABASE_PASSWORD", "ELECTRIC_DATABASE_PASSWORD", "REDIS_PASSWORD"]
)
def test_a_generated_secret_may_be_overridden(name: str) -> None:
    assert mistakes_of(changed(FULL, {f"legal_{name}": LONG}), {*SECRETS, f"legal_{name}"}) == []


def test_a_password_that_all_services_would_share_is_refused() -> None:
    assert mistakes({"REDIS_PASSWORD": "x", "POSTGRES_PASSWORD": "x"}) == [
        "REDIS_PASSWORD: each service has its own password; set <service>_REDIS_PASSWORD, or remove it",
        "POSTGRES_PASSWORD: the role postgres has no password any more; remove it",
    ]


@pytest.mark.parametrize("key", ["legal_ELECTRIC_SECRET", "legal_DATABASE_PASSWORD"])
def test_an_empty_secret_is_refused(key: str) -> None:
    assert mistakes({key: ""}) == [f"{key}: is empty; set it with `pulumi config set --secret {key}`, or remove it"]


def test_a_key_base_that_phoenix_would_refuse_is_refused() -> None:
    assert mistakes({"legal_SECRET_KEY_BASE": "k" * 63}) == [
        "legal_SECRET_KEY_BASE: must be 64 characters or more, or Phoenix refuses it; remove it to generate one"
    ]


def test_a_key_base_that_is_still_encrypted_is_not_measured() -> None:
    raw = changed(FULL, {"legal_SECRET_KEY_BASE": {"secure": "v1:x"}})
    assert mistakes_of(raw, {*SECRETS, "legal_SECRET_KEY_BASE"}) == []
