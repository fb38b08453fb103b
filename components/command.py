"""A command on the operator's machine. Its interpreter may run it on the host."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Input, InvokeOutputOptions, Output, ResourceOptions
from pulumi_command import local


def command(
    name: str,
    interpreter: Input[Sequence[str]],
    create: Input[str],
    *,
    delete: Input[str] | None = None,
    stdin: Input[str] | None = None,
    reruns_on: Mapping[str, Input[str]] | None = None,
    triggers: Sequence[str] | None = None,
    parent: pulumi.Resource | None = None,
    depends_on: Sequence[pulumi.Resource] = (),
) -> local.Command:
    """Declares a step of `up`: `interpreter` runs the text `create`. See `Host.command` for when it runs again."""
    return local.Command(
        name,
        interpreter=interpreter,
        create=create,
        delete=delete,
        stdin=stdin,
        environment=reruns_on,
        triggers=list(triggers) if triggers else None,
        # The previous output would be in the environment, which has no room for a long log.
        add_previous_output_in_env=False,
        opts=ResourceOptions(parent=parent, depends_on=list(depends_on), delete_before_replace=not triggers),
    )


def read(
    interpreter: Input[Sequence[str]],
    text: Input[str],
    stdin: Input[str] | None = None,
    *,
    after: Sequence[pulumi.Resource],
) -> Output[str]:
    """Runs a text that changes nothing, at preview too. Returns what it prints, unknown until all of `after` exist."""
    return local.run_output(
        interpreter=interpreter,
        command=text,
        stdin=stdin,
        logging=local.Logging.NONE,
        opts=InvokeOutputOptions(depends_on=list(after)),
    ).stdout
