"""What was changed by hand on the host, read before anything is declared and fed to the step that mends it."""

from pulumi import Output

from render import drift as render
from render import shell

from .container import container_name
from .host import Host


class Drift:
    """The marks on the host. A step that has its thing's mark among its inputs runs again where that has changed."""

    def __init__(self, host: Host) -> None:
        nginx, postgres = container_name("nginx"), container_name("postgres")
        self._files = host.read(shell.read_inside(nginx, ["bash", "-c", render.file_marks()])).apply(render.parsed)
        self._objects = host.read(shell.answer(postgres, render.object_marks())).apply(render.parsed)

    def file(self, target: str) -> Output[str]:
        """The mark of one of the gateway's files."""
        return self._files.apply(lambda marks: marks.get(target, render.UNTOUCHED))

    def object(self, name: str) -> Output[str]:
        """The mark of a login or slot, by its kind and service: `login/legal`."""
        return self._objects.apply(lambda marks: marks.get(name, render.UNTOUCHED))
