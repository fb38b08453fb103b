"""The host as all rooms use it: a Docker provider, the program on the host, and values read there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output
from pulumi_command import local

from .command import command, read

NO_FINGERPRINT = "none"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A machine with Docker and the program."""

    provider: docker.Provider
    address: Input[str]
    program: Input[Sequence[str]]
    """The command that calls the program on the host. A verb's line is its last argument."""
    reader: Input[Sequence[str]] | None = None
    """As `program`, for verbs that only read. They run before the steps, so it copies the program to the host first. It
    prints nothing if the host cannot be reached."""
    installed: Sequence[pulumi.Resource] = ()
    """The resources that install the program."""
    public_address: Input[str] = ""
    """The IPv4 address at which the Internet reaches the host, or an empty text."""
    data_folder: str | None = None
    """The folder of a disk that outlives the machine. None: volumes are in Docker's own folder."""
    ready: Sequence[pulumi.Resource] = ()
    """The resources that must exist before anything runs on the host."""
    digests: Mapping[str, Output[str]] = field(default_factory=dict)
    """Repository and digest of each image, by its reference: see `machine/digests.py`."""
    fingerprints: Output[dict[str, str]] | None = None
    """The fingerprints of things that may drift on the host: see `machine/fingerprints.py`."""

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
        """Declares a step that calls a verb of the program on the host (`render.verb`). The verb reads `stdin`.

        The step runs again, in place, when its line, `stdin` or a value of `reruns_on` changes, but never for a new
        version of the program. The verb does not see `reruns_on`. A step with `triggers` is replaced: its old `delete`
        runs after the new `create`. Use them only if that `delete` removes a different thing.
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
        """Calls a verb that changes nothing, at preview too. Returns its output, unknown until the host is ready."""
        return read(self.reader or self.program, line, stdin, after=self.ready)

    def fingerprint(self, name: str) -> Output[str]:
        """Returns the fingerprint of `network`, a file of the gateway, or a thing with a kind such as `login/legal`.

        It is an input of the step that makes the thing, so the step runs again after drift. Where other inputs are
        secret, the engine hides what differs: there it is in `reruns_on` too, so that a preview knows drift.
        """
        assert self.fingerprints is not None, "fingerprints are read before anything is declared"
        return self.fingerprints.apply(lambda fingerprints: str(fingerprints.get(name, NO_FINGERPRINT)))
