"""Decides, beside the state, what a declaration means - create, update, replace, delete or nothing - and does it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from .errors import Trouble
from .inputs import IN_PLACE, INPUTS
from .monitor import Monitor
from .resources import Host
from .state import Resource, Secret, State, plain

LOOK = {"create": ("+ ", "green"), "update": ("~ ", "yellow"), "replace": ("+-", "magenta"), "delete": ("- ", "red")}


class Engine(Monitor):
    """Makes what is declared, each step recorded as it ends; with `dry` it only plans."""

    def __init__(self, state: State, host: Host, *, dry: bool = False) -> None:
        super().__init__()
        self.state, self.host, self.dry = state, host, dry

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """Calls it in earnest, `dry` or not: it changes nothing."""
        return self.host.call(token, args)

    def make(self, new: Resource) -> Resource:
        """Takes the step that leads from what there is to this."""
        old = self.state.made.get(new.urn)
        if new.type not in INPUTS:
            self.host.log_in(new)
            made = replace(new, inputs={}, id="rehearsal" if new.custom else "")
        else:
            new = _without_ignored(new, old)
            what, _ = self.changes[new.urn] = self._plan(new, old)
            if old and what == "same":
                made = replace(new, id=old.id, outputs=old.outputs)
            elif old and what == "update" and self.dry:
                made = replace(new, id=old.id, outputs={} if new.kind == "Command" else old.outputs)
            else:
                return new if self.dry else self._take(what, new, old)
        if made != old and not self.dry:
            with self.state.saved():
                self.state.made[new.urn] = made
        return made

    def finish(self) -> None:
        """Deletes what was replaced, and what the program no longer declares."""
        gone = self.state.backwards(self.state.made.keys() - self.found.keys())
        if protected := [each.title for each in gone if each.options.get("protect")]:
            raise Trouble("\n".join(f"{title}: is protected, but no longer declared" for title in protected))
        self.remove(gone)

    def remove(self, resources: list[Resource]) -> None:
        """Deletes what was replaced and then these resources, in this order."""
        going = {each.urn: each for each in resources}
        self.found |= going
        self.changes |= {each.urn: ("delete", []) for each in resources if each.type in INPUTS}
        for each in [] if self.dry else [*reversed(self.state.replaced), *resources]:
            with self._step(each.title):
                self._delete(each, spared=each.options.get("deleted_with") in going)

    def _plan(self, new: Resource, old: Resource | None) -> tuple[str, list[str]]:
        if old is None:
            return "create", []
        before, after = plain(old.inputs), plain(new.inputs)
        names = sorted(name for name in before | after if before.get(name) != after.get(name))
        drift = self.host.drift(old)
        if drift == "gone":
            return "create", names
        if not names:
            return ("update", [drift]) if drift else ("same", [])
        forced = {"", *names} & {each.strip("[*]") for each in new.options.get("replace_on_changes", [])}
        if not forced and set(names) <= set(IN_PLACE.get(new.type, "").split()):
            return "update", names
        if new.options.get("protect"):
            raise Trouble(f"is protected, and another {', '.join(names)} would replace it")
        return "replace", names

    def _take(self, what: str, new: Resource, old: Resource | None) -> Resource:
        with self._shown(what, new):
            if old and what == "replace" and _deleted_first(new):
                self._delete(old)
                old = None
            id_, outputs = (old.id, self.host.update(old, new)) if old and what == "update" else self.host.create(new)
            hidden = {"stdout", "stderr"} if any(isinstance(value, Secret) for value in new.inputs.values()) else set()
            hidden |= {*new.options.get("additional_secret_outputs", [])}
            outputs = {name: Secret(value) if name in hidden else value for name, value in outputs.items()}
            made = replace(new, id=id_, outputs=outputs)
            with self.state.saved():
                self.state.made[new.urn] = made
                if old and what == "replace":
                    self.state.replaced.append(old)
        return made

    def _delete(self, old: Resource, *, spared: bool = False) -> None:
        if old.options.get("retain_on_delete"):
            self.host.say(f"   {old.title} is left as it is")
        elif not spared:
            with self._shown("delete", old):
                self.host.delete(old)
        with self.state.saved():
            if self.state.made.get(old.urn) is old:
                del self.state.made[old.urn]
            else:
                self.state.replaced.remove(old)

    @contextmanager
    def _shown(self, what: str, resource: Resource) -> Iterator[None]:
        begin = time.monotonic()
        yield
        if resource.type in INPUTS:
            sign, style = LOOK[what]
            self.host.say(f"{sign} {resource.title} {what}d ({time.monotonic() - begin:.1f}s)", style=style)


def _without_ignored(new: Resource, old: Resource | None) -> Resource:
    ignored = new.options.get("ignore_changes", []) if old else []
    inputs = {name: value for name, value in new.inputs.items() if name not in ignored}
    return replace(new, inputs=inputs | {name: old.inputs[name] for name in ignored if old and name in old.inputs})


def _deleted_first(new: Resource) -> bool:
    named = new.type.startswith("docker:") and (new.kind == "Container" or "name" in new.inputs)
    return bool(new.options.get("delete_before_replace", named))
