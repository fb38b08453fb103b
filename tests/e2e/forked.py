"""Runs the rehearsal in a fork of a process that has imported the libraries: their import is half of a short run."""

import importlib
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

LIBRARIES = [
    *("docker", "httpx", "jinja2", "pulumi", "pulumi_command", "pulumi_docker", "pulumi_random"),
    *("google.protobuf.json_format", "pydantic", "rich.console", "yaml"),
]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(LIBRARIES)


def rehearse(folder: Path, words: list[str], timeout_s: float) -> tuple[int, str, str]:
    """Runs `python -m rehearsal` with `words` in `folder`. Returns its exit code, stdout and stderr."""
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / "out", Path(name) / "said"]
        process = _context.Process(target=_rehearse, args=(folder, words, dict(os.environ), files))
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{' '.join(words)} runs for more than {timeout_s} s: {files[1].read_text()}")
        return process.exitcode, files[0].read_text(), files[1].read_text()


def _rehearse(folder: Path, words: list[str], environment: dict[str, str], files: list[Path]) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    # The folder's own program, not the project's. Its next run need not compile it.
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = False
    sys.exit(importlib.import_module("rehearsal.__main__").main(words))
