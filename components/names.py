"""Names and labels on the host: by them a stack finds again what is its own."""

import pulumi

LABEL = "sertantai"


def container_name(part: str) -> str:
    """The name of one of the platform's own containers or volumes."""
    return f"{LABEL}-{pulumi.get_stack()}-{part}"


def labels(service: str, part: str | None = None) -> dict[str, str]:
    """The labels by which a stack's containers are found again."""
    found = {f"{LABEL}.stack": pulumi.get_stack(), f"{LABEL}.service": service}
    return {**found, f"{LABEL}.part": part} if part else found
