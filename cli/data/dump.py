"""Dumps another database of a service, such as the one on a laptop, in the form that `restore` needs."""

import difflib
import os
import re
import shutil
import subprocess
from typing import IO
from urllib.parse import unquote_to_bytes, urlsplit, urlunsplit

from rich.table import Table

from render.archive import EXCLUDED_TABLES, MIGRATIONS, Archive, read
from render.archive_format import Unreadable
from settings.stack_file import read_all

from ..engine.engine import ROOT, console
from ..refused import Refused

# A restore excludes these tables. It compares the versions of the migrations, so that table stays in the dump.
EXCLUDED = [name for name in EXCLUDED_TABLES if name != MIGRATIONS]
# Parameters of a URL that libpq does not read from the environment.
SECRET_PARAMETERS = ("sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


def make_dump(service: str, source: str, to: str) -> None:
    """Writes the dump to `to`, atomically, and prints what it contains. Raises `Refused`."""
    services = _services()
    if service not in services:
        close = difflib.get_close_matches(service, services, n=1)
        raise Refused(
            f"{service}: no stack file has such a service; "
            + (f"did you mean {close[0]}?" if close else "name one of them")
        )
    url, environment = _without_password(source)
    server, client = _server_version(url, environment), _client_version()
    if client < server:
        raise Refused(
            f"pg_dump: is version {client} and the source server is {server}: install postgresql-client-{server}"
        )
    target = ROOT / to
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        options = ["--format=custom", "--data-only", "--no-owner", "--no-acl"]
        excluded = [f"--exclude-table-data={name}" for name in EXCLUDED]
        with part.open("wb") as file:
            _output(["pg_dump", f"--dbname={url}", *options, *excluded], environment, file)
        with part.open("rb") as file:
            archive = read(file)
        part.replace(target)
    except Unreadable as error:
        raise Refused(f"--from: its dump {error}") from None
    finally:
        part.unlink(missing_ok=True)
    print_summary(service, to, archive)


def print_summary(service: str, to: str, archive: Archive, more: str = "") -> None:
    """Prints what a dump contains, and the block that restores it. `more` are further settings of that block."""
    table = Table("table", "rows")
    table.columns[1].justify = "right"
    for restored in archive.restored_tables():
        table.add_row(str(restored), f"{restored.rows:,}")
    console.print(table)
    largest = max(archive.restored_tables(), key=lambda restored: restored.rows, default=None)
    expect = (
        f", expect: {{{largest}: {largest.rows}}}" if largest and re.fullmatch(r"[a-z0-9_.]+", str(largest)) else ""
    )
    console.print(f"Wrote {to}. To restore it once, with the next `up`:", soft_wrap=True)
    console.print(f"  sertantai:services: {{{service}: {{restore: {{dump: {to}{expect}{more}}}}}}}", soft_wrap=True)


def _services() -> list[str]:
    return [name for file in read_all(ROOT) for name in file.block("services")]


def _without_password(source: str) -> tuple[str, dict[str, str]]:
    """Returns the URL without its password, for command lines, and the environment with the password."""
    try:
        parts = urlsplit(source)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("postgresql", "postgres", "ecto") or not parts.path.strip("/"):
        raise Refused("--from: must be a URL such as postgresql://postgres@localhost:5432/sertantai_legal_dev")
    # With one of these characters, a part of the password would be parsed as a path or query and stay in the URL.
    if "@" in parts.path + parts.query or "#" in source:
        raise Refused("--from: / ? # and @ in a password must be written as %2F %3F %23 and %40")
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    host = parts.netloc.rpartition("@")[2]
    kept = []
    for pair in parts.query.split("&") if parts.query else []:
        name, _, value = pair.partition("=")
        if _decoded(name) in SECRET_PARAMETERS:
            raise Refused(
                f"--from: {_decoded(name)} would be visible in the list of processes: "
                "write it to ~/.pg_service.conf, and name its service with ?service="
            )
        if _decoded(name) == "password":
            password = value
        else:
            kept.append(pair)
    url = urlunsplit(("postgresql", f"{user}@{host}" if user else host, parts.path, "&".join(kept), ""))
    environment = dict(os.environ)
    if password:
        environment["PGPASSWORD"] = _decoded(password)
    return url, environment


def _decoded(word: str) -> str:
    """Decodes a part of a URL like libpq: %XX is a byte, and + is itself."""
    decoded = unquote_to_bytes(word)
    if b"\0" in decoded:
        raise Refused("--from: must not contain %00")
    return os.fsdecode(decoded)


def _server_version(url: str, environment: dict[str, str]) -> int:
    return (
        int(_output(["psql", "-X", "-A", "-t", "-w", f"--dbname={url}", "-c", "SHOW server_version_num"], environment))
        // 10000
    )


def _client_version() -> int:
    match = re.search(r"\) (\d+)", _output(["pg_dump", "--version"], dict(os.environ)))
    if not match:
        raise Refused("pg_dump: does not print its version: install PostgreSQL's own client")
    return int(match[1])


def _output(command: list[str], environment: dict[str, str], into: IO[bytes] | None = None) -> str:
    if not shutil.which(command[0]):
        raise Refused(f"{command[0]}: is not on this machine: install PostgreSQL's client (postgresql-client)")
    result = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=into or subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if result.returncode:
        first = (result.stderr.strip() or "it does not answer").splitlines()[0]
        raise Refused(f"--from: {first.removeprefix('psql: error: ').removeprefix('pg_dump: error: ')}")
    if result.stderr:
        console.print(result.stderr.strip(), soft_wrap=True)
    return (result.stdout or "").strip()
