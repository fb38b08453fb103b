"""Builds the base of all images here: Debian trixie with all servers, and nginx from testing."""

import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound
from requests.exceptions import RequestException

from ..errors import Trouble
from ..machine import alone, ensure_packages, failure, say
from .context import ROOT, build, context, explain_full_disk, fingerprint

RELEASE = "trixie"
PARENT = f"debian:{RELEASE}-slim"
SCRATCH = "sertantai-base-"
ROOM_GB = 3


def ensure_base(client: docker.DockerClient, name: str = "base", root: Path = ROOT) -> str:
    """Builds the base image if it is missing. Returns its tag, which has a fingerprint of its files.

    Its packages and settings are in the folder `debian` of `root`. Another `root` needs another `name`.
    """
    tag = f"sertantai/{name}:{fingerprint(RELEASE, context('debian', root))}"
    with alone("base"), explain_full_disk():
        if not _is_here(client, tag):
            _check_room(client)
            if _is_here(client, PARENT) or _pull(PARENT):
                say(f"images: building the {name} on {PARENT} for about a minute")
                build(client, "debian", tag, {}, {}, root)
            else:
                say(f"images: building the {name} with mmdebstrap for about a minute: no image registry answers")
                _import_from_mirror(client, tag, root / "debian")
    return tag


def _is_here(client: docker.DockerClient, tag: str) -> bool:
    try:
        client.images.get(tag)
    except ImageNotFound:
        return False
    return True


def _check_room(client: docker.DockerClient) -> None:
    for folder in (Path(client.info()["DockerRootDir"]), Path(tempfile.gettempdir())):
        if folder.exists() and (free := shutil.disk_usage(folder).free) < ROOM_GB * 10**9:
            raise Trouble(
                f"{folder}: {free // 10**6} MB are free and the images need {ROOM_GB} GB; make room "
                "(`docker system prune` may help) and run this again"
            )


def _pull(tag: str) -> bool:
    try:
        docker.from_env(timeout=15).images.pull(tag)
    except (APIError, RequestException):  # the registry is unknown, does not answer in time, or refuses the pull
        return False
    return True


def _import_from_mirror(client: docker.DockerClient, tag: str, folder: Path) -> None:
    """Builds the base from Debian's packages alone, with the mirror and the settings of this machine's apt."""
    ensure_packages("mmdebstrap")
    for stale in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=SCRATCH) as scratch:
        archive = Path(scratch, "base.tar")
        if error := failure(_mmdebstrap(Path(scratch), archive, folder), TMPDIR=scratch):
            raise Trouble(f"images: the base cannot be built: {error}")
        answer = client.api.import_image_from_file(str(archive), repository=tag)
        if "error" in answer:
            raise Trouble(f"images: the base cannot be imported: {answer}")


def _mmdebstrap(scratch: Path, archive: Path, folder: Path) -> list[str]:
    options = scratch / "apt.conf"
    options.write_text(
        f'{_apt_settings()}\nAcquire::Languages "none";\nAcquire::Retries "3";\nAPT::Install-Recommends "false";\n'
    )
    mirror = _mirror()
    testing = [f"deb {mirror} testing main"] if (folder / "etc/apt/preferences.d/testing").exists() else []
    return [
        *_contained(),
        "mmdebstrap",
        "--variant=essential",
        f"--aptopt={options}",
        f"--dpkgopt={folder}/etc/dpkg/dpkg.cfg.d/slim",
        f"--setup-hook={shlex.join(['sync-in', f'{folder}/etc', '/etc'])}",
        f"--include={','.join((folder / 'packages').read_text().split())}",
        RELEASE,
        str(archive),
        f"deb {mirror} {RELEASE} main",
        *testing,
    ]


def _contained() -> list[str]:
    """Returns a prefix that ends the build with this process and, if unshare is allowed, removes the build's mounts."""
    own_mounts = ["unshare", "--mount"]
    return ["setpriv", "--pdeathsig", "TERM", *([] if failure([*own_mounts, "true"]) else own_mounts)]


def _apt_settings() -> str:
    """Returns the settings that this machine needs to reach its mirror, such as proxies."""
    dump = subprocess.run(
        ["apt-config", "dump", "--format", '%f "%v";%n', "Acquire"], capture_output=True, text=True, check=True
    )
    return "\n".join(line for line in dump.stdout.splitlines() if not line.startswith("Acquire::IndexTargets"))


def _mirror() -> str:
    query = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    for _ in range(2):
        if found := subprocess.run(query, capture_output=True, text=True, check=True).stdout.split():
            return found[0]
        failure(["apt-get", "update"])  # apt reads its mirrors from the package lists, which may have been deleted
    raise Trouble("images: no image registry answers, and apt has no Debian mirror; make one of them reachable")
