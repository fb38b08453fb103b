"""backup-config: write the files of /etc/pgbackrest, and this program's own sources, for the backup containers.

A temporary container of PostgreSQL's image writes them. Safe to run again: it ends with the same files. A program that
reads a file meanwhile reads the old one or the new one.
"""

import argparse
import base64
import io
import tarfile
from collections.abc import Mapping
from typing import Any

from . import backups, docker, files, network
from .failure import Failure

FINGERPRINT = "fingerprint"
"""A file next to the others, written last."""
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER")
PLACE = ("repo1-type=", "repo1-path=", "repo1-sftp-host=", "repo1-s3-endpoint=", "repo1-s3-bucket=")
PASSPHRASE = "repo1-cipher-pass="  # noqa: S105 - an option's name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("volume", help="of the files")
    parser.add_argument("--state", required=True, help="the volume of the backup container's state")
    parser.add_argument("--repository", help="the volume of local repositories")
    parser.add_argument("--program", required=True, help="its digest, so that the step runs again for a new program")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `image`, PostgreSQL's; `files`, the texts by name; `fingerprint`, which is stored with them."""
    image: str = inputs["image"]
    texts = {**inputs["files"], FINGERPRINT: inputs["fingerprint"]}
    _check_passphrase(args.volume, image, texts)
    volumes = {backups.CONFIG: args.volume, backups.STATE: args.state}
    if args.repository:
        volumes[backups.REPOSITORIES] = args.repository
    script = ["sh", "-c", files.shell("write_backup"), "write_backup", backups.CONFIG, args.program]
    folders = [path for path in volumes if path != backups.CONFIG]
    written = backups.run_once(
        image, volumes, [*script, *folders], user="root", capabilities=CAPABILITIES, stdin=_archive(texts)
    )
    if written.code:
        raise Failure(f"backup: its files cannot be written: {written.error.strip()}; run up again")


def fingerprint(postgres: str) -> str:
    """Returns what was stored with the files, as PostgreSQL's container sees them.

    Without them each call returns a new value, so that the steps run again, also on a new server.
    """
    stored = docker.execute(postgres, ["cat", f"{backups.CONFIG}/{FINGERPRINT}"])
    return stored.out if stored.code == 0 else network.gone()


def _check_passphrase(volume: str, image: str, texts: Mapping[str, str]) -> None:
    """Raises a `Failure` if the same repository would get another passphrase: nothing in it could be read any more."""
    for setting, path in backups.CONFIGS.items():
        mounted = {backups.CONFIG: backups.read_only(volume)}
        read = backups.run_once(image, mounted, ["cat", path], user="root", capabilities=["DAC_OVERRIDE"])
        if read.code > 1:  # 1: there is no such file yet
            raise Failure(f"backup: its files cannot be read: {read.error.strip()}; run up again")
        old = read.out
        new = texts.get(path.rpartition("/")[2], "")
        same_place = _lines(old, *PLACE) == _lines(new, *PLACE)
        if old and same_place and _lines(old, PASSPHRASE) != _lines(new, PASSPHRASE):
            raise Failure(
                f"backup/{setting}: is encrypted with another passphrase, and cannot be encrypted again: set the "
                f"config secret backup_passphrase to the one in {path.rpartition('/')[2]} on the volume {volume}, or "
                "choose another path"
            )


def _lines(text: str, *beginnings: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(beginnings)]


def _archive(texts: Mapping[str, str]) -> str:
    """Returns an archive of the texts and of this program's sources, in base64."""
    contents = {name: text.encode() for name, text in texts.items()}
    contents |= {f"program/{path}": source for path, source in files.sources().items()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in sorted(contents.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return base64.b64encode(buffer.getvalue()).decode()
