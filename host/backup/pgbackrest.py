"""Runs pgBackRest for one repository, and reads what it says. Its exit code alone proves nothing."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..failure import Failure
from . import places, settings
from .settings import FIRST, SECOND, Settings

STANZA = "main"
REASONS = ("--log-level-console=off", "--log-level-stderr=warn", "--no-log-timestamp")
"""Else pgBackRest prints why it failed among its output."""
QUICK_S = "5"
"""Seconds that a reading command waits for a repository that does not answer: nine times for a bucket."""
LONGEST_S = 12 * 3600
CONFIGS = {FIRST: "pgbackrest.conf", SECOND: "second.conf"}
MISSING_STANZA = (1, 3)
"""The states of a repository without a stanza, or with a half of one, which `stanza-create` completes."""
PLACE = re.compile(r"(?m)^repo1-(?:type|path|sftp-host|sftp-host-user|s3-endpoint|s3-bucket)=.*$")
CODE = re.compile(r"^(?:P\d+ +)?(?:ERROR: )?\[\w+\]:? ")
"""What stands before a reason."""
S3_CODE = re.compile(r"<Code>(\w+)</Code>")
"""Why a bucket refuses, such as RequestTimeTooSkewed: the server's clock is wrong."""
EMPTY = (0, *MISSING_STANZA, 2)
"""The states of a repository that answers: backups, no stanza, no backups."""


@dataclass(frozen=True)
class Info:
    """What a repository says about itself."""

    backups: list[dict[str, Any]]
    """Complete ones, oldest first, as pgBackRest describes them."""
    systems: dict[str, int]
    """The system identifier of each cluster, by the name of its archive, such as 17-1."""
    error: str
    """Why the repository cannot be used, or an empty text."""
    has_stanza: bool


@dataclass(frozen=True)
class Repository:
    """One repository, by the name of its setting."""

    name: str
    settings: Settings

    @property
    def subject(self) -> str:
        """The beginning of each error."""
        return f"backup/{self.name}"

    @property
    def place(self) -> str:
        """Where it is: what is known of another place says nothing about this one."""
        with suppress(OSError):
            return "\n".join(PLACE.findall((places.CONFIG / CONFIGS[self.name]).read_text()))
        return ""

    def command(self, *words: str) -> list[str]:
        """Returns the arguments that call pgBackRest. None is secret."""
        config = places.CONFIG / CONFIGS[self.name]
        return ["pgbackrest", f"--config={config}", f"--stanza={STANZA}", *REASONS, *words]

    def run(self, *words: str) -> str:
        """Runs a command and returns its output. Raises a `Failure` with pgBackRest's reason."""
        process = self.start(*words)
        try:
            out, error = process.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure(
                f"{self.subject}: pgBackRest does not end; see `docker logs` of the backup container"
            ) from None
        if process.returncode:
            raise self.failure(error + out)
        return out

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Starts a command. Its errors are read with `failure`."""
        return subprocess.Popen(
            self.command(*words),
            env=environment(self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )

    def failure(self, error: str) -> Failure:
        """Returns the failure of a command that printed `error`."""
        return Failure(f"{self.subject}: {explain(error)}")

    def lines(self, *words: str) -> Iterator[str]:
        """Yields the lines of a command's output. A long listing never is in memory as a whole."""
        process = self.start(*words)
        with process:
            for line in process.stdout or ():
                yield line.rstrip("\n")
            error = process.stderr.read() if process.stderr else ""
        if process.returncode:
            raise self.failure(error)

    def info(self, *words: str) -> Info:
        """Reads the backups. An error of the repository is in the answer: pgBackRest exits with 0."""
        text = ""
        try:
            text = self.run(f"--io-timeout={QUICK_S}", "--output=json", "info", *words)
            stanza = json.loads(text, strict=False)[0]
            status = stanza["repo"][0]["status"] if stanza.get("repo") else stanza["status"]
        except Failure as failure:
            return Info([], {}, str(failure).removeprefix(f"{self.subject}: "), has_stanza=False)
        except (ValueError, LookupError):
            return Info([], {}, explain(text), has_stanza=False)
        systems = {f"{db['version']}-{db['id']}": int(db["system-id"]) for db in stanza.get("db", [])}
        error = "" if status["code"] in EMPTY else explain(status["message"])
        return Info(stanza.get("backup", []), systems, error, status["code"] in (0, 2))


def repositories(chosen: Settings) -> list[Repository]:
    """Returns the repositories, the first one first."""
    return [Repository(name, chosen) for name in (FIRST, SECOND) if name in chosen.repositories]


def environment(chosen: Settings) -> Mapping[str, str]:
    """Returns the environment of programs that reach PostgreSQL. The password is in a file."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PYTHON"))}
    return ours | {"PGHOST": chosen.host, "PGUSER": chosen.user, "PGPASSFILE": str(places.CONFIG / "pgpass")}


def explain(error: str) -> str:
    """Returns the reason in pgBackRest's output as one short line, without secrets and unreadable bytes."""
    if "key/value found outside of section" in error or "CryptoError" in error:
        return "cannot be decrypted: is its passphrase (backup_passphrase) the one it was made with?"
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    reasons = [line for line in lines if "ERROR: [" in line] or [line for line in lines if "HINT:" not in line]
    if not reasons:
        return "pgBackRest gave no reason"
    text = CODE.sub("", reasons[0])
    if text.endswith("error(s):"):
        text = " ".join([text, *lines[lines.index(reasons[0]) + 1 :][:1]])
    if text.endswith(":") and (code := S3_CODE.search(error)):
        text = f"{text} {code[1]}"
    if "was not archived before" in text:
        text += ": PostgreSQL's log says why; is the repository full?"
    return settings.mask()("".join(sign if sign.isprintable() else "?" for sign in text))[:400]
