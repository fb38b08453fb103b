"""Runs restic for one repository, and reads what it says."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..failure import Failure
from ..mask import LINE_LIMIT, Mask
from . import files_settings, places, state
from .files_settings import Place

QUICK_S = 60
"""Seconds that a reading command waits for a repository that does not answer. restic itself tries for 15 minutes."""
END_S = 20
KEEP_ALL = "2d"
"""For so long all snapshots are kept: a day's last one may be of a volume that was just emptied by mistake."""
INCOMPLETE, MISSING, LOCKED, WRONG_PASSPHRASE = 3, 10, 11, 12
"""restic's exit codes."""
VANISHED = "no such file or directory"
SHOWN = 3


class Missing(Failure):
    """There is no repository at the place."""


class Locked(Failure):
    """Another restic works on the repository, or was killed less than half an hour ago on another host."""


@dataclass(frozen=True)
class Snapshot:
    """The files of a volume at one time."""

    id: str
    volume: str
    time: float
    files: int
    bytes: int


@dataclass(frozen=True)
class Answer:
    """The output of restic."""

    out: str
    errors: Sequence[str]


@dataclass(frozen=True)
class Restic:
    """restic, for one repository and one stack."""

    place: Place
    stack: str
    cached: bool = True
    """Without a cache nothing is written outside of the target."""

    def open(self) -> str:
        """Returns the repository's id. Raises `Missing`, or a `Failure` if it cannot be used."""
        out = self._run("cat", "config", "--no-lock", timeout_s=QUICK_S).out
        return str(json.loads(out)["id"])

    def create(self) -> str:
        """Creates the repository. Returns its id."""
        self._run("init", timeout_s=QUICK_S)
        return self.open()

    def unlock(self) -> None:
        """Removes the locks of killed runs, and no others."""
        self._run("unlock", timeout_s=QUICK_S)

    def back_up(self, volume: str) -> Sequence[str]:
        """Makes a snapshot of a volume. Returns the files that could not be read."""
        path = str(files_settings.VOLUMES / volume)
        errors = self._run("backup", "--host", self.stack, path, accepted=(0, INCOMPLETE)).errors
        # An app may delete a file while the folder is read.
        return [error for error in errors if VANISHED not in error]

    def snapshots(self) -> list[Snapshot]:
        """Returns all snapshots of this stack, oldest first."""
        out = self._run("snapshots", "--no-lock", "--host", self.stack, timeout_s=QUICK_S).out
        return sorted((_snapshot(each) for each in json.loads(out)), key=lambda snapshot: snapshot.time)

    def forget(self, daily: int, weekly: int) -> None:
        """Removes the snapshots that need not be kept, with their data. The last one of each volume stays."""
        grouped = ("--host", self.stack, "--group-by", "host,paths", "--prune", "--keep-within", KEEP_ALL)
        self._run("forget", *grouped, "--keep-daily", str(daily), "--keep-weekly", str(weekly))

    def restore(self, snapshot: Snapshot, target: Path) -> None:
        """Restores a snapshot into a folder of the volume's name in `target`.

        restic compares the checksum of each restored file with the repository's.
        """
        source = f"{snapshot.id}:{files_settings.VOLUMES}"
        self._run("restore", "--no-lock", source, "--target", str(target), "--verify")

    def check(self, part: str) -> None:
        """Checks the repository's structure, and the data of a part of it, such as 1/7."""
        self._run("check", f"--read-data-subset={part}")

    def _run(self, *words: str, accepted: Sequence[int] = (0,), timeout_s: float | None = None) -> Answer:
        command = ["nice", "restic", "--json", "--quiet", *([] if self.cached else ["--no-cache"])]
        command += [word for option in self.place.options for word in ("-o", option)]
        files_settings.copy_keys()
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*command, *words], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=self._environment()
        )
        try:
            out, error = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            error = process.communicate()[1]
            reason = next(iter([*_reasons(_text(error))][:1]), "")
            raise self._failure(f"does not answer within {timeout_s:.0f} s", reason) from None
        finally:
            _end(process)
        errors = [*_reasons(_text(error))]
        if process.returncode not in accepted:
            raise self._explained(process.returncode, words[0], errors or [*_reasons(_text(out))])
        mask = self._mask()
        return Answer(_text(out), [mask(line)[:LINE_LIMIT] for line in errors] if process.returncode else [])

    def _environment(self) -> Mapping[str, str]:
        own = {"RESTIC_REPOSITORY": self.place.url, "RESTIC_PASSWORD": self.place.passphrase}
        if self.cached:
            # Packs are collected in TMPDIR. /tmp is memory.
            temporary = places.STATE / "tmp"
            temporary.mkdir(exist_ok=True)
            own |= {"RESTIC_CACHE_DIR": str(places.STATE / "cache"), "TMPDIR": str(temporary)}
        return {**os.environ, **own, **self.place.environment}

    def _mask(self) -> Mask:
        return Mask([self.place.passphrase, *self.place.environment.values()])

    def _explained(self, code: int, word: str, errors: Sequence[str]) -> Failure:
        if code == MISSING:
            return Missing(f"{self.place.subject}: there are no files of volumes")
        if code == LOCKED:
            return Locked(f"{self.place.subject}: another restic works on its files; try again in half an hour")
        if code == WRONG_PASSPHRASE:
            return Failure(
                f"{self.place.subject}: its files are encrypted with another passphrase, so they may be another "
                "platform's: set the config secret backup_passphrase, or choose another path"
            )
        return self._failure(f"restic {word} failed", "; ".join(errors[:SHOWN]) or f"exit code {code}")

    def _failure(self, what: str, reason: str) -> Failure:
        shown = self._mask()(reason)[:LINE_LIMIT]
        return Failure(f"{self.place.subject}: {what}{f': {shown}' if shown else ''}")


def _snapshot(values: Mapping[str, Any]) -> Snapshot:
    summary = values.get("summary") or {}
    return Snapshot(
        id=values["id"],
        volume=Path(values["paths"][0]).name,
        time=state.seconds(f"{values['time'][:19]}Z"),  # the container's clock is in UTC
        files=summary.get("total_files_processed", 0),
        bytes=summary.get("total_bytes_processed", 0),
    )


def _reasons(text: str) -> Iterator[str]:
    """Yields the errors among restic's lines, one line each. The summary of all errors comes last and says little."""
    summaries = []
    for line in filter(None, map(str.strip, text.splitlines())):
        try:
            values = json.loads(line)
        except ValueError:
            yield line
            continue
        if not isinstance(values, dict) or values.get("message_type") not in ("error", "exit_error"):
            continue
        error = values.get("error") or {}
        message = " ".join(str(values.get("message") or error.get("message") or "").split())
        if values["message_type"] == "exit_error":
            summaries.append(message.removeprefix("Fatal: "))
        else:
            yield f"{values['item']}: {message}" if values.get("item") else message
    yield from summaries


def _text(output: bytes) -> str:
    return output.decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends restic, which then removes its lock, and a restic that does not end."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
