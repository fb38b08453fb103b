"""The host as all rooms see it: a Docker provider, the program on the same machine, and what was read there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output
from pulumi_command import local

from .command import command, read

UNTOUCHED = "none"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A machine with Docker and the program; `ready` are the resources that make it."""

    provider: docker.Provider
    address: Input[str]
    program: Input[Sequence[str]]
    """Calls the program on the host; a verb's line comes after it."""
    reader: Input[Sequence[str]] | None = None
    """As `program`, for verbs that only read. It runs before the steps, so it brings the program along; it prints
    nothing where the machine cannot be reached."""
    installed: Sequence[pulumi.Resource] = ()
    """Puts the program where the steps call it."""
    public: Input[str] = ""
    """The IPv4 address under which the Internet reaches it; empty where the Internet does not."""
    data: str | None = None
    """The folder of a disk that outlives the machine; None where Docker's own folder is used."""
    ready: Sequence[pulumi.Resource] = ()
    digests: Mapping[str, Output[str]] = field(default_factory=dict)
    """Repository and digest of each image, by its reference: see `machine/digests.py`."""
    fingerprints: Output[dict[str, str]] | None = None
    """Of what may be changed by hand on the host: see `machine/fingerprints.py`."""

    def command(
        self,
        name: str,
        line: Input[str],
        *,
        stdin: Input[str] | None = None,
        delete: str | None = None,
        reruns_on: Mapping[str, Input[str]] | None = None,
        triggers: Sequence[str] | None = None,
        parent: pulumi.Resource,
        depends_on: Sequence[pulumi.Resource] = (),
    ) -> local.Command:
        """A step that calls a verb of the program on the host (`render.verb`); the verb reads `stdin`.

        It runs again, in place, when its line, `stdin` or a value of `reruns_on` changes; never for another version of
        the program. Those values are in the environment on the operator's side and mean nothing to the verb. A step
        with `triggers` is replaced, and its old `delete` runs after the new `create`: they are only for a step whose
        old `delete` is about a different thing.
        """
        return command(
            name,
            self.program,
            line,
            delete=delete,
            stdin=stdin,
            reruns_on=reruns_on,
            triggers=triggers,
            parent=parent,
            depends_on=[*self.ready, *self.installed, *depends_on],
        )

    def read(self, line: Input[str], stdin: Input[str] | None = None) -> Output[str]:
        """What a verb prints that changes nothing, at preview too. Unknown until the host is ready."""
        return read(self.reader or self.program, line, stdin, after=self.ready)

    def fingerprint(self, name: str) -> Output[str]:
        """The fingerprint of `network`, a file of the gateway, or a login, slot or rule such as `login/legal`.

        The step that makes such a thing has it among its inputs, and runs again when somebody has changed the thing.
        """
        assert self.fingerprints is not None, "fingerprints are read before anything is declared"
        return self.fingerprints.apply(lambda fingerprints: str(fingerprints.get(name, UNTOUCHED)))
