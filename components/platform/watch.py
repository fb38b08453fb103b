"""The container that checks the platform by the rules of `status`, and sends alerts."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from render import verb
from render.declared import declared
from settings import WATCH_MEMORY_MB, Settings

from ..container import Container
from ..host import Host
from ..names import container_name
from ..secret import config_secret
from ..volume import volume
from .nginx import Nginx
from .platform_container import run_platform_container

PART = "watch"
STATE, HOST = "/state", "/host"
CHECK = ["sh", "-c", f"find {STATE}/memory.json /tmp/memory.json -mmin -2 2>/dev/null | grep -q ."]
"""Whether the last look is less than two minutes old. While the disk is full, it is in /tmp, which is memory."""
START_TIMEOUT_S = 120
# It runs the host's own Python, and reads the files of the login user, who may not be root.
CAPABILITIES = ["DAC_READ_SEARCH", "SYS_CHROOT"]
# The program runs in the host's files and cannot see this container's: descriptors lead to its state, and to memory.
# The link to the program is resolved first, so a look keeps its version. A new version needs no new container.
LOOK = f"""trap 'kill $! 2>/dev/null; wait; exit 0' INT TERM
exec 3<{STATE} 4</tmp
while :; do
  {{ read -r python && read -r program; }} <{STATE}/program
  PYTHONPATH=$(chroot {HOST} readlink -f "$program") \\
    timeout -k 15 90 chroot {HOST} "$python" -m host watch /proc/self/fd/3 /proc/self/fd/4 & wait $!
  sleep 15 & wait $!
done
"""


@dataclass(frozen=True, kw_only=True)
class WatchArgs:
    """All settings, and nginx, whose image the container uses."""

    settings: Settings
    nginx: Nginx
    host: Host


class Watch(pulumi.ComponentResource):
    """Alerts, sent from the host itself: no laptop and no other service is needed."""

    def __init__(self, name: str, args: WatchArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Watch", name, {}, opts)
        self._name, self._args, host = name, args, args.host
        self.state = volume(f"{name}-state", container_name(PART), host, parent=self, protect=False)
        written = self._write("alerts", self._alerts(), after=[])
        server = run_platform_container(
            name,
            Container(
                service="platform",
                part=PART,
                image=args.nginx.image,
                memory_mb=WATCH_MEMORY_MB,
                check=CHECK,
                entrypoint=["sh", "-c", LOOK],
                environment={"PYTHONDONTWRITEBYTECODE": "1"},
                volumes={STATE: (self.state.name, False)},
                host_folders={HOST: "/"},
                capabilities=CAPABILITIES,
                user="root",
                init=True,
                cpu_shares=128,
                grace_s=20,  # for two requests that are not answered
            ),
            host,
            networks=[],
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            depends_on=[written],
        )
        self.ready = server.ready
        self.register_outputs({})

    def expect(self, *, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Declares the step that writes what the stack file declares. `after` are the ends of all releases: what is
        not there yet is no problem.
        """
        return self._write("declared", Output.from_input(declared(self._args.settings)), after=after)

    def _write(
        self, file: str, content: Output[dict[str, object]], *, after: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        """Declares the step that writes a file. Runs again for another content, and if the file is lost."""
        host, image = self._args.host, self._args.nginx.image
        fingerprint = host.fingerprint(f"watch/{file}")
        stdin = Output.all(image=image.reference, content=content, fingerprint=fingerprint)
        return host.command(
            f"{self._name}-{file}",
            verb.line("watch-config", container_name(PART), file),
            stdin=stdin.apply(verb.stdin),
            reruns_on={"FINGERPRINT": fingerprint},
            parent=self,
            depends_on=[image.resource, self.state, *after],
        )

    def _alerts(self) -> Output[dict[str, object]]:
        """Returns the addresses for alerts, and the registry's login. All of it is secret: an address is a key."""
        settings = self._args.settings
        assert settings.alerts, "there are no alerts"
        alerts, registry = settings.alerts.model_dump(), settings.registry
        token = config_secret("registry_token") if registry else None
        login = {**registry.model_dump(), "token": token} if registry and token is not None else None
        return Output.secret({"stack": pulumi.get_stack(), "alerts": alerts, "registry": login})
