"""A compromised service: what its own container can do to others on the running platform."""

import json
from typing import Any

import pytest

from tests.planted import BETTER_MATCHES, OBJECTS, TRAP

from .platform import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.one_runner]
AUTH, LEGAL = "sertantai_auth_local", "sertantai_legal_local"
# Queries its own migrations' table, and runs more than that.
VIEW = """
ALTER TABLE public.schema_migrations RENAME TO kept_migrations;
CREATE VIEW public.schema_migrations AS SELECT version, inserted_at, public.trap() FROM public.kept_migrations;
"""
UNDO = """
DROP VIEW public.schema_migrations;
ALTER TABLE public.kept_migrations RENAME TO schema_migrations;
DROP TABLE public.kept;
DROP FUNCTION public.trap() CASCADE;
DROP FUNCTION public.pg_advisory_lock(int), public.format(text, name), public.format(text, name, name);
DROP FUNCTION public.is_it(oid, int), public.is_it(name, name), public.is_it("char", text) CASCADE;
DROP TYPE public.pair CASCADE;
DROP FUNCTION IF EXISTS public.on_change();
"""
CONNECT = "import json, os, psycopg2\nurl = os.environ['DATABASE_URL']\n"


def in_app(platform: Platform, program: str) -> Any:
    """Returns the JSON output of a program in legal's app, with the app's environment."""
    [container] = platform.containers(service="legal", part="app")
    code, output = container.exec_run(["python3", "-c", CONNECT + program])
    text = bytes(output).decode()  # type: ignore[arg-type]
    assert code == 0, text
    return json.loads(text)


def test_code_planted_in_its_database_does_not_run_as_superuser_at_the_next_up(platform: Platform) -> None:
    login = in_app(platform, "print(json.dumps(url.split('//')[1].split(':')[0]))")
    planted = (TRAP + VIEW + BETTER_MATCHES + OBJECTS).format(login=login)
    in_app(platform, f"c = psycopg2.connect(url)\nc.cursor().execute({planted!r})\nc.commit()\nprint(json.dumps(1))")
    try:
        platform.services["legal"]["database"]["pool_size"] = 9
        platform.services["legal"]["electric"]["pool_size"] = 7
        platform.services["legal"]["app"]["migrate_generation"] = 1
        up = platform.up()
        assert up.ok, up.why
        assert {"legal-database-sql", "legal-electric-sql", "legal-migrate"} <= up.touched()
        assert platform.sql("SELECT rolname FROM pg_roles WHERE rolsuper") == "postgres"
    finally:
        platform.sql(UNDO, LEGAL)


def test_it_can_use_no_other_database_and_no_other_role(platform: Platform) -> None:
    said = in_app(
        platform,
        f"""
tries = {{"auth's database": {{"dbname": "{AUTH}"}}, "the platform's": {{"dbname": "postgres"}},
         "the superuser": {{"user": "postgres", "password": "postgres"}},
         "auth's owner": {{"user": "{AUTH}_owner"}}}}
said = {{}}
for name, other in tries.items():
    try:
        psycopg2.connect(url, **other)
    except psycopg2.OperationalError as error:
        said[name] = str(error)
print(json.dumps(said))""",
    )
    assert set(said) == {"auth's database", "the platform's", "the superuser", "auth's owner"}
    assert all("pg_hba.conf" in error for error in said.values()), said


def test_it_takes_no_connection_from_other_services(platform: Platform) -> None:
    program = """
held = []
try:
    while len(held) < 200:
        held.append(psycopg2.connect(url))
except psycopg2.OperationalError as error:
    import urllib.request
    other = urllib.request.urlopen(os.environ["AUTH_URL"] + "/ready").status
    print(json.dumps([len(held), str(error), other]))"""
    count, error, other = in_app(platform, program)
    assert count < 40
    assert "too many connections for role" in error
    assert other == 200
    assert platform.get("auth.localhost", "/api/items").status_code == 200
