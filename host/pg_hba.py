"""pg-hba: write the platform's pg_hba.conf and pg_ident.conf, which say who may log in to PostgreSQL, and from where.

Safe to run again from any state: it ends with the same files, or with the old ones if PostgreSQL refuses the new ones.
"""

import argparse
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import docker, files, fingerprints, psql
from .failure import Failure
from .fingerprints import Fingerprint

MIN_VERSION = 160000
LOAD_TIMEOUT_S = 10
POLL_S = 0.1
NO_LOGIN = """postgres: the role postgres cannot log in over the socket in its container: begin pg_hba.conf with
  local all postgres peer, or trust, reload it (pg_ctl reload), then run up again"""
TOO_OLD = "postgres/image: is older than PostgreSQL 16, whose rules for logins the platform needs: use 16 or newer"
PASSES_BY_ITSELF = re.compile(
    "starting up|shutting down|recovery|too many clients|connection slots|No such file|Connection refused"
    "|OCI runtime|is not running|is restarting|No such container"
)
FILES = "SELECT current_setting('hba_file'); SELECT current_setting('ident_file');"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="PostgreSQL's")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `hba` and `ident`, the texts of the two files; `fingerprint`, which is stored for them."""
    postgres = psql.Postgres(args.container)
    try:
        hba, ident = postgres.query(FILES).splitlines()
    except psql.SqlError as error:
        raise psql.failure("postgres", error) if PASSES_BY_ITSELF.search(str(error)) else Failure(NO_LOGIN) from None
    try:
        if int(postgres.query("SHOW server_version_num")) < MIN_VERSION:
            raise Failure(TOO_OLD)
        postgres.query(files.sql("pg_hba_roles"), exclusive=True)
        Rules(postgres, {hba: inputs["hba"], ident: inputs["ident"]}).apply()
        # The role postgres logs in over the socket alone.
        postgres.query("ALTER ROLE postgres PASSWORD NULL;")
        checksum = hashlib.md5((inputs["hba"] + inputs["ident"]).encode(), usedforsecurity=False).hexdigest()
        fingerprints.save(postgres, [Fingerprint("access/platform", "access", checksum, inputs["fingerprint"])])
    except psql.SqlError as error:
        raise psql.failure("postgres", error) from None


@dataclass(frozen=True)
class Rules:
    """The new texts of PostgreSQL's files, by their paths in its container."""

    postgres: psql.Postgres
    texts: Mapping[str, str]

    def apply(self) -> None:
        """Returns once PostgreSQL has read the new files. Raises a `Failure` once the old ones are back."""
        for path, text in self.texts.items():
            result = self._script("write_rules", path, stdin=text)
            if result.code:
                raise self._revert(f"the new pg_hba.conf cannot be written ({result.error.strip()})")
        try:
            self._reload()
        except psql.SqlError as error:
            raise self._revert(f"the new pg_hba.conf refuses the platform itself ({error})") from None
        docker.execute(self.postgres.container, ["rm", "-f", *(f"{path}.previous" for path in self.texts)])

    def _reload(self) -> None:
        if errors := self.postgres.query(files.sql("pg_hba_errors")).strip():
            raise self._revert(f"PostgreSQL refuses the new pg_hba.conf ({errors})")
        before = self.postgres.query("SELECT pg_conf_load_time() FROM pg_reload_conf();")
        end = time.monotonic() + LOAD_TIMEOUT_S
        while self.postgres.query("SELECT pg_conf_load_time();") == before:
            if time.monotonic() >= end:
                raise self._revert(f"PostgreSQL did not load the new pg_hba.conf in {LOAD_TIMEOUT_S} s")
            time.sleep(POLL_S)

    def _revert(self, reason: str) -> Failure:
        result = self._script("revert_rules", *self.texts)
        if result.code:
            path = next(iter(self.texts))
            copy = f"{path}.previous in the container"
            problem = f"the old one could not be put back ({result.error.strip()}): it is {copy}"
            return Failure(f"postgres: {reason}; {problem}")
        return Failure(f"postgres: {reason}; the old pg_hba.conf is back")

    def _script(self, name: str, *words: str, stdin: str = "") -> docker.Output:
        return docker.execute(self.postgres.container, ["sh", "-c", files.shell(name), name, *words], stdin=stdin)
