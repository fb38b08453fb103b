"""A server at Hetzner Cloud as the platform's host."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pulumi
import pulumi_hcloud as hcloud
import pulumi_tls as tls
from pulumi import Output, ResourceOptions

from render import server as render
from render import ssh, verb
from render.cloud_init import user_data
from settings import Dns, HetznerHost, Registry

from ..host import Host, reading
from .dns import records
from .power import power_on, shut_down
from .ssh import Access

ANYWHERE = ["0.0.0.0/0", "::/0"]
USER = "root"
DATA = "/mnt/sertantai"
# What an adopted server, address or volume has of its own.
OF_ALL = ["name", "labels", "deleteProtection"]
FIRST_ANSWER_TIMEOUT_S = 300
BOOT_TIMEOUT_S = 600
VOLUME_TIMEOUT_S = 120
CONSOLE = "look at its console: https://console.hetzner.cloud, or `hcloud server request-console`"


class Server(pulumi.ComponentResource):
    """SSH keys, firewall, addresses, disk for data, server. What holds data or is known to the world is protected."""

    def __init__(self, name: str, settings: HetznerHost, dns: Dns | None, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:host:Server", name, {}, opts)
        self._prefix, self.settings, adopt = name, settings, settings.adopt
        self.ipv4 = self._address("ipv4", adopt.primary_ipv4_id if adopt else None)
        # For what the server calls: nothing is served over it. An adopted server keeps the addresses that it has.
        self.ipv6 = None
        if not adopt or adopt.primary_ipv6_id:
            self.ipv6 = self._address("ipv6", adopt.primary_ipv6_id if adopt else None)
        self.disk = hcloud.Volume(
            f"{name}-data",
            name=f"{settings.name}-data",
            size=settings.volume_size,
            location=settings.location,
            format="ext4",
            delete_protection=True,
            labels=settings.labels,
            opts=self._kept(adopt.volume_id if adopt else None, ["format"], [*OF_ALL, "size"]),
        )
        # The host's key is ours from the start, so that the first connection is as safe as the last.
        made = tls.PrivateKey(f"{name}-host-key", algorithm="ED25519", opts=self._kept(None))
        # A server that is made in an adopted one's place shows the key that is made here.
        own = [settings.host_key] if settings.host_key else []
        self.host_keys = made.public_key_openssh.apply(lambda key: [*own, key.strip()])
        self.server = self._server(name, made)
        self.attached = hcloud.VolumeAttachment(
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
        self._names(dns)
        self.on = power_on(f"{name}-on", self.server, self)
        self.register_outputs({"address": self.ipv4.ip_address})

    def _server(self, name: str, host_key: tls.PrivateKey) -> hcloud.Server:
        settings, own = self.settings, ResourceOptions(parent=self)
        # Another key is another resource: replacing one would replace the server, which is protected. Those of an
        # adopted server are in the project already.
        keys = [
            hcloud.SshKey(
                f"{name}-key-{who}-{_mark(key)}",
                name=f"{settings.name}-{who}-{_mark(key)}",
                public_key=key,
                labels=settings.labels,
                opts=own,
            )
            for who, key in ({} if settings.adopt else settings.authorized_keys).items()
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
        options = self._kept(
            settings.adopt.server_id if settings.adopt else None,
            ["userData", "sshKeys", "image", "publicNets"],
            [*OF_ALL, "serverType", "firewallIds", "backups", "rebuildProtection", "shutdownBeforeDeletion"],
        )
        if not settings.adopt:
            # Another type is changed while the server is off: in order, not by its switch.
            options.depends_on = [shut_down(f"{name}-off", self.ipv4, settings.server_type, self)]
        return hcloud.Server(
            f"{name}-server",
            name=settings.name,
            server_type=settings.server_type,
            location=settings.location,
            image=settings.image,
            ssh_keys=[key.id for key in keys],
            firewall_ids=[firewall.id.apply(int)],
            # Only for one that is made: the provider does not read them, and would take an adopted one's address away.
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
            opts=self._kept(adopted, [], [*OF_ALL, "autoDelete"]),
        )

    def _kept(self, adopted: int | None, ignored: Sequence[str] = (), as_found: Sequence[str] = ()) -> ResourceOptions:
        """Options of what outlives a slip. What is adopted is imported; while `adopt` is in, `as_found` stays."""
        return ResourceOptions(
            parent=self,
            protect=True,
            import_=str(adopted) if adopted else None,
            ignore_changes=[*ignored, *(as_found if adopted else [])] or None,
        )

    def _names(self, dns: Dns | None) -> None:
        """The server's own name, from its address and to it; that of an adopted one stays."""
        name = self.settings.name
        full = name if "." in name or not dns else f"{name}.{dns.zone}"
        if self.settings.adopt or "." not in full:
            return
        hcloud.Rdns(
            f"{self._prefix}-ipv4-name",
            primary_ip_id=self.ipv4.id.apply(int),
            ip_address=self.ipv4.ip_address,
            dns_ptr=full,
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )
        records(f"{self._prefix}-dns", full, dns, self.ipv4.ip_address, self)


def _rule(protocol: str, port: str | None, sources: list[str]) -> hcloud.FirewallRuleArgs:
    return hcloud.FirewallRuleArgs(direction="in", protocol=protocol, port=port, source_ips=sources)


def _mark(key: str) -> str:
    return hashlib.sha256(key.split()[1].encode()).hexdigest()[:6]


def hetzner_host(settings: HetznerHost, dns: Dns | None, registry: Registry | None, token: Output[str] | None) -> Host:
    """The server, and everything on it over one multiplexed SSH connection."""
    made = Server("server", settings, dns)
    number = {"SERVER": made.server.id}
    access = Access(made.ipv4.ip_address, made.host_keys, USER, 22, settings.identity_file, made)

    what = Output.concat("host: the server ", settings.name, " (", made.server.id, ", ", made.ipv4.ip_address, ")")
    again = number | {"TYPE": made.server.server_type}
    reached = access.reached(what, CONSOLE, FIRST_ANSWER_TIMEOUT_S, again, [made.on])
    booted = access.there("server-booted", "booted", str(BOOT_TIMEOUT_S), reruns_on=number, after=[reached])
    installed = access.install(number, [booted])
    configured = access.verb(
        "server-settings",
        verb.line("configure"),
        told=verb.told(render.configuration(settings.reboot_at)),
        reruns_on=number,
        after=[installed],
    )
    keys = "".join(f"{key}\n" for key in settings.authorized_keys.values())
    authorize = access.config.apply(lambda config: ssh.here("authorized_keys", config, access.alias))
    authorized = access.here("server-keys", authorize, number, [configured], stdin=keys)
    lost = reading(access.asker, verb.line("lost", DATA), [booted])
    mounted = access.verb(
        "server-mount",
        made.disk.linux_device.apply(lambda device: verb.line("mount", device, DATA, wait=VOLUME_TIMEOUT_S)),
        reruns_on=number | {"SIZE": made.disk.size.apply(str), "LOST": lost},
        after=[configured, made.attached],
    )
    ready = access.there("host-ready", "ready", reruns_on=again, after=[authorized, mounted])
    return replace(
        access.host(made.ipv4.ip_address, registry, token, ready, installed),
        public=made.ipv4.ip_address,
        data=DATA,
    )
