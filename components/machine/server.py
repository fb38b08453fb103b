"""A server at Hetzner Cloud, with its keys, firewall, addresses and disk."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud
import pulumi_tls as tls
from pulumi import Output, ResourceOptions

from render.cloud_init import user_data
from settings import Dns, HetznerHost

from .dns import records
from .power import power_on, shut_down

ANYWHERE = ["0.0.0.0/0", "::/0"]
# Properties that an adopted server, address or volume keeps.
KEPT = ["name", "labels", "deleteProtection"]
SERVER_KEPT = ["serverType", "firewallIds", "backups", "rebuildProtection", "shutdownBeforeDeletion"]


@dataclass(frozen=True, kw_only=True)
class ServerArgs:
    """The server's settings, and the DNS zone of its name."""

    settings: HetznerHost
    dns: Dns | None


class Server(pulumi.ComponentResource):
    """SSH keys, firewall, addresses, disk for data, server. Everything with data or a public address is protected."""

    def __init__(self, name: str, args: ServerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:host:Server", name, {}, opts)
        self.settings, self._name = args.settings, name
        adopt = args.settings.adopt
        self.ipv4 = self._address("ipv4", adopt.primary_ipv4_id if adopt else None)
        # For the server's own connections: nothing is served over IPv6. An adopted server keeps its addresses.
        self.ipv6 = None
        if not adopt or adopt.primary_ipv6_id:
            self.ipv6 = self._address("ipv6", adopt.primary_ipv6_id if adopt else None)
        self.disk = self._disk()
        # The host key is generated here and pinned, so the first connection is verified too.
        host_key = tls.PrivateKey(f"{name}-host-key", algorithm="ED25519", opts=self._protected(None))
        # An adopted server has its own key; a server that replaces it has the generated one.
        adopted_key = [args.settings.host_key] if args.settings.host_key else []
        self.host_keys = host_key.public_key_openssh.apply(lambda key: [*adopted_key, key.strip()])
        self.server = self._server(host_key)
        self.attachment = hcloud.VolumeAttachment(
            f"{name}-data-attachment",
            volume_id=self.disk.id.apply(int),
            server_id=self.server.id.apply(int),
            automount=False,
            opts=ResourceOptions(
                parent=self,
                deleted_with=self.server,
                import_=str(adopt.volume_id) if adopt and adopt.volume_id else None,
            ),
        )
        self._add_names(args.dns)
        self.running = power_on(f"{name}-on", self.server, parent=self)
        self.register_outputs({"address": self.ipv4.ip_address})

    def _server(self, host_key: tls.PrivateKey) -> hcloud.Server:
        settings, name = self.settings, self._name
        keys = self._ssh_keys()
        firewall = self._firewall()
        authorized = list(settings.authorized_keys.values())
        options = self._protected(
            settings.adopt.server_id if settings.adopt else None,
            ["userData", "sshKeys", "image", "publicNets"],
            [*KEPT, *SERVER_KEPT],
        )
        if not settings.adopt:
            # It is shut down in order before its type changes: the provider would cut its power.
            options.depends_on = [shut_down(f"{name}-off", self.ipv4, settings.server_type, parent=self)]
        return hcloud.Server(
            f"{name}-server",
            name=settings.name,
            server_type=settings.server_type,
            location=settings.location,
            image=settings.image,
            ssh_keys=[key.id for key in keys],
            firewall_ids=[firewall.id.apply(int)],
            # For a new server alone: the provider does not read them, and would remove an adopted server's address.
            public_nets=[
                hcloud.ServerPublicNetArgs(
                    ipv4=self.ipv4.id.apply(int), ipv6=self.ipv6.id.apply(int) if self.ipv6 else None
                )
            ],
            user_data=Output.all(host_key.private_key_openssh, host_key.public_key_openssh).apply(
                lambda pair: user_data(pair[0], pair[1], authorized, settings.reboot_at)
            ),
            backups=True,
            delete_protection=True,
            rebuild_protection=True,
            shutdown_before_deletion=True,
            labels=settings.labels,
            opts=options,
        )

    def _ssh_keys(self) -> list[hcloud.SshKey]:
        """Declares the operators' keys, except for an adopted server: the project has its keys already.

        A changed key is a new resource: to replace one would replace the server, which is protected.
        """
        settings = self.settings
        return [
            hcloud.SshKey(
                f"{self._name}-key-{operator}-{_short_hash(key)}",
                name=f"{settings.name}-{operator}-{_short_hash(key)}",
                public_key=key,
                labels=settings.labels,
                opts=ResourceOptions(parent=self),
            )
            for operator, key in ({} if settings.adopt else settings.authorized_keys).items()
        ]

    def _firewall(self) -> hcloud.Firewall:
        """Declares Hetzner's firewall. Docker bypasses the server's own packet filter, but not this one."""
        return hcloud.Firewall(
            f"{self._name}-firewall",
            name=self.settings.name,
            rules=[
                _rule("tcp", "22", self.settings.ssh_allowed_from),
                _rule("tcp", "80", ANYWHERE),
                _rule("tcp", "443", ANYWHERE),
                _rule("icmp", None, ANYWHERE),
            ],
            labels=self.settings.labels,
            opts=ResourceOptions(parent=self),
        )

    def _disk(self) -> hcloud.Volume:
        settings, adopt = self.settings, self.settings.adopt
        return hcloud.Volume(
            f"{self._name}-data",
            name=f"{settings.name}-data",
            size=settings.volume_size,
            location=settings.location,
            format="ext4",
            delete_protection=True,
            labels=settings.labels,
            opts=self._protected(adopt.volume_id if adopt else None, ["format"], [*KEPT, "size"]),
        )

    def _address(self, kind: str, adopted: int | None) -> hcloud.PrimaryIp:
        settings = self.settings
        return hcloud.PrimaryIp(
            f"{self._name}-{kind}",
            name=f"{settings.name}-{kind}",
            type=kind,
            location=settings.location,
            auto_delete=False,
            delete_protection=True,
            labels=settings.labels,
            opts=self._protected(adopted, [], [*KEPT, "autoDelete"]),
        )

    def _protected(self, adopted: int | None, ignored: Sequence[str] = (), kept: Sequence[str] = ()) -> ResourceOptions:
        """Returns options that protect a resource. An adopted one is imported, and its inputs `kept` do not change."""
        return ResourceOptions(
            parent=self,
            protect=True,
            import_=str(adopted) if adopted else None,
            ignore_changes=[*ignored, *(kept if adopted else [])] or None,
        )

    def _add_names(self, dns: Dns | None) -> None:
        """Declares the server's record and its reverse DNS, except for an adopted server."""
        name = self.settings.name
        full = name if "." in name or not dns else f"{name}.{dns.zone}"
        if self.settings.adopt or "." not in full:
            return
        hcloud.Rdns(
            f"{self._name}-ipv4-name",
            primary_ip_id=self.ipv4.id.apply(int),
            ip_address=self.ipv4.ip_address,
            dns_ptr=full,
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )
        records(f"{self._name}-dns", full, self.ipv4.ip_address, dns=dns, parent=self)


def _rule(protocol: str, port: str | None, sources: list[str]) -> hcloud.FirewallRuleArgs:
    return hcloud.FirewallRuleArgs(direction="in", protocol=protocol, port=port, source_ips=sources)


def _short_hash(key: str) -> str:
    return hashlib.sha256(key.split()[1].encode()).hexdigest()[:6]
