"""On the operator's machine: looks into a dump, sends it to the host, and has it put in there.

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
    """A dump with its SHA-256 `digest`, and the database it goes into; `program` calls verbs on the host."""

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
    told: Mapping[str, Any]
    """What restore-load reads in addition to the dump's description."""

    @property
    def path(self) -> str:
        """The path of its setting."""
        return f"services/{self.service}/restore"

    def run(self) -> None:
        """Puts the dump in, unless PostgreSQL has it. Exits if that fails."""
        told = dict(self.told)
        if self.digest not in digests(self.read(*restored(self.database, self.postgres, self.told["owner"]))):
            archive, mistakes = opened(self.path, self.dump, self.expect)
            if mistakes or not archive:
                sys.exit("\n".join(mistakes))
            self.send()
            told |= described(archive, self.dump)
        line = verb.line(
            "restore-load",
            self.service,
            self.database,
            self.digest,
            stack=self.stack,
            postgres=self.postgres,
            gateway=self.gateway,
            **flags(self.replace, self.disable_triggers),
        )
        self.call(line, verb.stdin(told), stdout=None)

    def read(self, line: str, told: str = "") -> str:
        """What a verb prints."""
        return self.call(line, told, stdout=subprocess.PIPE)

    def call(self, line: str, told: str, stdout: int | None) -> str:
        """Calls a verb on the host; exits if it fails."""
        done = subprocess.run([*self.program, line], input=told, stdout=stdout, text=True)
        if done.returncode:
            sys.exit(done.returncode)
        return done.stdout or ""

    def send(self) -> None:
        """Sends the dump to the host and continues after the bytes that have arrived already."""
        size = Path(self.dump).stat().st_size
        ask = verb.line("restore-arrived", self.service, self.digest, stack=self.stack, size=size)
        for left in reversed(range(TRIES + 1)):
            arrived = self.read(ask).strip()
            if arrived == WHOLE:
                return
            if left:
                self._send(size, int(arrived))
        sys.exit(
            f"{self.path}/dump: {self.dump} could not be sent whole in {TRIES} tries; "
            "run up again: it goes on from there"
        )

    def _send(self, size: int, start: int) -> None:
        line = verb.line("restore-receive", self.service, self.digest, stack=self.stack)
        shown = start * 10 // size
        with Path(self.dump).open("rb") as file:
            file.seek(start)
            host = subprocess.Popen([*self.program, line], stdin=subprocess.PIPE)
            assert host.stdin
            try:
                while piece := file.read(PIECE):
                    host.stdin.write(piece)
                    tenth = file.tell() * 10 // size
                    if tenth > shown and size > 10 * PIECE:
                        shown = tenth
                        self._show(tenth, size)
                host.stdin.close()
            except OSError:  # the connection broke: what has arrived stays
                host.kill()
            host.wait()

    def _show(self, tenth: int, size: int) -> None:
        bar = "#" * (BAR * tenth // 10)
        sys.stdout.write(f"{self.service}/restore: sending [{bar:{BAR}}] {tenth * 10} % of {size / 10**6:,.0f} MB\n")
        sys.stdout.flush()


def restored(database: str, postgres: str, owner: str) -> tuple[str, str]:
    """The question which dumps a database has: a verb's line and its stdin."""
    return verb.line("restored", database, postgres=postgres), verb.stdin({"owner": owner})


def digests(answer: str) -> dict[str, str]:
    """The paths of the dumps in that answer, by their digests. The newest comes first."""
    return {dump["digest"]: dump["path"] for dump in json.loads(answer or "[]")}


def flags(replace: bool, disable_triggers: bool) -> dict[str, str | int | Sequence[str] | None]:
    """A restore's settings as options of a line, which have no value."""
    return {"replace": [] if replace else None, "disable_triggers": [] if disable_triggers else None}


def opened(path: str, dump: str, expect: Mapping[str, int]) -> tuple[Archive | None, list[str]]:
    """What is in a dump, and its mistakes, a line each; None where it cannot be read."""
    try:
        with Path(dump).open("rb") as file:
            archive = read(file)
    except Unreadable as error:
        return None, [f"{path}/dump: {dump} {error}"]
    except OSError as error:
        return None, [f"{path}/dump: {dump} cannot be read ({error.strerror}): name a dump that is there"]
    return archive, [f"{path}/expect/{table}: {mistake}" for table, mistake in archive.row_count_mistakes(expect)]


def described(archive: Archive, dump: str) -> dict[str, Any]:
    """What restore-check and restore-load read about a dump."""
    return {
        "dump": archive.description(),
        "size_mb": archive.size // 10**6,
        "file_mb": Path(dump).stat().st_size // 10**6,
    }


def main(words: Sequence[str]) -> None:
    """`legal dumps/legal.dump --digest 1a2b... [--replace] [--disable-triggers]`; the rest comes on stdin, as JSON."""
    parser = argparse.ArgumentParser(prog="restore")
    parser.add_argument("service")
    parser.add_argument("dump")
    parser.add_argument("--digest", required=True)
    parser.add_argument("--replace", action="store_true")
    parser.add_argument("--disable-triggers", action="store_true")
    arguments = parser.parse_args(shlex.split(words[0]) if len(words) == 1 else words)
    Restore(**vars(arguments), **json.load(sys.stdin)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
