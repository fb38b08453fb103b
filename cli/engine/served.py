"""Serves the program in the current folder to the engine, by Pulumi's Automation API.

It prints its port at once, and imports then. Standard input holds the run's environment, as one line of JSON.
"""

import ast
import json
import os
import runpy
import signal
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc

PROGRAM = Path("__main__.py").absolute()
# gRPC's own limit of 4 MiB is too little for a large configuration.
NO_LIMIT = [("grpc.max_receive_message_length", -1)]


class Delayed:
    """Accepts calls at once, and answers them once there is a servicer, which takes this for its server."""

    def __init__(self) -> None:
        self._handler: Future[grpc.GenericRpcHandler] = Future()

    def service(self, call: grpc.HandlerCallDetails) -> Any:
        """Returns what answers a call."""
        return self._handler.result().service(call)

    def add_generic_rpc_handlers(self, handlers: tuple[grpc.GenericRpcHandler, ...]) -> None:
        """Takes the servicer's answers."""
        self._handler.set_result(handlers[0])

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Is for calls by name, which `service` answers too."""


def main() -> None:
    """Prints the port, and serves the program until standard input ends."""
    sys.path[0] = str(PROGRAM.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine cancels the run, and the command ends this process
    calls = Delayed()
    server = grpc.server(ThreadPoolExecutor(), handlers=[calls], options=NO_LIMIT)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201
    os.dup2(2, 1)  # nobody reads more of standard output
    serve(calls)
    sys.stdin.read()
    os._exit(0)  # without waiting for a run whose engine's command is gone


def serve(calls: Delayed) -> None:
    """Imports what the program imports, and serves it."""
    from pulumi.automation._server import LanguageServer
    from pulumi.runtime.proto import language_pb2, language_pb2_grpc

    class Server(LanguageServer):
        def Run(self, request: Any, context: Any) -> Any:  # noqa: N802 - as the protocol names it
            """Runs the program. The SDK has reported its error then, so the engine must not report it again."""
            result: Any = super().Run(request, context)  # type: ignore[no-untyped-call]
            return language_pb2.RunResponse(bail=bool(result.error))

    with suppress(Exception):  # the run raises it again, and reports it
        exec(imports(PROGRAM.read_text()), {})  # noqa: S102
    environment = json.loads(sys.stdin.readline())
    os.environ.clear()
    os.environ.update(environment)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Server(program), calls)


def program() -> None:
    """Runs the program."""
    runpy.run_path(str(PROGRAM), run_name="__main__")


def imports(source: str) -> Any:
    """Returns the code of a program's imports alone."""
    module = ast.parse(source)
    module.body = [statement for statement in module.body if isinstance(statement, ast.Import | ast.ImportFrom)]
    return compile(module, str(PROGRAM), "exec")


if __name__ == "__main__":
    main()
