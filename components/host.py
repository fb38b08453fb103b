"""Where everything runs: a Docker provider, and the program on the same machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_docker as docker
from pulumi import Input, InvokeOutputOptions, Output, ResourceOptions
from pulumi_command import local

from settings import Registry

from .machine import host_program


@dataclass(frozen=True, kw_only=True)
class Host:
    """A machine with Docker and the program; `ready` are the resources that bring it into being."""

    provider: docker.Provider
    address: Input[str]
    program: Input[Sequence[str]]
    """Calls the program on the host; a verb's line comes after it."""
    asker: Input[Sequence[str]] | None = None
    """As `program`, for verbs that only read. It runs before the steps, so it brings the program along; a machine that
    cannot be reached answers nothing."""
    installed: Sequence[pulumi.Resource] = ()
    """Puts the program where the steps call it."""
    public: Input[str] = ""
    """The IPv4 address that the world finds it by; empty where the world does not."""
    data: str | None = None
    """The folder of a disk that outlives the machine; None where Docker's own is as good as any."""
    ready: Sequence[pulumi.Resource] = ()
    digests: dict[str, Output[str]] = field(default_factory=dict)
    """Repository and digest of each image, by its reference: what `digests.resolve` has found."""

    def verb(
        self,
        name: str,
        line: Input[str],
        *,
        told: Input[str] | None = None,
        delete: str | None = None,
        reruns_on: Mapping[str, Input[str]] | None = None,
        triggers: Sequence[str] | None = None,
        parent: pulumi.Resource,
        depends_on: Sequence[pulumi.Resource] = (),
    ) -> local.Command:
        """A step that calls a verb of the program on the host (`render.verb`): `told` is what the verb reads on stdin.

        It runs again, in place, when its line, `told` or a value of `reruns_on` changes; never for another version of
        the program. Those values are in the environment on the operator's side and mean nothing to the verb. A step
        with `triggers` is replaced, and its old `delete` runs after the new `create`: they are only for a step whose
        old `delete` is about a different thing.
        """
        return step(
            name,
            self.program,
            line,
            delete=delete,
            stdin=told,
            reruns_on=reruns_on,
            triggers=triggers,
            parent=parent,
            depends_on=[*self.ready, *self.installed, *depends_on],
        )

    def ask(self, line: Input[str], told: Input[str] | None = None) -> Output[str]:
        """What a verb prints that changes nothing, at preview too. Unknown until the host is ready."""
        return reading(self.asker or self.program, line, self.ready, told)


def step(
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
    """A text that is run by `interpreter`; see `Host.verb` for when it runs again."""
    return local.Command(
        name,
        interpreter=Output.from_input(interpreter).apply(list),
        create=create,
        delete=delete,
        stdin=stdin,
        environment=reruns_on,
        triggers=list(triggers) if triggers else None,
        # What the last run said would be in the environment of the next, which has no room for a long log.
        add_previous_output_in_env=False,
        opts=ResourceOptions(parent=parent, depends_on=list(depends_on), delete_before_replace=not triggers),
    )


def reading(
    interpreter: Input[Sequence[str]],
    command: Input[str],
    after: Sequence[pulumi.Resource],
    stdin: Input[str] | None = None,
) -> Output[str]:
    """What a text prints that changes nothing; unknown until all of `after` is there."""
    return local.run_output(
        interpreter=Output.from_input(interpreter),
        command=command,
        stdin=stdin,
        logging=local.Logging.NONE,
        opts=InvokeOutputOptions(depends_on=list(after)),
    ).stdout


def registry_auth(registry: Registry | None, token: Output[str] | None) -> list[docker.ProviderRegistryAuthArgs] | None:
    """How the Docker provider logs in to the images' registry."""
    if not registry or token is None:
        return None
    # As Docker does, and only it: a registry on the machine itself is spoken to without TLS.
    plain = registry.server.split(":")[0] in ("localhost", "127.0.0.1")
    address = f"http://{registry.server}" if plain else registry.server
    return [docker.ProviderRegistryAuthArgs(address=address, username=registry.username, password=token)]


def local_host(registry: Registry | None, token: Output[str] | None) -> Host:
    """This machine's Docker."""
    provider = docker.Provider("docker", registry_auth=registry_auth(registry, token))
    return Host(provider=provider, program=host_program.LOCAL, address="127.0.0.1")
