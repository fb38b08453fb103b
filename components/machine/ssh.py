"""The way to a host that is reached over SSH: one pinned, multiplexed connection for steps and for Docker."""

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

from ..host import Host, registry_auth, step
from . import host_program
from .ssh_files import folder, write

CONNECT_TIMEOUT_S = 30


class Access:
    """OpenSSH's configuration for one host, written before every operation; what runs over it."""

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

    def reached(
        self,
        what: Input[str],
        advice: str,
        timeout_s: int,
        reruns_on: Mapping[str, Input[str]],
        after: Sequence[pulumi.Resource],
    ) -> local.Command:
        """There once the host accepts a connection. `what` names it in errors, `advice` is for one that is silent."""
        text = Output.all(config=self.config, what=what).apply(
            lambda known: ssh.here("reached", known["config"], self.alias, str(timeout_s), known["what"], advice)
        )
        return self.here("host-reached", text, reruns_on, after)

    def here(
        self,
        name: str,
        text: Input[str],
        reruns_on: Mapping[str, Input[str]],
        after: Sequence[pulumi.Resource],
        stdin: str | None = None,
    ) -> local.Command:
        """A step on the operator's machine."""
        return step(name, ["bash", "-c"], text, stdin=stdin, reruns_on=reruns_on, parent=self.parent, depends_on=after)

    def there(
        self,
        name: str,
        script: str,
        *words: str,
        reruns_on: Mapping[str, Input[str]],
        after: Sequence[pulumi.Resource],
    ) -> local.Command:
        """A step on the host before the program is there: a script of components/machine/bootstrap."""
        text = self.config.apply(lambda config: ssh.there(config, self.alias, script, *words))
        return self.here(name, text, reruns_on, after)

    def install(self, reruns_on: Mapping[str, Input[str]], after: Sequence[pulumi.Resource]) -> local.Command:
        """Puts this version of the program on the host: the one step that runs again for another version."""
        text = self.config.apply(lambda config: ssh.here("install", config, self.alias, host_program.path()))
        return self.here("host-program", text, reruns_on, after)

    def verb(
        self,
        name: str,
        line: Input[str],
        *,
        told: str | None = None,
        reruns_on: Mapping[str, Input[str]],
        after: Sequence[pulumi.Resource],
    ) -> local.Command:
        """A step that calls a verb on the host before it is ready to be one; see `Host.verb`."""
        return step(name, self.program, line, stdin=told, reruns_on=reruns_on, parent=self.parent, depends_on=after)

    def host(
        self,
        address: Input[str],
        registry: Registry | None,
        token: Output[str] | None,
        ready: pulumi.Resource,
        installed: pulumi.Resource,
    ) -> Host:
        """The host itself, once it is `ready` and has the program."""
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
            program=self.program,
            asker=self.asker,
            address=address,
            ready=[ready],
            installed=[installed],
        )

    @property
    def program(self) -> Output[Sequence[str]]:
        """Calls the program on the host."""
        return self.config.apply(lambda config: ["ssh", "-F", config, self.alias, host_program.CALL])

    @property
    def asker(self) -> Output[Sequence[str]]:
        """As `program`, for verbs that only read; a host that cannot be reached says nothing."""
        return self.config.apply(lambda config: ["bash", ssh.file("ask"), config, self.alias, host_program.path()])


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
    ready = access.there("host-ready", "ready", reruns_on=reruns_on, after=[reached])
    installed = access.install(reruns_on, [ready])
    host = access.host(settings.address, registry, token, ready, installed)
    return replace(host, public=settings.address) if _is_public(settings.address) else host


def _is_public(address: str) -> bool:
    try:
        return IPv4Address(address).is_global
    except ValueError:
        return False
