"""Serves the program in the current folder to the engine, by Pulumi's Automation API.

It prints its port at once, and imports then. Standard input is the environment of the run, as one line of JSON.
"""

import ast
import json
import os
import runpy
import signal
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

PROGRAM = Path("__main__.py").absolute()


class Late:
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine ends the run, and its parent this process
    late = Late()
    server = grpc.server(ThreadPoolExecutor(), handlers=[late])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201
    serve(late)


def serve(late: Late) -> None:
    """Imports what the program imports, and serves it."""
    from pulumi.automation._server import LanguageServer
    from pulumi.runtime.proto import language_pb2, language_pb2_grpc

    class Server(LanguageServer):
        def Run(self, request: Any, context: Any) -> Any:  # noqa: N802 - as the protocol names it
            """Runs the program. Its error has been reported then, and the engine need not report it again."""
            result: Any = super().Run(request, context)  # type: ignore[no-untyped-call]
            return language_pb2.RunResponse(bail=bool(result.error))

    exec(imports(PROGRAM.read_text()), {})  # noqa: S102
    os.environ |= json.loads(sys.stdin.readline())
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Server(program), late)
    sys.stdin.read()


def program() -> None:
    """Runs the program."""
    runpy.run_path(str(PROGRAM), run_name="__main__")


def imports(source: str) -> Any:
    """Returns the code of a program's imports alone."""
    module = ast.parse(source)
    module.body = [each for each in module.body if isinstance(each, ast.Import | ast.ImportFrom)]
    return compile(module, "imports", "exec")


if __name__ == "__main__":
    main()
