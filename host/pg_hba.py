"""pg-hba: who may log in to PostgreSQL, and from where: its pg_hba.conf and pg_ident.conf become the platform's.

Safe to run again from any state: it ends in the same files, or in the old ones where PostgreSQL refuses the new.
"""

import argparse
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import docker, files, fingerprints, psql
from .failure import Failure
from .fingerprints import Fingerprint

OLDEST = 160000
LOAD_TIMEOUT_S = 10
PAUSE_S = 0.1
NO_WAY_IN = """postgres: the role postgres cannot log in over the socket in its container: let pg_hba.conf begin with
  local all postgres peer, or trust, reload it (pg_ctl reload), then run up again"""
TOO_OLD = "postgres/image: is older than PostgreSQL 16, whose rules for logins the platform uses: take 16 or newer"
FILES = "SELECT current_setting('hba_file'); SELECT current_setting('ident_file');"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="PostgreSQL's")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `hba` and `ident`, the texts of the two files; `fingerprint`, which is left for them."""
    postgres = psql.Postgres(given.container)
    try:
        hba, ident = postgres.ask(FILES).splitlines()
    except psql.SqlError:
        raise Failure(NO_WAY_IN) from None
    try:
        if int(postgres.ask("SHOW server_version_num")) < OLDEST:
            raise Failure(TOO_OLD)
        postgres.ask(files.sql("pg_hba_roles"), alone=True)
        Rules(postgres, {hba: told["hba"], ident: told["ident"]}).change()
        # The role postgres logs in over the socket alone.
        postgres.ask("ALTER ROLE postgres PASSWORD NULL;")
        checksum = hashlib.md5((told["hba"] + told["ident"]).encode(), usedforsecurity=False).hexdigest()
        fingerprints.leave(postgres, [Fingerprint("access/platform", "access", checksum, told["fingerprint"])])
    except psql.SqlError as error:
        raise psql.failed("postgres", error) from None


@dataclass(frozen=True)
class Rules:
    """Files of PostgreSQL's own, by their paths in its container, with the texts that they are to have."""

    postgres: psql.Postgres
    texts: Mapping[str, str]

    def change(self) -> None:
        """PostgreSQL has read the new files when this returns; otherwise the old ones are back."""
        for path, text in self.texts.items():
            done = self._script("rules_put", path, stdin=text)
            if done.code:
                raise self._back(f"the new pg_hba.conf cannot be written ({done.error.strip()})")
        try:
            self._load()
        except psql.SqlError as error:
            raise self._back(f"the new pg_hba.conf refuses the platform itself ({error})") from None
        docker.execute(self.postgres.container, ["rm", "-f", *(f"{path}.previous" for path in self.texts)])

    def _load(self) -> None:
        if errors := self.postgres.ask(files.sql("pg_hba_errors")).strip():
            raise self._back(f"PostgreSQL refuses the new pg_hba.conf ({errors})")
        before = self.postgres.ask("SELECT pg_conf_load_time() FROM pg_reload_conf();")
        end = time.monotonic() + LOAD_TIMEOUT_S
        while self.postgres.ask("SELECT pg_conf_load_time();") == before:
            if time.monotonic() >= end:
                raise self._back(f"PostgreSQL did not load the new pg_hba.conf in {LOAD_TIMEOUT_S} s")
            time.sleep(PAUSE_S)

    def _back(self, reason: str) -> Failure:
        done = self._script("rules_back", *self.texts)
        if done.code:
            path = next(iter(self.texts))
            what = f"the old one could not be put back ({done.error.strip()}): it is {path}.previous in the container"
            return Failure(f"postgres: {reason}; {what}")
        return Failure(f"postgres: {reason}; the old pg_hba.conf is back")

    def _script(self, name: str, *words: str, stdin: str = "") -> docker.Output:
        return docker.execute(self.postgres.container, ["sh", "-c", files.shell(name), name, *words], stdin=stdin)
