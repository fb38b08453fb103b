"""Previews a stack, or one service of it, and shows the plan."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from .. import git
from ..engine.engine import console
from ..engine.runner import Command
from ..refused import Refused
from ..show.report import report
from ..show.run import Run, View
from ..show.views import PlainView, view
from . import history, plan
from .plan import Plan


class Quiet(PlainView):
    """Writes warnings and errors to standard error: standard output is for what is made of the plan."""

    def note(self, text: str) -> None:
        """Writes the message."""
        console.print(text, soft_wrap=True, markup=False)

    def close(self, run: Run) -> None:
        """Writes the summary."""
        for line in self.report(run):
            self.note(line)


def preview(
    stack: str,
    service: str = "",
    words: Sequence[str] = (),
    *,
    quiet: bool = False,
    built_from: Mapping[str, str] | None = None,
) -> tuple[int, Plan | None]:
    """Previews a stack, shows the plan unless `quiet`, and returns the exit code and the plan: None after a failure.

    Raises `Refused` if the server does not answer: what could be previewed then is no plan. `words` are more options of
    the engine, `built_from` the commits of images that the host does not have yet.
    """
    plans: list[Plan] = []
    with ThreadPoolExecutor(1) as pool:
        commits = pool.submit(_commits, stack)

        def lines(run: Run) -> Iterator[str]:
            if run.code:
                yield from report(run)
                return
            known = {**commits.result(), **(built_from or {})}
            plans.append(_with_commits(plan.from_run(run, stack, service, git.commit()), known))
            yield from () if quiet else plans[-1].lines()

        def show(*, as_json: bool, preview: bool) -> View:
            return Quiet(preview, lines) if quiet else view(preview=preview, report=lines)

        code = Command("preview", stack, show=show, whole=True).run("preview", *words)
    return code, plans[-1] if plans and not code else None


def _commits(stack: str) -> dict[str, str]:
    """Returns the commits that the images in the history were built from. Without a host there are none."""
    with suppress(Refused, ValueError):
        releases = history.read(stack)
        return {
            image: commit
            for release in releases
            for part, image in release["images"].items()
            if (commit := release["commits"].get(part))
        }
    return {}


def _with_commits(shown: Plan, commits: Mapping[str, str]) -> Plan:
    releases = [
        replace(each, commit_before=commits.get(each.before, ""), commit_after=commits.get(each.after, ""))
        for each in shown.releases
    ]
    return replace(shown, releases=releases)
