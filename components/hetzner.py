"""A server at Hetzner Cloud as the platform's host."""

from collections.abc import Sequence
from dataclasses import replace

import pulumi
import pulumi_hcloud as hcloud
import pulumi_tls as tls
from pulumi import Input, Output, ResourceOptions

from render import server as render
from render import ssh
from render.cloud_init import user_data
from settings import Dns, HetznerHost, Registry

from .host import Host
from .power import power_on, shut_down
from .ssh import Access

ANYWHERE = ["0.0.0.0/0", "::/0"]
USER = "root"
DATA = "/mnt/sertantai"
FIRST_ANSWER_TIMEOUT_S = 300
CONSOLE = "look at its console: https://console.hetzner.cloud, or `hcloud server request-console`"


class Server(pulumi.ComponentResource):
    """SSH keys, firewall, addresses, disk for data, server. What holds data or is known to the world is protected."""

    def __init__(self, name: str, settings: HetznerHost, dns: Dns | None, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:host:Server", name, {}, opts)
        self._prefix, self.settings, adopt = name, settings, settings.adopt
        self.ipv4 = self._address("ipv4", adopt.primary_ipv4_id if adopt else None)
        self.ipv6 = self._address("ipv6", None)
        self.disk = hcloud.Volume(
            f"{name}-data",
            name=f"{settings.name}-data",
            size=settings.volume_size,
            location=settings.location,
            format="ext4",
            delete_protection=True,
            labels=settings.labels,
            opts=self._kept(adopt.volume_id if adopt else None),
        )
        # The host's key is ours from the start, so that the first connection is as safe as the last.
        made = tls.PrivateKey(f"{name}-host-key", algorithm="ED25519", opts=self._kept(None))
        self.host_key: Input[str] = settings.host_key or made.public_key_openssh
        self.server = self._server(name, made)
        hcloud.VolumeAttachment(
            f"{name}-data-attachment",
            volume_id=self.disk.id.apply(int),
            server_id=self.server.id.apply(int),
            automount=False,
            opts=ResourceOptions(parent=self, deleted_with=self.server),
        )
        self._reverse_dns(dns)
        self.on = power_on(f"{name}-on", self.server, self)
        self.register_outputs({"address": self.ipv4.ip_address})

    def _server(self, name: str, host_key: tls.PrivateKey) -> hcloud.Server:
        settings, own = self.settings, ResourceOptions(parent=self)
        keys = [
            hcloud.SshKey(
                f"{name}-key-{who}", name=f"{settings.name}-{who}", public_key=key, labels=settings.labels, opts=own
            )
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
        authorized = list(settings.authorized_keys.values())
        options = self._kept(settings.adopt.server_id if settings.adopt else None, ["userData", "sshKeys", "image"])
        server = settings.adopt.server_id if settings.adopt else settings.name
        # Another type is changed while the server is off: in order, not by its switch.
        options.depends_on = [shut_down(f"{name}-off", server, settings.server_type, self)]
        return hcloud.Server(
            f"{name}-server",
            name=settings.name,
            server_type=settings.server_type,
            location=settings.location,
            image=settings.image,
            ssh_keys=[key.id for key in keys],
            firewall_ids=[firewall.id.apply(int)],
            public_nets=[hcloud.ServerPublicNetArgs(ipv4=self.ipv4.id.apply(int), ipv6=self.ipv6.id.apply(int))],
            user_data=Output.all(host_key.private_key_openssh, host_key.public_key_openssh).apply(
                lambda pair: user_data(pair[0], pair[1], authorized)
            ),
            backups=True,
            delete_protection=True,
            rebuild_protection=True,
            shutdown_before_deletion=True,
            labels=settings.labels,
            opts=options,
        )

    def _address(self, kind: str, adopted: int | None) -> hcloud.PrimaryIp:
        settings = self.settings
        return hcloud.PrimaryIp(
            f"{self._prefix}-{kind}",
            name=f"{settings.name}-{kind}",
            type=kind,
            location=settings.location,
            auto_delete=False,
            delete_protection=True,
            labels=settings.labels,
            opts=self._kept(adopted),
        )

    def _kept(self, adopted: int | None, ignored: Sequence[str] = ()) -> ResourceOptions:
        """Options of what outlives a slip. What is adopted is imported as it is: settings apply once `adopt` is out."""
        return ResourceOptions(
            parent=self,
            protect=True,
            import_=str(adopted) if adopted else None,
            ignore_changes=["*"] if adopted else list(ignored) or None,
        )

    def _reverse_dns(self, dns: Dns | None) -> None:
        name = self.settings.name
        if "." not in name and not dns:
            return  # no name in the world leads here
        full = name if "." in name or not dns else f"{name}.{dns.zone}"
        for kind, address in (("ipv4", self.ipv4), ("ipv6", self.ipv6)):
            hcloud.Rdns(
                f"{self._prefix}-{kind}-name",
                primary_ip_id=address.id.apply(int),
                ip_address=address.ip_address if kind == "ipv4" else first_of(address.ip_address),
                dns_ptr=full,
                opts=ResourceOptions(parent=self, delete_before_replace=True),
            )


def first_of(network: Output[str]) -> Output[str]:
    """The address that the server itself has of its IPv6 network."""
    return network.apply(lambda address: f"{address.partition('/')[0].removesuffix('::')}::1")


def _rule(protocol: str, port: str | None, sources: list[str]) -> hcloud.FirewallRuleArgs:
    return hcloud.FirewallRuleArgs(direction="in", protocol=protocol, port=port, source_ips=sources)


def hetzner_host(settings: HetznerHost, dns: Dns | None, registry: Registry | None, token: Output[str] | None) -> Host:
    """The server, and everything on it over one multiplexed SSH connection."""
    made = Server("server", settings, dns)
    id_, type_ = made.server.id, made.server.server_type
    access = Access(made.ipv4.ip_address, made.host_key, USER, 22, settings.identity_file)
    own = ResourceOptions(parent=made, depends_on=[made.on])
    ready = access.ready(
        Output.concat("host: the server ", settings.name, " (", id_, ", ", made.ipv4.ip_address, ")"),
        CONSOLE,
        FIRST_ANSWER_TIMEOUT_S,
        {"SERVER": id_, "TYPE": type_},
        own,
    )
    host = access.host(made.ipv4.ip_address, registry, token, ready)
    settled = host.command("server-settings", render.settled(), reruns_on={"SERVER": id_}, parent=made)
    keys = host.command(
        "server-keys", ssh.authorized(list(settings.authorized_keys.values())), reruns_on={"SERVER": id_}, parent=made
    )
    mounted = host.command(
        "server-mount",
        made.disk.linux_device.apply(lambda device: render.mounted(device, DATA)),
        reruns_on={"SERVER": id_, "SIZE": made.disk.size.apply(str)},
        parent=made,
    )
    return replace(
        host,
        public=made.ipv4.ip_address,
        public_ipv6=first_of(made.ipv6.ip_address),
        data=DATA,
        ready=[ready, settled, keys, mounted],
    )
