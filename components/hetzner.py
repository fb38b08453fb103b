"""A server at Hetzner Cloud as the platform's host."""

from pathlib import Path

import pulumi
import pulumi_docker as docker
import pulumi_hcloud as hcloud
import pulumi_tls as tls
from pulumi import Output, ResourceOptions

from render import ssh
from render.cloud_init import user_data
from settings import HetznerHost, Registry

from .host import Host, registry_auth

ANYWHERE = ["0.0.0.0/0", "::/0"]
USER = "root"
BOOT_TIMEOUT_S = 300
WAIT_FOR_DOCKER = f"""for try in $(seq {BOOT_TIMEOUT_S // 2}); do docker info >/dev/null 2>&1 && exit 0; sleep 2; done
echo "host: Docker does not answer after {BOOT_TIMEOUT_S} s; see /var/log/cloud-init-output.log there" >&2
exit 1"""


class Server(pulumi.ComponentResource):
    """SSH keys, firewall, address and server. The server is protected; changing its first boot never replaces it."""

    address: Output[str]
    host_key: Output[str]

    def __init__(self, name: str, settings: HetznerHost, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:host:Server", name, {}, opts)
        own = ResourceOptions(parent=self)
        keys = [
            hcloud.SshKey(f"{name}-key-{who}", name=f"{settings.name}-{who}", public_key=key, opts=own)
            for who, key in settings.authorized_keys.items()
        ]
        # Docker opens ports behind the server's own packet filter; this one it cannot pass by.
        firewall = hcloud.Firewall(
            f"{name}-firewall",
            name=settings.name,
            rules=[
                _rule("tcp", "22", settings.ssh_allowed_from),
                _rule("tcp", "80", ANYWHERE),
                _rule("tcp", "443", ANYWHERE),
                _rule("icmp", None, ANYWHERE),
            ],
            labels=settings.labels,
            opts=own,
        )
        address = hcloud.PrimaryIp(
            f"{name}-ipv4",
            name=f"{settings.name}-ipv4",
            type="ipv4",
            location=settings.location,
            auto_delete=False,
            delete_protection=True,
            labels=settings.labels,
            opts=ResourceOptions(parent=self, protect=True),
        )
        # The host's key is ours from the start, so that the first connection is as safe as the last.
        host_key = tls.PrivateKey(
            f"{name}-host-key", algorithm="ED25519", opts=ResourceOptions(parent=self, protect=True)
        )
        authorized = list(settings.authorized_keys.values())
        self.server = hcloud.Server(
            f"{name}-server",
            name=settings.name,
            server_type=settings.server_type,
            location=settings.location,
            image=settings.image,
            ssh_keys=[key.id for key in keys],
            firewall_ids=[firewall.id.apply(int)],
            public_nets=[hcloud.ServerPublicNetArgs(ipv4=address.id.apply(int), ipv6_enabled=True)],
            user_data=Output.all(host_key.private_key_openssh, host_key.public_key_openssh).apply(
                lambda pair: user_data(pair[0], pair[1], authorized)
            ),
            backups=True,
            delete_protection=True,
            rebuild_protection=True,
            shutdown_before_deletion=True,
            labels=settings.labels,
            opts=ResourceOptions(parent=self, protect=True, ignore_changes=["userData", "sshKeys", "image"]),
        )
        self.address = address.ip_address
        self.host_key = host_key.public_key_openssh
        self.register_outputs({"address": self.address})


def _rule(protocol: str, port: str | None, sources: list[str]) -> hcloud.FirewallRuleArgs:
    return hcloud.FirewallRuleArgs(direction="in", protocol=protocol, port=port, source_ips=sources)


def hetzner_host(settings: HetznerHost, registry: Registry | None, token: Output[str] | None) -> Host:
    """The server, and everything on it over one multiplexed SSH connection."""
    server = Server("server", settings)
    alias = f"sertantai-{pulumi.get_stack()}"
    folder = Path(".sertantai", pulumi.get_stack(), "ssh").absolute()
    written = Output.all(server.address, server.host_key).apply(
        lambda known: _write(folder, alias, address=known[0], host_key=known[1])
    )
    provider = docker.Provider(
        "docker",
        host=f"ssh://{alias}",
        ssh_opts=["-F", written],
        registry_auth=registry_auth(registry, token),
    )
    reached = Host(
        provider=provider,
        interpreter=written.apply(lambda config: ["ssh", "-F", config, alias]),
        address=server.address,
    )
    ready = reached.command("docker-ready", WAIT_FOR_DOCKER, reruns_on={"SERVER": server.server.id}, parent=server)
    return Host(
        provider=provider,
        interpreter=reached.interpreter,
        address=server.address,
        public=server.address,
        ready=[server.server, ready],
    )


def _write(folder: Path, alias: str, *, address: str, host_key: str) -> str:
    """Writes the SSH configuration anew before every operation: the state may be read on another laptop."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (Path.home() / ".ssh").mkdir(exist_ok=True, mode=0o700)  # where the connection's socket is
    (folder / "known_hosts").write_text(ssh.known_hosts(alias, host_key))
    config = folder / "config"
    config.write_text(ssh.config(alias, address, USER, str(folder)))
    return str(config)
