"""On the operator's machine: reads a dump, sends it to the host, and restores it there.

`python -m components.service.restore_program`
"""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from render import verb
from render.archive import Archive, read
from render.archive_format import Unreadable

PIECE = 1 << 20
TRIES = 3
BAR = 30
WHOLE = "whole"


@dataclass(frozen=True, kw_only=True)
class Restore:
    """A dump with its SHA-256 `digest`, and its target database. `program` is the command for verbs on the host."""

    service: str
    dump: str
    digest: str
    replace: bool
    disable_triggers: bool
    program: Sequence[str]
    stack: str
    database: str
    postgres: str
    gateway: str
    expect: Mapping[str, int]
    inputs: Mapping[str, Any]
    """The stdin of restore-load, without the dump's description."""
    backup: str | None = None
    """The backup container."""

    @property
    def path(self) -> str:
        """The path of its setting."""
        return f"services/{self.service}/restore"

    def run(self) -> None:
        """Restores the dump, unless PostgreSQL has it. Exits if that fails."""
        inputs = dict(self.inputs)
        query = restored_query(self.database, self.postgres, self.inputs["owner"])
        if self.digest not in dump_paths(self.read(*query)):
            archive, mistakes = open_dump(self.path, self.dump, self.expect)
            if mistakes or not archive:
                sys.exit("\n".join(mistakes))
            self.send()
            inputs |= describe_dump(archive, self.dump)
        line = verb.line(
            "restore-load",
            self.service,
            self.database,
            self.digest,
            stack=self.stack,
            postgres=self.postgres,
            gateway=self.gateway,
            backup=self.backup,
            **option_flags(self.replace, self.disable_triggers),
        )
        self.call(line, verb.stdin(inputs), stdout=None)

    def check(self) -> None:
        """Prints, as JSON, what would prevent the restore, and how much the dump has. Changes nothing."""
        archive, mistakes = open_dump(self.path, self.dump, self.expect)
        if mistakes or not archive:
            sys.exit("\n".join(mistakes))
        line = verb.line(
            "restore-check",
            self.service,
            self.database,
            postgres=self.postgres,
            **option_flags(self.replace, self.disable_triggers),
        )
        output = self.read(line, verb.stdin({**describe_dump(archive, self.dump), **self.inputs}))
        try:
            answer = json.loads(output)
        except ValueError:
            sys.exit("server: does not run commands as expected; `./sertantai ssh`: what does its shell print?")
        tables = archive.restored_tables()
        answer |= {"tables": len(tables), "rows": sum(table.rows for table in tables)}
        sys.stdout.write(f"{json.dumps(answer)}\n")

    def read(self, line: str, stdin: str = "") -> str:
        """Calls a verb on the host and returns what it prints. Exits if it fails."""
        return self.call(line, stdin, stdout=subprocess.PIPE)

    def call(self, line: str, stdin: str, stdout: int | None) -> str:
        """Calls a verb on the host. Exits if it fails."""
        result = subprocess.run([*self.program, line], input=stdin, stdout=stdout, text=True)
        if result.returncode:
            sys.exit(result.returncode)
        return result.stdout or ""

    def send(self) -> None:
        """Sends the dump to the host, from the first byte that has not arrived yet. Exits if that fails."""
        size = Path(self.dump).stat().st_size
        line = verb.line("restore-arrived", self.service, self.digest, stack=self.stack, size=size)
        for tries_left in reversed(range(TRIES + 1)):
            arrived = self.read(line).strip()
            if arrived == WHOLE:
                return
            if tries_left:
                self._send(size, int(arrived))
        sys.exit(
            f"{self.path}/dump: {self.dump} could not be sent whole in {TRIES} tries; "
            "run up again: it continues from there"
        )

    def _send(self, size: int, start: int) -> None:
        line = verb.line("restore-receive", self.service, self.digest, stack=self.stack, start=start)
        shown_tenth = start * 10 // size
        with Path(self.dump).open("rb") as file:
            file.seek(start)
            host = subprocess.Popen([*self.program, line], stdin=subprocess.PIPE)
            assert host.stdin
            try:
                while piece := file.read(PIECE):
                    host.stdin.write(piece)
                    tenth = file.tell() * 10 // size
                    if tenth > shown_tenth and size > 10 * PIECE:
                        shown_tenth = tenth
                        self._print_progress(tenth, size)
                host.stdin.close()
            except OSError:  # the connection broke: the host keeps what has arrived
                host.kill()
            host.wait()

    def _print_progress(self, tenth: int, size: int) -> None:
        bar = "#" * (BAR * tenth // 10)
        sys.stdout.write(f"{self.service}/restore: sending [{bar:{BAR}}] {tenth * 10} % of {size / 10**6:,.0f} MB\n")
        sys.stdout.flush()


def restored_query(database: str, postgres: str, owner: str) -> tuple[str, str]:
    """Returns the line and the stdin of the verb that lists the dumps of a database."""
    return verb.line("restored", database, postgres=postgres), verb.stdin({"owner": owner})


def dump_paths(output: str) -> dict[str, str]:
    """Returns the paths of the dumps in that verb's output, by their digests. The newest comes first."""
    return {dump["digest"]: dump["path"] for dump in json.loads(output or "[]")}


def option_flags(replace: bool, disable_triggers: bool) -> dict[str, str | int | Sequence[str] | None]:
    """Returns a restore's settings as options without a value, for a verb's line."""
    return {"replace": [] if replace else None, "disable_triggers": [] if disable_triggers else None}


def open_dump(path: str, dump: str, expect: Mapping[str, int]) -> tuple[Archive | None, list[str]]:
    """Reads a dump. Returns its contents, or None if it cannot be read, and its mistakes, one line each."""
    try:
        with Path(dump).open("rb") as file:
            archive = read(file)
    except Unreadable as error:
        return None, [f"{path}/dump: {dump} {error}"]
    except OSError as error:
        return None, [f"{path}/dump: {dump} cannot be read ({error.strerror}): name an existing dump"]
    return archive, [f"{path}/expect/{table}: {mistake}" for table, mistake in archive.row_count_mistakes(expect)]


def describe_dump(archive: Archive, dump: str) -> dict[str, Any]:
    """Returns the description of a dump that restore-check and restore-load read."""
    return {
        "dump": archive.description(),
        "size_mb": archive.size // 10**6,
        "file_mb": Path(dump).stat().st_size // 10**6,
    }


def main(words: Sequence[str]) -> None:
    """Runs `legal dumps/legal.dump --digest 1a2b... [--replace] [--disable-triggers]`. Stdin: the rest, as JSON.

    With `--check` in place of the digest, it compares the dump with the database.
    """
    parser = argparse.ArgumentParser(prog="restore")
    parser.add_argument("service")
    parser.add_argument("dump")
    parser.add_argument("--digest", default="")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--replace", action="store_true")
    parser.add_argument("--disable-triggers", action="store_true")
    arguments = parser.parse_args(shlex.split(words[0]) if len(words) == 1 else words)
    is_check = vars(arguments).pop("check")
    restore = Restore(**vars(arguments), **json.load(sys.stdin))
    if is_check:
        restore.check()
    else:
        restore.run()


if __name__ == "__main__":
    main(sys.argv[1:])
