"""Where PostgreSQL archives its log: what its container needs for that, and what must be done before it starts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from render import network as render_network
from render import pgbackrest as render
from render import restic, verb
from settings import Backup as BackupSettings
from settings import LocalRepository, S3Repository
from settings import Network as NetworkSettings

from ..host import Host
from ..image import Image, build_image
from ..machine import host_program
from ..names import container_name
from ..pem import read_pem
from ..secret import config_secret, generate, secret
from ..volume import volume
from .network import Network, NetworkArgs

DOCKERFILE = "components/platform/image"
"""The folder of the image with pgBackRest on PostgreSQL's, relative to the project's, where steps run."""


@dataclass(frozen=True, kw_only=True)
class ArchiveArgs:
    """The settings of backups. `image` is PostgreSQL's, and `network` the services'."""

    settings: BackupSettings
    image: Image
    network: Network
    host: Host


class Archive(pulumi.ComponentResource):
    """The image with pgBackRest, the backup containers' own network, and the volume with pgBackRest's files."""

    def __init__(self, name: str, args: ArchiveArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Archive", name, {}, opts)
        self._name, self._base, self._host = name, args.image, args.host
        settings, host = args.settings, args.host
        self.settings, self.subnet = settings, settings.subnet
        network = NetworkSettings(name=render_network.backup_name(args.network.name), subnet=settings.subnet)
        self.network = Network(
            f"{name}-network",
            NetworkArgs(settings=network, host=host, fingerprint="backup-network"),
            ResourceOptions(parent=self),
        )
        self.address = self.network.addresses.postgres
        self.image = self._build() if settings.package else args.image
        # They stay when backups are no longer declared: the passphrase, and the backups themselves.
        self.config = volume(
            f"{name}-config", container_name("backup-config"), host, parent=self, protect=False, kept=True
        )
        self.state = volume(f"{name}-state", container_name("backup"), host, parent=self, protect=False)
        self.repository: docker.Volume | None = None
        if any(isinstance(place, LocalRepository) for place in settings.repositories().values()):
            self.repository = volume(
                f"{name}-repository", container_name("repository"), host, parent=self, protect=False, kept=True
            )
        generated = generate(f"{name}-passphrase", parent=self)
        self.keys = [generated]
        """What `down` must keep: without it, nobody reads the backups."""
        override = config_secret("backup_passphrase")
        self.passphrase = generated.result if override is None else override
        self.password = secret(f"{name}-password", None, parent=self)
        self.files = self._render_files(args)
        self.written = self._write_files()
        self.register_outputs({})

    @property
    def digest(self) -> Output[str]:
        """The digest of pgBackRest's files."""
        return self.files.apply(lambda files: hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest())

    def volumes(self) -> dict[str, tuple[Input[str], bool]]:
        """Returns the volumes of a container that archives or backs up: see `Container.volumes`."""
        volumes: dict[str, tuple[Input[str], bool]] = {render.CONFIG: (self.config.name, True)}
        return volumes | ({render.REPOSITORIES: (self.repository.name, False)} if self.repository else {})

    def prepare(self, data: docker.Volume, postgres: str) -> Sequence[pulumi.Resource]:
        """Declares what comes before PostgreSQL's container `postgres`.

        An empty cluster is refused next to the backups of a lost one, and a backup is made before the image changes.
        """
        host = self._host
        seed = host.command(
            f"{self._name}-seed",
            data.name.apply(
                lambda volume: verb.line(
                    "backup-seed",
                    volume,
                    config=container_name("backup-config"),
                    network=self.network.name,
                    repository=self._repository_name,
                )
            ),
            stdin=Output.all(image=self.image.reference, fingerprint=host.fingerprint("backup")).apply(
                lambda values: verb.stdin({**values, "repositories": list(self.settings.repositories())})
            ),
            parent=self,
            depends_on=[self.written, self.network.ready, data],
        )
        first = host.command(
            f"{self._name}-first",
            self._base.reference.apply(
                lambda image: verb.line(
                    "backup-first",
                    container_name("backup"),
                    postgres=postgres,
                    image=image.rpartition(":")[2][:12],
                    package=self.settings.package,
                )
            ),
            stdin=self.image.reference.apply(lambda image: verb.stdin({"image": image})),
            parent=self,
            depends_on=[self.image.resource],
        )
        return [seed, first]

    def _build(self) -> Image:
        """Builds PostgreSQL's image with pgBackRest."""
        arguments: dict[str, Input[str]] = {"POSTGRES": self._base.reference, "PGBACKREST": self.settings.package or ""}
        return build_image(f"{self._name}-image", DOCKERFILE, arguments, self._host, base=self._base, parent=self)

    @property
    def _repository_name(self) -> str | None:
        return container_name("repository") if self.repository else None

    def _render_files(self, args: ArchiveArgs) -> Output[dict[str, str]]:
        """Returns the texts of pgBackRest's files, and restic's, by name."""
        settings = args.settings
        secrets = {name: config_secret(name) for name in render.secret_names(settings)}
        bundles = {
            setting: read_pem(place.ca_bundle, f"backup/{setting}/ca_bundle")
            for setting, place in settings.repositories().items()
            if isinstance(place, S3Repository) and place.ca_bundle
        }
        return Output.all(**secrets, backup_passphrase=self.passphrase, password=self.password).apply(
            lambda values: (
                render.files(
                    settings,
                    stack=pulumi.get_stack(),
                    postgres=self.address,
                    secrets=values,
                    bundles=bundles,
                )
                | restic.files(settings, secrets=values, bundles=bundles)
            )
        )

    def _write_files(self) -> pulumi.Resource:
        """Declares the step that writes the files. It runs again for a new text, program or image, or without them."""
        host = self._host
        fingerprint = host.fingerprint("backup")
        inputs = {"image": self.image.reference, "files": self.files, "fingerprint": fingerprint}
        return host.command(
            f"{self._name}-files",
            verb.line(
                "backup-config",
                container_name("backup-config"),
                state=container_name("backup"),
                repository=self._repository_name,
                program=host_program.backup_digest(),
            ),
            stdin=Output.all(**inputs).apply(verb.stdin),
            reruns_on={"FINGERPRINT": fingerprint},
            parent=self,
            depends_on=[self.image.resource, self.config, self.state, *([self.repository] if self.repository else [])],
        )
