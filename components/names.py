"""Names and labels on the host, by which a stack finds its own containers."""

import pulumi

LABEL = "sertantai"


def container_name(part: str) -> str:
    """Returns the name of a container or volume with a fixed name."""
    return f"{LABEL}-{pulumi.get_stack()}-{part}"


def labels(service: str, part: str) -> dict[str, str]:
    """Returns the labels of a container."""
    return {f"{LABEL}.stack": pulumi.get_stack(), f"{LABEL}.service": service, f"{LABEL}.part": part}
