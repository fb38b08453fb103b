"""What `deploy` looks at: status and plan without a change, and the app's version after one."""

import re
from concurrent.futures import ThreadPoolExecutor

from settings import App, Health

from ..engine.engine import console
from ..refused import Refused
from ..server import at_host
from ..show import views
from ..stack import services
from ..status import status
from . import planning
from .deploy import Wish

PORT, HEALTH = App.model_fields["port"].default, Health().path
COMMIT = re.compile("[0-9a-f]{7,40}")


def check_only(stack: str, service: str, wish: Wish, *, changes: bool) -> int:
    """Shows the status and the plan of a service. Returns 1 if there are problems, else the plan's exit code."""
    services.find(stack, service)
    if changes or wish != Wish():
        raise Refused("--check-only: changes nothing, so no other flag fits: leave the others out")
    with ThreadPoolExecutor(1) as pool:
        problems = pool.submit(status.show, stack, service, as_json=False, page=None)
        code, plan = planning.preview_alone(stack, service, quiet=True)
        bad = problems.result()
    if not plan:
        return code or 1
    for line in plan.lines():
        views.write(line)
    return bad or (planning.CHANGES if plan.changes else 0)


def compare_version(stack: str, service: str) -> None:
    """Says whether the app names the version that its image was built as, if both name one."""
    app = services.find(stack, service).get("app")
    if not app:
        return
    port, path = app.get("port", PORT), (app.get("health") or {}).get("path", HEALTH)
    try:
        seen = at_host.read_json(stack, "version", stack, service, "--port", str(port), "--path", path)
    except Refused:
        return  # the release itself has succeeded, and its gate has asked the app
    match is_same(seen["says"], seen["labels"]):
        case True:
            text = f"{service}/app: {path} says {seen['says'][0]}, as its image does"
        case False:
            text = (
                f"warning: {service}/app: {path} says {', '.join(seen['says'])} and its image "
                f"{', '.join(seen['labels'])}: was the image built from another commit?"
            )
        case None:
            return
    console.print(text, soft_wrap=True, markup=False)


def is_same(says: list[str], labels: list[str]) -> bool | None:
    """Whether an app and its image name the same version. One of the two may have a short commit, or a v.

    None: one names a commit and the other a version, or one names nothing.
    """
    pairs = [(one.removeprefix("v"), two.removeprefix("v")) for one in says for two in labels]
    pairs = [pair for pair in pairs if bool(COMMIT.fullmatch(pair[0])) == bool(COMMIT.fullmatch(pair[1]))]
    if not pairs:
        return None
    return any(one == two or (min(len(one), len(two)) >= 7 and one[:7] == two[:7]) for one, two in pairs)
