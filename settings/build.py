"""Where and how a part's image is built."""

from .names import EnvName, EnvValue, FilePath, PlainPath
from .platform import Model


class Build(Model):
    """How `./sertantai build` makes a part's image on the operator's machine. A release does not use it."""

    context: FilePath
    """A folder, relative to the project's: the checkout of the part's sources."""
    dockerfile: PlainPath = "Dockerfile"
    """Relative to the context."""
    args: dict[EnvName, EnvValue] = {}
    """Values of the Dockerfile's ARGs. They can be read in the image, so none may be secret."""
