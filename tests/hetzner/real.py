"""`Pulumi.prod.yaml` as it is committed, in an empty project at the double, with stand-ins for its images."""

import json
import shlex
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from local import images
from render.environment import ELECTRIC_PORT
from tests.places import ROOT, Place

from .conftest import Cloud, clouded
from .stack import ACME, DNS_MANAGEMENT, PASSWORD, REGISTRY, USER, Outside, Project, Said

PLACE = Place("real")
ZONE = "sertantai.com"
STAND_INS = f"{REGISTRY}/sertantai"
PLATFORM = {
    "postgres": "postgres",
    "redis": "redis",
    "nginx": "nginx",
    "certbot/certbot": "certbot",
    "electricsql/electric": "electric",
}
# As in the real migrations, it names a table without its schema.
TRIGGER = (
    "create function note_law() returns trigger language plpgsql as "
    "'begin insert into items (key) values (new.name); return new; end'; "
    "create trigger note_law after insert on uk_lrt for each row execute function note_law()"
)
# By the real image: what its stand-in needs, and whether the image's own command migrates before it serves.
APPS: dict[str, tuple[dict[str, str], bool]] = {
    "sertantai-legal-backend": ({"RELEASE": "sertantai_legal"}, True),
    "sertantai-compliance-backend": (
        {
            "RELEASE": "sertantai_compliance",
            "REQUIRES": "AUTH_URL ELECTRIC_URL ELECTRIC_SECRET SENTRY_DSN",
            "MIGRATION": TRIGGER,
        },
        True,
    ),
    "sertantai-auth": (
        {
            "RELEASE": "sertantai_auth",
            "PREFIX": "SERTANTAI_AUTH_",
            "REQUIRES": "SERTANTAI_AUTH_JWT_PRIVATE_KEY SERTANTAI_AUTH_TOTP_ENCRYPTION_KEY SERTANTAI_AUTH_PHX_HOST",
        },
        True,
    ),
    "sertantai-hub-backend": (
        {"RELEASE": "sertantai_hub", "REQUIRES": "AUTH_DATABASE_URL AUTH_URL AUTH_SERVICE_URL WEBHOOK_API_KEY"},
        True,
    ),
    "ehs-enforcement": (
        {
            "RELEASE": "ehs_enforcement",
            "LACKS": "wget",
            "FORCE_SSL": "1",
            "REQUIRES": "GITHUB_CLIENT_ID GITHUB_CLIENT_SECRET TOKEN_SIGNING_SECRET",
        },
        False,
    ),
}


@dataclass
class Real:
    """The project and its server."""

    cloud: Cloud
    project: Project
    first: Said
    """The output of the first `up`."""

    @property
    def address(self) -> str:
        [server] = self.cloud.api.servers.values()
        return str(server["public_net"]["ipv4"]["ip"])

    @property
    def trust(self) -> ssl.SSLContext:
        return self.project.outside.trust()

    def block(self, name: str) -> dict[str, Any]:
        """A block of the stack file."""
        return dict(self.project.read()[f"sertantai:{name}"])

    def client(self, host: str) -> httpx.Client:
        """Returns a client that connects to the server and requests `host`."""
        client = httpx.Client(
            base_url=f"https://{self.address}", headers={"Host": host}, verify=self.trust, timeout=30, trust_env=False
        )
        client.event_hooks["request"] = [lambda request: request.extensions.update(sni_hostname=host)]
        return client

    def get(self, host: str, path: str) -> httpx.Response:
        with self.client(host) as client:
            # With `base_url`, httpx would read `//path` as a host.
            return client.get(f"https://{self.address}{path}")

    def post(self, host: str, path: str, body: object = None) -> httpx.Response:
        with self.client(host) as client:
            return client.post(path, json=body)

    def on_host(self, command: str) -> str:
        said = self.project.ssh(command)
        assert said.ok, said.text
        return said.text

    def sql(self, database: str, statement: str) -> str:
        """Returns the cluster's answer, unaligned."""
        psql = f"psql -X -A -t -U postgres -d {database} -c {shlex.quote(statement)}"
        return self.on_host(f"docker exec sertantai-{self.project.stack}-postgres {psql}").strip()

    def container(self, service: str, part: str) -> str:
        """Returns the id of a part's container, running or not, or an empty text."""
        labels = [f"--filter label=sertantai.{name}={value}" for name, value in (("service", service), ("part", part))]
        return self.on_host(f"docker ps -aq {' '.join(labels)}").strip()

    def up(self) -> Said:
        done = self.project.up()
        assert done.ok, done.text
        return done


@contextmanager
def running(folder: Path, outside: Outside, key: Path) -> Iterator[Real]:
    """The stack after its first `up`."""
    with clouded(PLACE, ZONE, outside, key) as cloud:
        environment = {"HCLOUD_TOKEN": cloud.api.token, "HCLOUD_ENDPOINT": cloud.api.endpoint}
        project = Project(folder, "prod", {}, outside, **environment)
        write(project, key)
        hide_containers(project.read()["sertantai:sites"])
        made = project.up()
        assert made.ok, made.text
        yield Real(cloud, project, made)


def hide_containers(sites: Mapping[str, Any]) -> None:
    """Makes the name server fail for the containers' names. It answers any other unknown name with its own address."""
    with httpx.Client(base_url=f"http://127.0.0.1:{DNS_MANAGEMENT}", trust_env=False) as management:
        for site in sites.values():
            management.post("/set-servfail", json={"host": f"{site['container']}."}).raise_for_status()


def write(project: Project, key: Path) -> None:
    """Writes the committed stack file with the addresses of the doubles, and sets every secret that it names."""
    config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    secrets = {name: f"the value of {name}" for name, value in config.items() if "secure" in value}
    secrets |= {"hcloud:token": project.environment.pop("HCLOUD_TOKEN"), "sertantai:registry_token": PASSWORD}
    blocks = {name: with_stand_ins(value) for name, value in config.items() if name not in secrets}
    blocks["sertantai:host"] |= {
        "authorized_keys": {"operator": key.with_suffix(".pub").read_text().strip()},
        "identity_file": str(key),
    }
    blocks["sertantai:dns"] = {"zone": ZONE}
    blocks["sertantai:acme"] |= {
        "directory_url": f"https://localhost:{ACME}/dir",
        "ca_bundle": str(project.outside.folder / "ca.pem"),
    }
    # Without a Storage Box and PGDG's archive. The stand-in of PostgreSQL has pgBackRest.
    blocks["sertantai:backup"] = {"repository": {"kind": "local"}}
    del secrets["sertantai:backup_sftp_key"]
    blocks["sertantai:registry"] = {"server": REGISTRY, "username": USER}
    project.write(blocks)
    values = [word for name, value in secrets.items() for word in ("--secret", f"{name}={value}")]
    done = project.pulumi("config", "set-all", "--stack", project.stack, *values)
    assert done.ok, done.text


def with_stand_ins(block: Any) -> Any:
    """Returns a block of the stack file with a stand-in for each image of a container."""
    if not isinstance(block, dict):
        return block
    return {
        name: stand_in(value) if name == "image" and ":" in value else with_stand_ins(value)
        for name, value in block.items()
    }


def stand_in(image: str) -> str:
    """Builds the stand-in of a real image if that is an app's. Returns its name in the tests' registry."""
    name = image.rpartition(":")[0]
    if name in PLATFORM:
        return f"{STAND_INS}/{PLATFORM[name]}:1"
    name = name.removeprefix("ghcr.io/shotleybuilder/")
    if name.endswith("-frontend"):
        return f"{STAND_INS}/frontend:1"
    arguments, boots = APPS[name]
    app = images.build("app", name, REGISTRY, USER, PASSWORD, **arguments)
    if not boots:
        return f"{STAND_INS}/app:{name}"
    images.build("booting", name, REGISTRY, USER, PASSWORD, BASE=app)
    return f"{STAND_INS}/booting:{name}"


def start_foreign(real: Real) -> None:
    """Starts the containers behind `sites`, as their owner does, in a network of their own."""
    image = images.build("foreign", "1", REGISTRY, USER, PASSWORD)
    login = f"echo {PASSWORD} | docker login {REGISTRY} -u {USER} --password-stdin"
    real.on_host(f"export DOCKER_CONFIG=$(mktemp -d); {login} && docker pull -q {image} && rm -r $DOCKER_CONFIG")
    real.on_host("docker network create sites")
    for site in real.block("sites").values():
        options = f"--name {site['container']} --network sites -e PORT={site['port']}"
        real.on_host(f"docker run -d --restart unless-stopped {options} {image}")


@dataclass
class Shape:
    """A client of the table `uk_lrt` at one Electric, up to date with its first rows."""

    real: Real
    site: str | None = None
    """The site whose app asks its Electric. None: legal's Electric, whose app is stopped, so it is asked directly."""
    at: str = "offset=-1"

    def read(self) -> list[str]:
        """Returns the names of the rows that are new since the last answer."""
        query = f"table=uk_lrt&columns=id,name&{self.at}"
        headers, text = self._through_app(query) if self.site else self._directly(query)
        self.at = f"offset={headers['electric-offset']}&handle={headers['electric-handle']}"
        return [row["value"]["name"] for row in json.loads(text) if "value" in row]

    def delivers(self, name: str) -> bool:
        """Whether a row with this name is new."""
        return name in self.read()

    def _through_app(self, query: str) -> tuple[dict[str, str], str]:
        assert self.site
        answer = self.real.get(self.site, f"/api/electric/v1/shape?{query}").raise_for_status()
        return dict(answer.headers), answer.text

    def _directly(self, query: str) -> tuple[dict[str, str], str]:
        url = f"http://127.0.0.1:{ELECTRIC_PORT}/v1/shape?{query}"
        ask = shlex.quote(f'curl -fsSi "{url}&secret=$ELECTRIC_SECRET"')
        text = self.real.on_host(f"docker exec {self.real.container('legal', 'electric')} sh -c {ask}")
        head, _, body = text.replace("\r", "").partition("\n\n")
        fields = (line.partition(": ") for line in head.splitlines()[1:])
        return {name.lower(): value for name, _, value in fields}, body
