"""Serves the API until it is interrupted: python -m tests.doubles.hetzner [zone ...]."""

import signal
import sys

from tests.doubles.hetzner.api import Api


def main() -> None:
    with Api(zone_names=sys.argv[1:]) as api:
        sys.stdout.write(f"HCLOUD_ENDPOINT={api.endpoint}\nHCLOUD_TOKEN={api.token}\n")
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        signal.pause()


if __name__ == "__main__":
    main()
