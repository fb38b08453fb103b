"""Names and labels on the host: by them a stack finds its own containers again."""

import pulumi

LABEL = "sertantai"


def container_name(part: str) -> str:
    """The name of one of the platform's own containers or volumes."""
    return f"{LABEL}-{pulumi.get_stack()}-{part}"


def labels(service: str, part: str) -> dict[str, str]:
    """The labels of a container."""
    return {f"{LABEL}.stack": pulumi.get_stack(), f"{LABEL}.service": service, f"{LABEL}.part": part}
