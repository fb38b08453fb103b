"""Runs a program under the Pulumi SDK's mock runtime, with a monitor that receives all declared resources."""

import asyncio
import contextvars
import json
import os
import re
import runpy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from docker.errors import APIError
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc, set_all_config
from pulumi.runtime.mocks import MockEngine, MockMonitor
from pulumi.runtime.proto.engine_pb2 import DEBUG
from pulumi.runtime.proto.resource_pb2 import RegisterResourceResponse, ResourceInvokeResponse
from pulumi.runtime.settings import Settings, configure
from pulumi.runtime.stack import run_in_stack

from local.errors import Trouble
from settings import PROJECT, StackFile

from .inputs import check
from .state import Resource, Secret

STACK = "pulumi:pulumi:Stack"
OPTIONS = (
    "provider providers delete_before_replace replace_on_changes additional_secret_outputs retain_on_delete protect"
)
PLUMBING = (
    "type name custom object parent dependencies property_dependencies delete_before_replace_defined accept_secrets"
    " accept_resources version supports_partial_values supports_result_reporting source_position"
)
HINTS = {
    "unauthorized|denied|no basic auth": "the registry refuses the password (sertantai:registry_token)",
    "manifest unknown|manifest.*not found|name unknown": "the registry has no such image",
    "port is already allocated|address already in use": "another program has the port",
    "no space left on device": "the disk is full",
}


class Log(MockEngine):
    """Passes on the program's log messages."""

    def __init__(self, show_message: Callable[[str], None]) -> None:
        self.show_message = show_message

    def Log(self, request: Any) -> None:  # noqa: N802
        """Shows a message like the Pulumi engine."""
        if request.severity != DEBUG:
            self.show_message(request.message)


class Monitor(MockMonitor):
    """Collects declared resources and creates nothing. With `strict` it accepts only the closed list of types.

    `say` shows a line of progress.
    """

    def __init__(self, say: Callable[[str], None] = lambda _: None, *, strict: bool = True) -> None:
        self.say, self.strict = say, strict
        self.declared: dict[str, Resource] = {}
        self.changes: dict[str, tuple[str, list[str]]] = {}  # by URN: the operation, and the inputs that cause it
        self.exports: dict[str, Any] = {}
        self.failures: list[str] = []

    def show_message(self, message: str) -> None:
        """Shows a message of the program."""
        self.say(f"     {message}")

    def make(self, new: Resource) -> Resource:
        """Returns the resource with its id and outputs, which are unknown here."""
        if new.custom:
            self.changes[new.urn] = "create", []
        return new

    def call(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """Returns an empty result of a provider's function, without a call."""
        return args | {"stdout": "", "stderr": ""}

    def RegisterResource(self, request: Any) -> RegisterResourceResponse:  # noqa: N802
        """Handles a declared resource. The SDK has waited for its dependencies."""
        if request.type == STACK:
            return super().RegisterResource(request)  # type: ignore[no-untyped-call,no-any-return]
        new = self._declaration(request)
        with self.step(new.title):
            if self.strict:
                _check(new)
            if self.declared.setdefault(new.urn, new) is not new:
                raise Trouble("is declared twice")
            new = self.declared[new.urn] = self.make(new)
            return RegisterResourceResponse(urn=new.urn, id=new.id, object=_encode(new.inputs | new.outputs))

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Keeps the stack's outputs."""
        if f"::{STACK}::" in request.urn:
            self.exports = _decode(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> ResourceInvokeResponse:  # noqa: N802
        """Calls a provider's function."""
        args = _decode(request.args)
        with self.step(" ".join([request.tok, args.get("name", "")]).strip()):
            return ResourceInvokeResponse(**{"return": _encode(self.call(request.tok, args))})

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Runs a step, unless an earlier one has failed. Running steps continue to their end."""
        if self.failures:
            raise Trouble(f"{title}: not begun, since another step failed")
        try:
            yield
        except Exception as error:
            self.failures.append(f"{title}: {explain(error)}")
            raise Trouble(self.failures[-1]) from error

    def _declaration(self, request: Any) -> Resource:
        request.ClearField("stackTrace")
        options = {_snake(name): value for name, value in MessageToDict(request).items() if value}
        if request.deleteBeforeReplaceDefined:
            options["delete_before_replace"] = request.deleteBeforeReplace
        if request.provider:
            options["provider"] = request.provider.rpartition("::")[0]
        return Resource(
            urn=self.make_urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            inputs=_decode(request.object),
            dependencies=sorted(request.dependencies),
            options={name: value for name, value in options.items() if name not in PLUMBING.split()},
        )


def run(monitor: Monitor, stack: StackFile, *, dry_run: bool) -> None:
    """Runs the program in the working directory until every step has ended. Raises if one has failed."""
    if stack.is_local and stack.encrypted:
        raise Trouble(f"{', '.join(stack.encrypted)}: encrypted, and the rehearsal has no key")

    async def program() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(32))  # a waiting step occupies its thread
        loop.set_exception_handler(lambda *_: None)  # it would report failed steps a second time
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in stack.values.items()}
        set_all_config(texts, list(stack.encrypted))
        engine = Log(monitor.show_message)
        configure(Settings(PROJECT, stack.name, monitor, engine, dry_run=dry_run, root_directory=os.getcwd()))
        await run_in_stack(partial(runpy.run_path, "__main__.py", run_name="__main__"))  # type: ignore[arg-type]

    os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
    try:
        contextvars.Context().run(asyncio.run, program())  # the SDK keeps its settings in context variables
    except Exception:
        if not monitor.failures:
            raise
    if monitor.failures:
        raise Trouble("\n".join(monitor.failures))


def explain(error: Exception) -> str:
    """Returns an error's message, after hints about a message of Docker."""
    message = str(getattr(error, "explanation", error))
    hints = [hint for pattern, hint in HINTS.items() if re.search(pattern, message, re.IGNORECASE)]
    return ": ".join([*(hints if isinstance(error, APIError) else []), message])


def _check(new: Resource) -> None:
    if unknown := new.options.keys() - OPTIONS.split():
        raise Trouble(f"the rehearsal does not support the option {min(unknown)}")
    if (new.kind == "Container") != ("*" in new.options.get("replace_on_changes", [])):
        raise Trouble('containers alone must have replace_on_changes ["*"]: the rehearsal supports nothing else')
    if new.type.startswith("docker:") and "delete_before_replace" not in new.options:
        raise Trouble("does not state delete_before_replace")
    if new.custom and not new.type.startswith("pulumi:providers:"):
        check(new.type, new.inputs)


def _decode(struct: Struct) -> dict[str, Any]:
    values = {key: value for key, value in MessageToDict(struct).items() if value is not None}
    return {k: Secret(_read(v)) if rpc._special_secret_sig in json.dumps(v) else _read(v) for k, v in values.items()}


def _read(value: Any) -> Any:
    match value:  # secrets arrive wrapped, and integers as floats
        case {rpc._special_sig_key: rpc._special_secret_sig}:
            return _read(value["value"])
        case dict():
            return {key: _read(item) for key, item in value.items() if item is not None}
        case list():
            return [_read(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _encode(values: dict[str, Any]) -> Struct:
    struct = Struct()
    struct.update({k: rpc.wrap_rpc_secret(v.value) if isinstance(v, Secret) else v for k, v in values.items()})
    return struct


def _snake(name: str) -> str:
    return re.sub("([A-Z])", r"_\1", name).lower()
