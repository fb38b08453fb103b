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
    """The file `dump` with the SHA-256 `digest`, and the host, whose verbs `program` calls."""

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
    """What restore-load is told beside the dump's description."""

    @property
    def at(self) -> str:
        """The path of its setting."""
        return f"services/{self.service}/restore"

    def run(self) -> None:
        """Puts the dump in, unless PostgreSQL has it. Ends the program where that fails."""
        told = dict(self.told)
        if self.digest not in digests(self.asked(*restored(self.database, self.postgres, self.told["owner"]))):
            archive, wrong = opened(self.at, self.dump, self.expect)
            if wrong or not archive:
                sys.exit("\n".join(wrong))
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
        self.called(line, verb.told(told), stdout=None)

    def asked(self, line: str, told: str = "") -> str:
        """What a verb prints."""
        return self.called(line, told, stdout=subprocess.PIPE)

    def called(self, line: str, told: str, stdout: int | None) -> str:
        """Calls a verb on the host; ends the program if it fails."""
        done = subprocess.run([*self.program, line], input=told, stdout=stdout, text=True)
        if done.returncode:
            sys.exit(done.returncode)
        return done.stdout or ""

    def send(self) -> None:
        """Has the dump on the host, whole: goes on after what is there of it already."""
        size = Path(self.dump).stat().st_size
        ask = verb.line("restore-arrived", self.service, self.digest, stack=self.stack, size=size)
        for left in reversed(range(TRIES + 1)):
            arrived = self.asked(ask).strip()
            if arrived == WHOLE:
                return
            if left:
                self._send(size, int(arrived))
        sys.exit(
            f"{self.at}/dump: {self.dump} could not be sent whole in {TRIES} tries; run up again: it goes on from there"
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
            except OSError:  # it went away: what has arrived stays
                host.kill()
            host.wait()

    def _show(self, tenth: int, size: int) -> None:
        bar = "#" * (BAR * tenth // 10)
        sys.stdout.write(f"{self.service}/restore: sending [{bar:{BAR}}] {tenth * 10} % of {size / 10**6:,.0f} MB\n")
        sys.stdout.flush()


def restored(database: str, postgres: str, owner: str) -> tuple[str, str]:
    """Asks the host which dumps a database has: a verb's line, and what it is told."""
    return verb.line("restored", database, postgres=postgres), verb.told({"owner": owner})


def digests(answer: str) -> dict[str, str]:
    """The dumps in that answer: their digests, by which they are known, with their paths. The newest comes first."""
    return {each["digest"]: each["path"] for each in json.loads(answer or "[]")}


def flags(replace: bool, disable_triggers: bool) -> dict[str, str | int | Sequence[str] | None]:
    """A restore's settings as options of a line, which have no value."""
    return {"replace": [] if replace else None, "disable_triggers": [] if disable_triggers else None}


def opened(at: str, dump: str, expect: Mapping[str, int]) -> tuple[Archive | None, list[str]]:
    """What is in a file, and what is wrong with it, a line each; None where it cannot be read."""
    try:
        with Path(dump).open("rb") as file:
            archive = read(file)
    except Unreadable as error:
        return None, [f"{at}/dump: {dump} {error}"]
    except OSError as error:
        return None, [f"{at}/dump: {dump} cannot be read ({error.strerror}): name a dump that is there"]
    return archive, [f"{at}/expect/{table}: {words}" for table, words in archive.unexpected(expect)]


def described(archive: Archive, dump: str) -> dict[str, Any]:
    """What restore-check and restore-load are told of a dump."""
    return {
        "dump": archive.described(),
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
    given = parser.parse_args(shlex.split(words[0]) if len(words) == 1 else words)
    Restore(**vars(given), **json.load(sys.stdin)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
