"""Runs a program under the Pulumi SDK's mock runtime, with a monitor that reads the whole of what it declares."""

import asyncio
import contextvars
import json
import os
import re
import runpy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from google.protobuf.struct_pb2 import Struct  # type: ignore[import-untyped]
from pulumi.runtime import rpc, set_all_config
from pulumi.runtime.mocks import MockEngine, MockMonitor
from pulumi.runtime.proto.resource_pb2 import RegisterResourceResponse, ResourceInvokeResponse
from pulumi.runtime.settings import Settings, configure, get_project, get_stack
from pulumi.runtime.stack import run_in_stack

from .errors import Trouble
from .inputs import INPUTS
from .stack import Stack
from .state import Resource, Secret, title

UNKNOWN = rpc.UNKNOWN
STACK = "pulumi:pulumi:Stack"
OPTIONS = (
    "parent provider providers dependencies deleteBeforeReplace replaceOnChanges additionalSecretOutputs retainOnDelete"
    " protect ignoreChanges deletedWith"
)
PLUMBING = (
    "type name custom object propertyDependencies deleteBeforeReplaceDefined acceptSecrets acceptResources version"
    " supportsPartialValues supportsResultReporting sourcePosition"
)
Changes = dict[str, tuple[str, list[str]]]
"""By URN: what happens to a resource - a key of LOOK or `same` - and because of which inputs."""


class Monitor(MockMonitor):
    """Collects what is declared, by a closed list if `strict`; a subclass says what comes of it."""

    def __init__(self, *, strict: bool = True) -> None:
        self.strict = strict
        self.found: dict[str, Resource] = {}
        self.changes: Changes = {}
        self.exports: dict[str, Any] = {}
        self.failures: list[str] = []

    def make(self, new: Resource) -> Resource:
        """The resource with its id and outputs."""
        raise NotImplementedError

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """What a provider's function returns."""
        raise NotImplementedError

    def RegisterResource(self, request: Any) -> RegisterResourceResponse:  # noqa: N802
        """Has a resource made; the SDK has awaited all that it depends on."""
        if request.type == STACK:
            return RegisterResourceResponse(urn=self.make_urn("", request.type, request.name))
        with self._step(title(request.type, request.name)):
            new = self._declared(request)
            if self.found.setdefault(new.urn, new) is not new:
                raise Trouble("is declared twice")
            made = self.found[new.urn] = self.make(new)
            return RegisterResourceResponse(urn=made.urn, id=made.id, object=_encode(made.inputs | made.outputs))

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Keeps what the stack exports."""
        if f"::{STACK}::" in request.urn:
            self.exports = _decode(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> ResourceInvokeResponse:  # noqa: N802
        """Has a function called."""
        with self._step(request.tok):
            return ResourceInvokeResponse(**{"return": _encode(self.call(request.tok, _decode(request.args)))})

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """Refuses: `Resource.get` is not known to the rehearsal."""
        with self._step(title(request.type, request.name)):
            raise Trouble("the rehearsal does not read what it has not made")

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the engine makes it: with the types of all parents but the stack."""
        types = parent.split("::")[2] if parent else STACK
        return f"urn:pulumi:{get_stack()}::{get_project()}::{type_ if types == STACK else f'{types}${type_}'}::{name}"

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        if self.failures:
            raise Trouble(f"{title}: not begun, since another step failed")
        try:
            yield
        except Exception as error:
            self.failures.append(f"{title}: {getattr(error, 'explanation', None) or error}")
            raise Trouble(self.failures[-1]) from error

    def _declared(self, request: Any) -> Resource:
        request.ClearField("stackTrace")
        stated = {
            name: value for name, value in MessageToDict(request).items() if value and name not in PLUMBING.split()
        }
        inputs = _decode(request.object)
        if self.strict:
            _refuse_unknown(request, stated, inputs)
        if request.deleteBeforeReplaceDefined:
            stated["deleteBeforeReplace"] = request.deleteBeforeReplace
        if request.provider:
            stated["provider"] = request.provider.rpartition("::")[0]
        return Resource(
            urn=self.make_urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            parent=stated.pop("parent", ""),
            custom=request.custom,
            inputs=inputs,
            dependencies=sorted(stated.pop("dependencies", [])),
            options={_snake(name): value for name, value in stated.items()},
        )


def run(monitor: Monitor, stack: Stack, *, dry: bool) -> None:
    """Runs the working directory's program; ends when every step has, and raises when one has failed."""

    def program() -> None:
        runpy.run_path("__main__.py", run_name="__main__")

    def alone() -> None:
        loop = asyncio.new_event_loop()
        loop.set_exception_handler(lambda *_: None)  # it would report the outputs of failed steps once more
        pool = ThreadPoolExecutor(32)  # steps that wait keep their threads
        loop.set_default_executor(pool)
        set_all_config(stack.config, stack.secrets)
        configure(
            Settings(stack.project, stack.name, monitor, MockEngine(None), dry_run=dry, root_directory=os.getcwd())
        )
        try:
            loop.run_until_complete(run_in_stack(program))
        finally:
            pool.shutdown(cancel_futures=True)
            loop.close()

    os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
    try:
        contextvars.Context().run(alone)  # the SDK keeps its settings in context variables
    except Exception:
        if not monitor.failures:
            raise
    if monitor.failures:
        raise Trouble("\n".join(monitor.failures))


def _refuse_unknown(request: Any, options: dict[str, Any], inputs: dict[str, Any]) -> None:
    if unknown := options.keys() - OPTIONS.split():
        raise Trouble(f"the rehearsal does not know the option {_snake(min(unknown))}")
    for option in ("ignoreChanges", "replaceOnChanges"):
        if not all(name.removesuffix("[*]").isalnum() or name == "*" for name in options.get(option, [])):
            raise Trouble(f"the rehearsal does not know the option {_snake(option)} on part of an input")
    if not request.custom or request.type.startswith("pulumi:providers:"):
        return
    if request.type not in INPUTS:
        raise Trouble("the rehearsal does not know this type")
    if unknown := inputs.keys() - INPUTS[request.type].split():
        raise Trouble(f"the rehearsal does not know the input {_snake(min(unknown))}")


def _decode(struct: Struct) -> dict[str, Any]:
    def unwrap(found: dict[str, Any]) -> Any:
        match found.get(rpc._special_sig_key):
            case None:
                return {key: value for key, value in found.items() if value is not None}
            case rpc._special_secret_sig:
                return found["value"]
            case rpc._special_resource_sig:
                return found.get("id") or found["urn"]
        raise Trouble("the rehearsal does not know assets and archives")

    def number(text: str) -> float:
        return int(float(text)) if float(text).is_integer() else float(text)

    values = {}
    for key, value in MessageToDict(struct).items():
        text = json.dumps(value)
        read = json.loads(text, object_hook=unwrap, parse_float=number)  # every number arrives as a float
        if read is not None:
            values[key] = Secret(read) if rpc._special_secret_sig in text else read
    return values


def _encode(values: dict[str, Any]) -> Struct:
    struct = Struct()
    struct.update({k: rpc.wrap_rpc_secret(v.value) if isinstance(v, Secret) else v for k, v in values.items()})
    return struct


def _snake(name: str) -> str:
    return re.sub("([A-Z])", r"_\1", name).lower()
