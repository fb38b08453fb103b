"""What `status` is given of a stack file."""

import json

from render.declared import declared
from settings import parse
from tests.settings.stack import FULL, SECRETS, SMALL


def test_each_part_has_its_image_and_each_service_what_can_be_seen_of_it() -> None:
    services = declared(parse(SMALL))["services"]
    assert services["legal"]["parts"] == {
        "app": "ghcr.io/owner/legal:1",
        "frontend": "ghcr.io/owner/legal-frontend:1",
        "electric": "electricsql/electric:1.7.12",
    }
    assert (services["legal"]["database"], services["legal"]["slot"]) == ("legal_prod", "electric_slot_legal")
    assert services["legal"]["hosts"] == ["legal.sertantai.com"]
    assert "slot" not in services["auth"]


def test_what_services_share_is_what_is_declared_of_it() -> None:
    assert set(declared(parse(SMALL))["platform"]) == {"postgres", "nginx", "certbot"}
    assert {"redis", "backup", "backup-files"} <= set(declared(parse(FULL, SECRETS))["platform"])


def test_it_is_json_without_a_secret() -> None:
    text = json.dumps(declared(parse(FULL, SECRETS)))
    for name in SECRETS:
        value = FULL.get(name)
        assert not value or str(value) not in text
