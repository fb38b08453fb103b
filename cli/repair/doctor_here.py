"""What can be wrong on the operator's machine."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from settings import image_parts, registry_host

from ..engine import engine, state
from ..engine.engine import ROOT
from ..engine.hints import flag
from ..engine.lock import find_locks
from ..engine.pinned import MINIMUM, PINNED
from ..git import run as run_git
from ..refused import Refused
from ..stack import validate
from . import unlock
from .finding import Case, Finding, hint, ok, problem

PLUGINS = ("docker", "command", "random")
HETZNER_PLUGINS = ("hcloud", "tls")
LOGIN = "./sertantai login"


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command in the project's folder, without input."""
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def python(case: Case) -> Sequence[Finding]:
    """Python, and the packages of requirements.txt."""
    pins = re.findall(r"(?m)^([\w.-]+)==(\S+)$", (ROOT / "requirements.txt").read_text())
    odd = [f"{name} {pin}" for name, pin in pins if name != "pip" and _installed(name) != pin]
    text = ".".join(map(str, sys.version_info[:3]))
    if odd:
        return [hint("Python", f"{text}, without {', '.join(odd[:5])}", "`touch requirements.txt`, then `make up`")]
    return [ok("Python", f"{text}, all packages as in requirements.txt")]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def pulumi(case: Case) -> Sequence[Finding]:
    """The CLI and its plugins."""
    oldest = ".".join(map(str, MINIMUM))
    if not case.cli:
        remedy = f"install {PINNED}: https://www.pulumi.com/docs/install; the local stack is rehearsed without it"
        return [problem("Pulumi CLI", f"none of {oldest} or newer is installed", remedy)]
    names = [*PLUGINS, *(HETZNER_PLUGINS if case.file.block("host").get("kind") == "hetzner" else ())]
    folder = Path.home() / ".pulumi" / "plugins"
    missing = [
        name
        for name in names
        if not shutil.which(f"pulumi-resource-{name}") and not list(folder.glob(f"resource-{name}-v*"))
    ]
    found = ok("Pulumi CLI", f"{run(case.cli, 'version').stdout.strip()} at {case.cli}")
    if missing:
        return [found, hint("plugins", f"not here yet: {', '.join(missing)}", "the first `up` downloads them")]
    return [found, ok("plugins", ", ".join(names))]


def state_of(case: Case) -> Sequence[Finding]:
    """The login to the backend, the passphrase, locks and unfinished operations."""
    if not case.cli:
        return []
    if case.stack == "local" and not engine.has_local_state(case.stack):
        return [hint("state", "the local stack does not exist yet", "make up")]
    try:
        deployment = state.deployment(case.cli, case.stack, failed="state")
    except Refused as refused:
        return [problem("state", str(refused).partition(": ")[2], _login_remedy(str(refused), case.stack))]
    findings = [ok("state", f"{len(deployment.get('resources') or [])} resources")]
    findings += [*_passphrase(case, case.cli), *_locks(case.stack)]
    if pending := deployment.get("pending_operations") or []:
        text = f"{len(pending)} of a run that was killed"
        findings.append(problem("operations", text, f"./sertantai unlock --stack {case.stack}"))
    return findings


def _login_remedy(error: str, stack: str) -> str:
    if "passphrase" in error:
        return "set PULUMI_CONFIG_PASSPHRASE from your password store"
    if "no stack named" in error:
        return f"pulumi stack init {stack}, or `pulumi login` to the backend that has it"
    return "pulumi login, or set PULUMI_BACKEND_URL and the bucket's keys: docs/state.md"


def _passphrase(case: Case, cli: str) -> Iterator[Finding]:
    keys = [key for key in case.file.encrypted if not validate.is_placeholder(case.file.values[key])]
    if not keys:
        return
    try:
        state.call(cli, case.stack, "config", "get", keys[0], failed="passphrase")
    except Refused as refused:
        text = f"the secrets of the stack file cannot be read: {str(refused).splitlines()[-1]}"
        yield problem("passphrase", text, "set PULUMI_CONFIG_PASSPHRASE from your password store")
    else:
        yield ok("passphrase", f"reads the {len(keys)} secrets of the stack file")


def _locks(stack: str) -> Iterator[Finding]:
    folder = unlock.folder_of(stack)
    for lock in find_locks(folder, stack) if folder else ():
        if lock.is_dead():
            yield problem("lock", f"of a run that was killed: {lock}", f"./sertantai unlock --stack {stack}")
        else:
            yield hint("lock", f"a run is at work: {lock}", lock.advice())


def git(case: Case) -> Sequence[Finding]:
    """The checkout, from which the release's commit is recorded."""
    branch = run_git(ROOT, "rev-parse", "--abbrev-ref", "HEAD")
    if branch.returncode:
        return [hint("git", "this folder is no checkout", "releases record no commit of the configuration")]
    name = branch.stdout.strip()
    changed = [line[3:] for line in run_git(ROOT, "status", "--porcelain").stdout.splitlines()]
    findings = [ok("git", f"branch {name}")]
    if name == "HEAD":
        findings = [hint("git", "no branch is checked out (detached)", "git switch main")]
    if changed:
        files = ", ".join(changed[:3]) + (" ..." if len(changed) > 3 else "")
        findings.append(hint("git", f"not committed: {files}", "commit what you release"))
    return findings


def stack_file(case: Case) -> Sequence[Finding]:
    """The stack file."""
    name = f"Pulumi.{case.stack}.yaml"
    mistakes, warnings = validate.check(case.file)
    found = [problem("stack file", line, f"change {name}") for line in mistakes]
    found += [hint("stack file", line) for line in warnings]
    return found or [ok("stack file", f"{name} has no mistakes")]


def registry(case: Case) -> Sequence[Finding]:
    """The token that the platform pulls with, tried on one image: it may be one that can push and not read."""
    from ..registry import registry as registries
    from ..registry import registry_login
    from ..registry.tokens import SOON

    block = case.settings.registry if case.settings else None
    if not block or not case.settings:
        return []
    images = [each for each in case.settings.images().values() if registry_host(image_parts(each)[0]) == block.server]
    if not images:
        return [hint("registry", f"no image comes from {block.server}", "remove registry, or name its images")]
    repository, tag, digest = image_parts(images[-1])
    login = registry_login.for_image(case.stack, images[-1])
    try:
        registries.Repository(repository, login).digest(digest or tag)
    except Refused as refused:
        remedy = "make up starts it" if case.file.is_local else LOGIN + flag(case.stack)
        return [problem("registry", str(refused), remedy)]
    findings = [ok("registry", f"{block.server} shows {repository}")]
    if login and (expires := registries.who(block.server, login).expires):
        days = (expires - datetime.now(UTC)).days
        text = f"expires in {days} days"
        is_late = days < SOON.days
        findings.append(
            problem("registry token", text, LOGIN + flag(case.stack)) if is_late else ok("registry token", text)
        )
    return findings


def ssh_key(case: Case) -> Sequence[Finding]:
    """The key with which this machine logs in to the server."""
    host = case.file.block("host")
    if case.file.is_local:
        return []
    if file := host.get("identity_file"):
        path = Path(ROOT, Path(str(file)).expanduser())
        if not path.is_file():
            return [problem("SSH key", f"host/identity_file: there is no file {file}", "copy it here, or change it")]
        return [ok("SSH key", str(file))]
    agent = run("ssh-add", "-l")
    if agent.returncode == 0:
        return [ok("SSH key", f"the agent has {len(agent.stdout.splitlines())}")]
    text = "the agent has none" if agent.returncode == 1 else "no agent runs"
    return [problem("SSH key", text, "`eval $(ssh-agent)` if none runs, then ssh-add, or set host/identity_file")]
