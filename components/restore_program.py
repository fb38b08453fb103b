"""Runs on the operator's machine (`python3 -c`): looks into a dump, sends it to the host and has it put in there."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from render.archive import Archive, read
from render.archive_format import Unreadable

PIECE = 1 << 20
TRIES = 3
BAR = 30


@dataclass(frozen=True)
class Restore:
    """The file `dump` with the SHA-256 `digest`, and the texts for the host, which `interpreter` runs there."""

    what: str
    at: str
    dump: str
    expect: dict[str, int]
    digest: str
    interpreter: Sequence[str]
    restored: str
    incoming: str
    load: str

    def run(self, mask: str) -> None:
        """Puts the dump in, unless PostgreSQL has it. Ends the program where that fails. `mask` are secrets."""
        if any(line.startswith(self.digest) for line in self.on_host(self.restored).splitlines()):
            self.on_host(self.load, assigned(mask), show=True)
            return
        archive, wrong = opened(self.at, self.dump, self.expect)
        if wrong:
            sys.exit("\n".join(wrong))
        self.send()
        self.on_host(self.load, assigned(mask, archive, Path(self.dump).stat().st_size), show=True)

    def on_host(self, text: str, stdin: str = "", *, show: bool = False) -> str:
        """Runs a text on the host; what it printed, if it is not to be shown."""
        done = subprocess.run(
            [*self.interpreter, text], input=stdin, stdout=None if show else subprocess.PIPE, text=True
        )
        if done.returncode:
            sys.exit(done.returncode)
        return done.stdout or ""

    def send(self) -> None:
        """Has the dump on the host, whole: goes on after what is there of it already."""
        size = Path(self.dump).stat().st_size
        for _ in range(TRIES):
            arrived = int(
                self.on_host(
                    f'umask 077; file={self.incoming}; mkdir -p "${{file%/*}}"; '
                    'for other in "${file%-*}"-*; do [ "$other" = "$file" ] || rm -f "$other"; done; '
                    'stat -c %s "$file" 2>/dev/null || echo 0'
                )
            )
            if arrived < size and not self._sent(size, arrived):
                continue
            if self.on_host(f"sha256sum < {self.incoming}").split()[0] == self.digest:
                return
            self.on_host(f"rm -f {self.incoming}")
        sys.exit(
            f"{self.at}/dump: {self.dump} could not be sent whole in {TRIES} tries; run up again: it goes on from there"
        )

    def _sent(self, size: int, start: int) -> bool:
        write = f"umask 077; cat >> {self.incoming}"
        shown = start * 10 // size
        with Path(self.dump).open("rb") as file:
            file.seek(start)
            host = subprocess.Popen([*self.interpreter, write], stdin=subprocess.PIPE)
            assert host.stdin
            try:
                while piece := file.read(PIECE):
                    host.stdin.write(piece)
                    tenth = file.tell() * 10 // size
                    if tenth > shown and size > 10 * PIECE:
                        bar, shown = "#" * (BAR * tenth // 10), tenth
                        line = f"{self.what}: sending [{bar:{BAR}}] {tenth * 10} % of {size / 10**6:,.0f} MB"
                        sys.stdout.write(f"{line}\n")
                        sys.stdout.flush()
                host.stdin.close()
            except OSError:  # it went away: what has arrived stays
                host.kill()
            return host.wait() == 0


def opened(at: str, dump: str, expect: dict[str, int]) -> tuple[Archive | None, list[str]]:
    """What is in a file, and what is wrong with it, a line each; None where it cannot be read."""
    try:
        with Path(dump).open("rb") as file:
            archive = read(file)
    except Unreadable as error:
        return None, [f"{at}/dump: {dump} {error}"]
    except OSError as error:
        return None, [f"{at}/dump: {dump} cannot be read ({error.strerror}): name a dump that is there"]
    return archive, [f"{at}/expect/{table}: {words}" for table, words in archive.unexpected(expect)]


def assigned(mask: str, archive: Archive | None = None, size: int = 0) -> str:
    """What a text on the host learns of a dump of so many bytes, as shell assignments for its stdin."""
    described = archive.described() if archive else "{}"
    quoted = described.replace("\\", "\\\\").replace("'", "''")
    values = {
        "DUMP": f"\\set dump '{quoted}'",
        "SIZE_MB": str(archive.size // 10**6 if archive else 0),
        "FILE_MB": str(size // 10**6),
        "SECRETS": mask,
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
