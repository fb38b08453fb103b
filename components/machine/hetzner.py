"""A server at Hetzner Cloud as the platform's host."""

from dataclasses import replace

import pulumi
from pulumi import Output

from render import server as render
from render import ssh, verb
from settings import Dns, HetznerHost, Registry

from ..command import read
from ..host import Host
from .server import Server, ServerArgs
from .ssh import Ssh, SshArgs

USER = "root"
DATA = "/mnt/sertantai"
FIRST_ANSWER_TIMEOUT_S = 300
BOOT_TIMEOUT_S = 600
VOLUME_TIMEOUT_S = 120
CONSOLE = "look at its console: https://console.hetzner.cloud, or `hcloud server request-console`"


def hetzner_host(settings: HetznerHost, dns: Dns | None, registry: Registry | None) -> Host:
    """Declares the server and returns it as a host. Everything on it uses one multiplexed SSH connection."""
    server = Server("server", ServerArgs(settings=settings, dns=dns))
    address = server.ipv4.ip_address
    access = Ssh(
        SshArgs(
            address=address,
            host_keys=server.host_keys,
            user=USER,
            port=22,
            identity_file=settings.identity_file,
        ),
        server,
    )
    rebuilt = {"SERVER": server.server.id}
    resized = rebuilt | {"TYPE": server.server.server_type}
    reached = access.wait_reachable(
        Output.concat("host: the server ", settings.name, " (", server.server.id, ", ", address, ")"),
        CONSOLE,
        FIRST_ANSWER_TIMEOUT_S,
        reruns_on=resized,
        after=[server.running],
    )
    booted = access.remote_step("server-booted", "booted", str(BOOT_TIMEOUT_S), reruns_on=rebuilt, after=[reached])
    installed = access.install(reruns_on=rebuilt, after=[booted])
    prepared = _prepare(settings, server, access, booted=booted, installed=installed)
    ready = access.remote_step("host-ready", "ready", reruns_on=resized, after=prepared)
    return replace(access.host(registry, ready=ready, installed=installed), public_address=address, data_folder=DATA)


def _prepare(
    settings: HetznerHost, server: Server, access: Ssh, *, booted: pulumi.Resource, installed: pulumi.Resource
) -> list[pulumi.Resource]:
    """Configures the server, authorizes the operators' keys and mounts the disk for data."""
    rebuilt = {"SERVER": server.server.id}
    configured = access.command(
        "server-settings",
        verb.line("configure"),
        stdin=verb.stdin(render.configuration(settings.reboot_at)),
        reruns_on=rebuilt,
        after=[installed],
    )
    keys = "".join(f"{key}\n" for key in settings.authorized_keys.values())
    authorize = access.config.apply(lambda config: ssh.local_command("authorized_keys", config, access.alias))
    authorized = access.local_step("server-keys", authorize, reruns_on=rebuilt, after=[configured], stdin=keys)
    lost = read(access.reader, verb.line("lost", DATA), after=[booted])
    mounted = access.command(
        "server-mount",
        server.disk.linux_device.apply(lambda device: verb.line("mount", device, DATA, wait=VOLUME_TIMEOUT_S)),
        reruns_on=rebuilt | {"SIZE": server.disk.size.apply(str), "LOST": lost},
        after=[configured, server.attachment],
    )
    return [authorized, mounted]
