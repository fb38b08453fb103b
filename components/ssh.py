"""The way to a host that is reached over SSH: one pinned, multiplexed connection for steps and for Docker."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions
from pulumi_command import local

from render import ssh
from settings import Registry, SshHost

from . import host_program, ssh_files
from .host import Host, registry_auth, step
from .ssh_files import folder, write

CONNECT_TIMEOUT_S = 30


class Access:
    """OpenSSH's configuration for one host, written before every operation; what runs over it."""

    interpreter: Output[Sequence[str]]

    def __init__(
        self,
        address: Input[str],
        host_keys: Input[Sequence[str]],
        user: str,
        port: int,
        identity_file: str | None,
        parent: pulumi.Resource | None = None,
    ) -> None:
        self.parent = parent
        stack = pulumi.get_stack()
        self.alias = ssh.alias(stack)
        # By which the command finds the host where the program has not run yet, on another laptop.
        known = Output.all(address=address, host_keys=host_keys)
        pulumi.export("ssh", known)
        self.config = known.apply(
            lambda known: str(
                write(
                    Path(),
                    stack,
                    ssh.files(stack, str(folder(stack)), **known, user=user, port=port, identity_file=identity_file),
                    known,
                )
            )
        )
        self.interpreter = self.config.apply(lambda config: ["ssh", "-F", config, self.alias])

    def reached(
        self,
        what: Input[str],
        advice: str,
        timeout_s: int,
        reruns_on: Mapping[str, Input[str]],
        after: Sequence[pulumi.Resource],
    ) -> local.Command:
        """There once the host lets us in. `what` names it in errors, `advice` is for one that is silent."""
        text = Output.all(config=self.config, what=what).apply(
            lambda known: ssh.reached(known["config"], self.alias, known["what"], advice, timeout_s)
        )
        return self.here("host-reached", text, reruns_on, after)

    def here(
        self, name: str, text: Input[str], reruns_on: Mapping[str, Input[str]], after: Sequence[pulumi.Resource]
    ) -> local.Command:
        """A step on the operator's machine."""
        return step(name, ["bash", "-c"], text, reruns_on=reruns_on, parent=self.parent, depends_on=after)

    def there(
        self, name: str, text: Input[str], reruns_on: Mapping[str, Input[str]], after: Sequence[pulumi.Resource]
    ) -> local.Command:
        """A step on the host before it is ready to be one."""
        return step(name, self.interpreter, text, reruns_on=reruns_on, parent=self.parent, depends_on=after)

    def host(
        self, address: Input[str], registry: Registry | None, token: Output[str] | None, ready: pulumi.Resource
    ) -> Host:
        """The host itself, once it is `ready`."""
        # The provider asks Docker as soon as it is made.
        provider = docker.Provider(
            "docker",
            host=f"ssh://{self.alias}",
            ssh_opts=["-F", self.config],
            registry_auth=registry_auth(registry, token),
            opts=ResourceOptions(depends_on=[ready]),
        )
        return Host(
            provider=provider,
            interpreter=self.interpreter,
            program=self.interpreter.apply(lambda words: [*words, host_program.CALL]),
            reader=self.reader,
            asker=self.config.apply(lambda config: ["bash", "-c", self._asks(config)]),
            address=address,
            ready=[ready],
            installed=[self._install(ready)],
        )

    def _install(self, ready: pulumi.Resource) -> local.Command:
        """Puts this version of the program on the host; the one step that runs again for another version."""
        text = self.config.apply(
            lambda config: (
                f"{self._put(config)} && {shlex.join(['ssh', '-F', config, self.alias, host_program.current()])}"
            )
        )
        return self.here("host-program", text, {}, [ready])

    def _put(self, config: str) -> str:
        file = shlex.quote(str(Path(config).with_name(ssh_files.PROGRAM)))
        return f"{host_program.put(shlex.join(['ssh', '-F', config, self.alias]))} < {file}"

    def _asks(self, config: str) -> str:
        """Brings the program along and calls it; a host that cannot be reached says nothing."""
        there = f"python3 {host_program.FOLDER}/{host_program.file_name()}"
        call = f'{shlex.join(["ssh", "-F", config, self.alias, there])} "$0"'
        return f"{self._put(config)} 2>/dev/null && {call} 2>/dev/null || [ $? -eq 255 ]"

    @property
    def reader(self) -> Output[Sequence[str]]:
        """As the interpreter, for what is only read; a host that cannot be reached says nothing."""
        return self.config.apply(lambda config: ["bash", "-c", ssh.or_nothing(config, self.alias)])


def ssh_host(settings: SshHost, registry: Registry | None, token: Output[str] | None) -> Host:
    """A machine that is there already."""
    access = Access(settings.address, [settings.host_key], settings.user, settings.port, settings.identity_file)
    reruns_on = {"ADDRESS": f"{settings.user}@{settings.address}:{settings.port}", "KEY": settings.host_key}
    reached = access.reached(
        f"host/address: {settings.address}",
        "is it up, is host/port right, and does its firewall let this address in?",
        CONNECT_TIMEOUT_S,
        reruns_on,
        [],
    )
    ready = access.there("host-ready", ssh.ready(), reruns_on, [reached])
    host = access.host(settings.address, registry, token, ready)
    return replace(host, public=settings.address) if _is_public(settings.address) else host


def _is_public(address: str) -> bool:
    try:
        return IPv4Address(address).is_global
    except ValueError:
        return False
