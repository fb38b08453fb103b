"""Fingerprints: the same while nothing changes, a different one after a change by hand."""

import pytest

from host import fingerprints as left
from host.fingerprints import Fingerprint
from host.psql import Postgres
from render import nginx, sql
from tests.throwaway.box import docker
from tests.throwaway.calling import fingerprints
from tests.throwaway.cluster import ask, database, leave, make, make_electric
from tests.throwaway.sites import remove, switch

from .test_switch import answering


@pytest.mark.docker
def test_a_missing_object_has_no_fingerprint() -> None:
    assert set(fingerprints()) == {"network"}


@pytest.mark.docker
class TestFiles:
    """The gateway's files."""

    @staticmethod
    def leave(gateway: str, name: str, mark: str, word: str = "one") -> None:
        switched = switch(gateway, name, answering(name, word), mark)
        assert switched.ok, switched.out

    @staticmethod
    def mark(gateway: str, name: str) -> str | None:
        return fingerprints(gateway=gateway).get(f"sites/{name}.conf")

    @staticmethod
    def by_hand(gateway: str, name: str, change: str) -> None:
        assert docker("exec", gateway, "sh", "-c", f"cd {nginx.VOLUME}/sites; {change.format(f'{name}.conf')}").ok

    def test_an_unchanged_file_has_its_saved_fingerprint(self, gateway: str, name: str) -> None:
        self.leave(gateway, name, "none")
        assert self.mark(gateway, name) == "none"
        self.leave(gateway, name, "none", "two")
        assert self.mark(gateway, name) == "none"
        assert remove(gateway, name).ok

    @pytest.mark.parametrize("change", ["echo >> {0}", "rm {0}", ": > {0}"])
    def test_a_changed_file_has_another_fingerprint_until_it_is_written_again(
        self, gateway: str, name: str, change: str
    ) -> None:
        self.leave(gateway, name, "none")
        self.by_hand(gateway, name, change)
        drifted = self.mark(gateway, name)
        assert drifted
        assert drifted.startswith("drift-")
        assert self.mark(gateway, name) == drifted  # a preview and the run after it agree
        self.leave(gateway, name, drifted)
        assert self.mark(gateway, name) == drifted
        assert remove(gateway, name).ok

    def test_the_same_change_again_is_drift_again(self, gateway: str, name: str) -> None:
        self.leave(gateway, name, "none")
        self.by_hand(gateway, name, "echo >> {0}")
        first = self.mark(gateway, name)
        assert first
        self.leave(gateway, name, first)
        self.by_hand(gateway, name, "echo >> {0}")
        assert self.mark(gateway, name) not in (first, "none", None)
        assert remove(gateway, name).ok

    def test_a_file_that_a_step_removed_has_no_fingerprint(self, gateway: str, name: str) -> None:
        self.leave(gateway, name, "none")
        assert remove(gateway, name).ok
        assert self.mark(gateway, name) is None


@pytest.mark.docker
class TestObjects:
    """Logins and replication slots."""

    @staticmethod
    def mark(cluster: str, name: str) -> str | None:
        return fingerprints(postgres=cluster).get(name)

    def test_an_unchanged_login_has_its_saved_fingerprint(self, cluster: str, name: str) -> None:
        for value in ("none", "drift-1a2b"):
            assert database(cluster, name, fingerprint=value).ok
            assert self.mark(cluster, f"login/{name}") == value
            assert self.mark(cluster, f"migrate-login/{name}") == value

    @pytest.mark.parametrize("kind", ["login", "migrate-login", "electric-login"])
    def test_a_dropped_login_has_another_fingerprint_until_it_is_created_again(
        self, cluster: str, name: str, kind: str
    ) -> None:
        login = make(cluster, name)
        electric = make_electric(cluster, name)
        dropped = {
            "login": login,
            "migrate-login": sql.login(sql.migration_prefix(name), "one"),
            "electric-login": electric,
        }
        ask(cluster, f"DROP OWNED BY {dropped[kind]}; DROP ROLE {dropped[kind]}", name)
        drifted = self.mark(cluster, f"{kind}/{name}")
        assert drifted
        assert drifted.startswith("drift-")
        assert database(cluster, name, fingerprint=drifted).ok
        make_electric(cluster, name, fingerprint=drifted)
        assert self.mark(cluster, f"{kind}/{name}") == drifted

    def test_a_dropped_slot_has_another_fingerprint(self, cluster: str, name: str) -> None:
        slot = sql.slot(name)
        ask(cluster, f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
        left.save(Postgres(cluster), [Fingerprint(f"slot/{name}", "slot", slot, "none")])
        assert self.mark(cluster, f"slot/{name}") == "none"
        ask(cluster, f"SELECT pg_drop_replication_slot('{slot}')")
        drifted = self.mark(cluster, f"slot/{name}")
        assert drifted
        assert drifted.startswith("drift-")

    def test_a_removed_service_leaves_no_fingerprint(self, cluster: str, name: str) -> None:
        for service in (name, f"{name}_b"):
            make(cluster, service)
        assert leave(cluster, name).ok
        assert self.mark(cluster, f"login/{name}") is None
        assert self.mark(cluster, f"login/{name}_b") == "none"
