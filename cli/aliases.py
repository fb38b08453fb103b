"""The names of earlier scripts as aliases of a shell, and the shell's completion."""

import shlex
from collections.abc import Iterator

from typer._completion_shared import get_completion_script

from .engine.engine import ROOT
from .engine.hints import flag
from .stack import services

COMMAND = "sertantai"
VARIABLE = "_SERTANTAI_COMPLETE"


def lines(stack: str) -> Iterator[str]:
    """Yields one alias a line, for `eval "$(./sertantai aliases)"`."""
    on = shlex.split(flag(stack))
    for service in services.stack_file(stack).block("services"):
        has_frontend = "frontend" in services.parts(stack, service)
        for name, words, needs_frontend in (
            ("fe", ["build", service, "--frontend"], True),
            ("be", ["build", service, "--backend"], False),
            ("push-fe", ["push", service, "--frontend"], True),
            ("push-be", ["push", service, "--backend"], False),
            ("deploy", ["deploy", service], False),
        ):
            if has_frontend or not needs_frontend:
                command = shlex.join([str(ROOT / COMMAND), *words, *on])
                yield f"alias sert-{service}-{name}={shlex.quote(command)}"


def completion(shell: str) -> str:
    """Returns the script that completes the command in a shell: bash, zsh or fish.

    A shell finds it for `sertantai` and `./sertantai` alike. It calls the command by its path, which works anywhere.
    """
    script = get_completion_script(prog_name=COMMAND, complete_var=VARIABLE, shell=shell)
    path = shlex.quote(str(ROOT / COMMAND))
    return (
        script.replace("=complete_bash $1", f"=complete_bash {path}")
        .replace(f"=complete_zsh {COMMAND})", f"=complete_zsh {path})")
        .replace(f"(commandline -cp) {COMMAND})", f"(commandline -cp) {path})")
        .replace(f'(commandline -cp) {COMMAND}"', f'(commandline -cp) {path}"')
    )
