"""What clients get from the platform, and what is refused."""

import socket
import ssl
import uuid
from urllib.parse import urlsplit

import httpx
import pytest

from render.environment import redis_url

from .platform import ACME, HTTP, HTTPS, REGISTRY, STACK, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
LEGAL = "legal.localhost"


def test_the_frontend_answers_with_its_page(platform: Platform) -> None:
    answer = platform.get(LEGAL, "/")
    assert answer.status_code == 200
    assert "text/html" in answer.headers["content-type"]


def test_the_app_answers_on_its_routes(platform: Platform) -> None:
    assert platform.get(LEGAL, "/health").json() == {"status": "ok", "version": "1"}
    assert platform.get(LEGAL, "/api/version").json() == {"version": "1"}
    assert platform.get("auth.localhost", "/ready").status_code == 200


def test_a_posted_item_is_listed(platform: Platform) -> None:
    key = str(uuid.uuid4())
    with platform.client(LEGAL) as client:
        made = client.post("/api/items", json={"key": key, "body": "words"})
        assert made.status_code == 200
        assert made.json()["key"] == key
        assert key in [item["key"] for item in client.get("/api/items").json()]


def test_answers_are_over_http_2_and_carry_the_security_headers(platform: Platform) -> None:
    context = ssl.create_default_context(cafile=str(platform.acme / "roots.pem"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", HTTPS)) as plain,
        context.wrap_socket(plain, server_hostname=LEGAL) as secured,
    ):
        assert secured.selected_alpn_protocol() == "h2"
        assert secured.version() == "TLSv1.3"
    headers = platform.get(LEGAL, "/").headers
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert headers["x-content-type-options"] == "nosniff"
    assert "nginx/" not in headers.get("server", "")


def test_the_certificate_is_the_authoritys_and_names_the_domain(platform: Platform) -> None:
    context = ssl.create_default_context(cafile=str(platform.acme / "roots.pem"))
    with (
        socket.create_connection(("127.0.0.1", HTTPS)) as plain,
        context.wrap_socket(plain, server_hostname=LEGAL) as secured,
    ):
        certificate = str(secured.getpeercert())
    assert "Pebble" in certificate
    assert f"('DNS', '{LEGAL}')" in certificate


def test_plain_http_is_redirected_to_https(platform: Platform) -> None:
    with platform.client(LEGAL, HTTP) as client:
        answer = client.get("/api/version?a=b")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"https://{LEGAL}:{HTTPS}/api/version?a=b"


def test_an_unknown_host_is_refused_on_both_ports(platform: Platform) -> None:
    with pytest.raises(httpx.ConnectError):
        platform.get("unknown.localhost", "/")
    with platform.client("unknown.localhost", HTTP) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get("/")


def test_a_stable_name_of_another_service_is_no_public_host(platform: Platform) -> None:
    with platform.client("auth", HTTP) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get("/api/version")


def test_a_public_shape_is_read_without_a_secret(platform: Platform) -> None:
    answer = platform.get(LEGAL, "/electric/laws?offset=-1")
    assert answer.status_code == 200
    assert answer.headers["electric-handle"]


@pytest.mark.parametrize(
    "query",
    [
        "table=items&offset=-1",
        "t%61ble=items&offset=-1",
        "columns=id,search&offset=-1",
        "where=true&offset=-1",
        "offset=-1&secret=guess",
        "offset=-1&offset=-1",
    ],
)
def test_shapes_that_are_not_public_are_refused(platform: Platform, query: str) -> None:
    assert platform.get(LEGAL, f"/electric/laws?{query}").status_code == 403


@pytest.mark.parametrize("path", ["/electric/v1/health", "/electric/v1/shape?table=uk_lrt&offset=-1"])
def test_electrics_own_paths_are_not_public(platform: Platform, path: str) -> None:
    assert platform.get(LEGAL, path).status_code == 404


def test_the_app_decides_on_shapes_if_access_is_through_the_app(platform: Platform) -> None:
    host = "enforcement.localhost"
    assert platform.get(host, "/api/electric/v1/shape?table=uk_lrt&columns=id,name&offset=-1").status_code == 200
    assert platform.get(host, "/electric/v1/shape?table=uk_lrt&offset=-1").status_code == 404


def test_a_service_calls_another_by_its_stable_name(platform: Platform) -> None:
    answer = platform.get(LEGAL, "/api/call/auth")
    assert answer.status_code == 200
    assert answer.json() == {"version": "1"}


def test_only_the_gateway_publishes_ports(platform: Platform) -> None:
    published = {
        container.name: container.attrs["HostConfig"]["PortBindings"]
        for container in platform.containers()
        if container.attrs["HostConfig"]["PortBindings"]
    }
    assert set(published) == {f"sertantai-{STACK}-nginx"}


def test_the_doubles_listen_on_loopback_only(platform: Platform) -> None:
    with open("/proc/net/tcp") as table:
        listening = [line.split()[1] for line in table.readlines()[1:] if line.split()[3] == "0A"]
    for port in (int(REGISTRY.partition(":")[2]), ACME):
        addresses = {address for address, number in (each.split(":") for each in listening) if int(number, 16) == port}
        assert addresses <= {"0100007F"}, port


def test_every_container_is_healthy_and_as_hardened_as_declared(platform: Platform) -> None:
    for container in platform.containers():
        host = container.attrs["HostConfig"]
        assert container.attrs["State"]["Running"], container.name
        assert host["Memory"] == host["MemorySwap"] > 0, container.name
        assert host["CapDrop"] == ["ALL"], container.name
        assert "no-new-privileges" in host["SecurityOpt"], container.name
        assert "@sha256:" in container.attrs["Config"]["Image"], container.name


def test_no_secret_shows_in_a_process_list(platform: Platform) -> None:
    secrets = set()
    for container in platform.containers():
        for pair in container.attrs["Config"]["Env"]:
            name, _, value = pair.partition("=")
            if any(word in name for word in ("SECRET", "PASSWORD", "AUTH", "_URL")) and "://" not in value:
                secrets.add(value)
    assert len(secrets) > 5
    for container in platform.containers():
        processes = str(container.top(ps_args="-eo pid,args"))
        assert not [secret for secret in secrets if secret in processes], container.name


def test_logins_are_least_privileged_and_databases_closed_to_each_other(platform: Platform) -> None:
    supers = platform.sql("SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolsuper")
    assert supers == "postgres"
    crossing = platform.sql(
        "SELECT count(*) FROM pg_roles, pg_database WHERE rolcanlogin AND NOT rolsuper AND NOT datistemplate "
        "AND has_database_privilege(rolname, datname, 'CONNECT') AND rolname NOT LIKE datname || '%'"
    )
    assert crossing == "0"


def test_an_app_without_redis_cannot_use_it(platform: Platform) -> None:
    assert platform.get("auth.localhost", "/api/redis").status_code == 200
    assert platform.get(LEGAL, "/api/redis").status_code == 404
    (app,) = platform.containers(service="legal", part="app")
    redis = urlsplit(redis_url("nobody", ""))
    begin = f"import socket; s = socket.create_connection({(redis.hostname, redis.port)})"
    asking = f"{begin}; s.send(b'SCAN 0\\r\\n'); print(s.recv(99))"
    code, said = app.exec_run(["python3", "-c", asking])
    assert (code, bytes(said)[:9]) == (0, b"b'-NOAUTH")  # type: ignore[arg-type]


def test_both_electrics_have_their_own_slot_on_the_cluster(platform: Platform) -> None:
    slots = platform.sql("SELECT slot_name || ':' || active FROM pg_replication_slots ORDER BY 1").splitlines()
    assert slots == ["electric_slot_enforcement:true", "electric_slot_legal:true"]


def test_the_cluster_has_logical_replication_and_checksums(platform: Platform) -> None:
    assert platform.sql("SHOW wal_level") == "logical"
    assert platform.sql("SHOW data_checksums") == "on"
