"""Access to a host over SSH: one pinned, multiplexed connection for steps and for Docker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions
from pulumi_command import local

from render import ssh
from settings import Registry, SshHost

from ..command import command
from ..host import Host
from . import host_program
from .login import registry_login
from .ssh_files import folder, write

CONNECT_TIMEOUT_S = 30


@dataclass(frozen=True, kw_only=True)
class SshArgs:
    """The connection's settings."""

    address: Input[str]
    host_keys: Input[Sequence[str]]
    user: str
    port: int
    identity_file: str | None


class Ssh:
    """OpenSSH's configuration for one host, written before every operation, and the steps that use it."""

    def __init__(self, args: SshArgs, parent: pulumi.Resource | None = None) -> None:
        self.args, self.parent = args, parent
        self.alias = ssh.alias(pulumi.get_stack())
        # The command reads this output on a laptop where the program has not run yet.
        target = Output.all(address=args.address, host_keys=args.host_keys)
        pulumi.export("ssh", target)
        self.config = target.apply(self._write)
        self.program: Output[Sequence[str]] = self.config.apply(
            lambda config: ["ssh", "-F", config, self.alias, host_program.COMMAND]
        )
        """The command that calls the program on the host."""
        self.reader: Output[Sequence[str]] = self.config.apply(
            lambda config: ["bash", ssh.script_path("read"), config, self.alias, host_program.path()]
        )
        """As `program`, for verbs that only read. It prints nothing if the host cannot be reached."""

    def wait_reachable(
        self,
        host: Input[str],
        advice: str,
        timeout_s: int,
        *,
        reruns_on: Mapping[str, Input[str]],
        after: Sequence[pulumi.Resource] = (),
    ) -> local.Command:
        """Declares a step that waits until the host accepts a connection. Its error begins with `host`."""
        text = Output.all(config=self.config, host=host).apply(
            lambda values: ssh.local_command(
                "reached", values["config"], self.alias, str(timeout_s), values["host"], advice
            )
        )
        return self.local_step("host-reached", text, reruns_on=reruns_on, after=after)

    def local_step(
        self,
        name: str,
        text: Input[str],
        *,
        reruns_on: Mapping[str, Input[str]],
        after: Sequence[pulumi.Resource],
        stdin: str | None = None,
    ) -> local.Command:
        """Declares a step on the operator's machine."""
        return command(
            name, ["bash", "-c"], text, stdin=stdin, reruns_on=reruns_on, parent=self.parent, depends_on=after
        )

    def remote_step(
        self,
        name: str,
        script: str,
        *words: str,
        reruns_on: Mapping[str, Input[str]],
        after: Sequence[pulumi.Resource],
    ) -> local.Command:
        """Declares a step that runs a script of bootstrap/ on the host, before the program is installed."""
        text = self.config.apply(lambda config: ssh.remote_command(config, self.alias, script, *words))
        return self.local_step(name, text, reruns_on=reruns_on, after=after)

    def install(self, *, reruns_on: Mapping[str, Input[str]], after: Sequence[pulumi.Resource]) -> local.Command:
        """Declares the step that installs the program on the host. It alone runs again for a new version."""
        text = self.config.apply(lambda config: ssh.local_command("install", config, self.alias, host_program.path()))
        return self.local_step("host-program", text, reruns_on=reruns_on, after=after)

    def command(
        self,
        name: str,
        line: Input[str],
        *,
        stdin: str | None = None,
        reruns_on: Mapping[str, Input[str]],
        after: Sequence[pulumi.Resource],
    ) -> local.Command:
        """Declares a step that calls a verb before the host is ready: see `Host.command`."""
        return command(name, self.program, line, stdin=stdin, reruns_on=reruns_on, parent=self.parent, depends_on=after)

    def host(self, registry: Registry | None, *, ready: pulumi.Resource, installed: pulumi.Resource) -> Host:
        """Returns the host, whose steps wait for `ready` and `installed`."""
        # The provider connects to Docker as soon as it is created.
        provider = docker.Provider(
            "docker",
            host=f"ssh://{self.alias}",
            ssh_opts=["-F", self.config],
            registry_auth=registry_login(registry),
            opts=ResourceOptions(depends_on=[ready]),
        )
        return Host(
            provider=provider,
            program=self.program,
            reader=self.reader,
            address=self.args.address,
            ready=[ready],
            installed=[installed],
        )

    def _write(self, target: Mapping[str, object]) -> str:
        args, stack = self.args, pulumi.get_stack()
        texts = ssh.files(
            stack,
            str(folder(stack)),
            **target,  # type: ignore[arg-type]
            user=args.user,
            port=args.port,
            identity_file=args.identity_file,
        )
        return str(write(Path(), stack, texts, target))


def ssh_host(settings: SshHost, registry: Registry | None) -> Host:
    """Returns an existing machine as a host."""
    access = Ssh(
        SshArgs(
            address=settings.address,
            host_keys=[settings.host_key],
            user=settings.user,
            port=settings.port,
            identity_file=settings.identity_file,
        )
    )
    reruns_on = {"ADDRESS": f"{settings.user}@{settings.address}:{settings.port}", "KEY": settings.host_key}
    reached = access.wait_reachable(
        f"host/address: {settings.address}",
        "is it up, is host/port right, and does its firewall accept this address?",
        CONNECT_TIMEOUT_S,
        reruns_on=reruns_on,
    )
    ready = access.remote_step("host-ready", "ready", reruns_on=reruns_on, after=[reached])
    installed = access.install(reruns_on=reruns_on, after=[ready])
    host = access.host(registry, ready=ready, installed=installed)
    return replace(host, public_address=settings.address) if _is_public(settings.address) else host


def _is_public(address: str) -> bool:
    try:
        return IPv4Address(address).is_global
    except ValueError:
        return False
