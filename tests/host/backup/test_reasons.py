"""What pgBackRest says is shown as one short reason."""

from host.backup.pgbackrest import explain

REFUSED = """ERROR: [039]: HTTP request failed with 403 (Forbidden):
       *** Path/Query ***:
       GET /sertantai-backups?list-type=2
       *** Response Content ***:
       <?xml version="1.0" encoding="UTF-8"?>
       <Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>
"""


def test_a_bucket_that_refuses_a_request_is_shown_with_its_own_reason() -> None:
    assert explain(REFUSED) == "HTTP request failed with 403 (Forbidden): RequestTimeTooSkewed"
