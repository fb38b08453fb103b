"""A service's ElectricSQL: its container and its gate."""

from pulumi import Output

from render import environment
from settings import Electric

from ..container import Container
from .electric_access import ElectricAccess
from .part import Gate
from .release import Release

CHECK_TOOL = "curl"
GRACE_S = 60
# `waiting` counts as healthy: the old Electric has the slot until the cut-over.
WAITING = environment.electric_check("waiting", "active")
ACTIVE = environment.electric_check("active")


def electric_container(release: Release, settings: Electric, access: ElectricAccess) -> Container:
    """Returns the new Electric. It has the old one's stream id and, with the same image, the same folder."""
    image = release.images["electric"]
    folder = image.reference.apply(environment.electric_storage)
    storage = {"ELECTRIC_STORAGE_DIR": Output.format("{0}/{1}", environment.ELECTRIC_STORAGE, folder)}
    return Container(
        service=release.service,
        part="electric",
        image=image,
        memory_mb=settings.memory_mb,
        check=WAITING,
        environment=Output.all(access.environment, storage).apply(lambda pair: {**pair[0], **pair[1]}),
        volumes={environment.ELECTRIC_STORAGE: (access.storage.name, False)},
        read_only=False,
        grace_s=GRACE_S,
        generation=settings.restart_generation,
    )


def electric_gate(settings: Electric, access: ElectricAccess) -> Gate:
    """Returns Electric's gate, which passes while Electric waits for the slot."""
    return Gate(port=environment.ELECTRIC_PORT, successes=1, timeout_s=settings.start_timeout_s, secrets=access.secrets)
