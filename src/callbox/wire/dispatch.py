"""The short way to an operation: by path and method straight to what runs it.

The framework holds the routes, checks them when it starts and serves what is no operation. Its own way from a path to a
handler costs a read by id a quarter of its processor time, so operations do not take it
(docs/decisions/0003-short-way-to-operations.md).
"""

from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types import Receive, Send

from callbox.wire.operations import Operation


class _Node:
    """Where a path may go on: by a segment that is named, else by a parameter."""

    __slots__ = ("named", "operations", "parameter")

    def __init__(self) -> None:
        self.named: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.operations: dict[str, tuple[Operation, list[str]]] = {}


class Dispatch:
    """An application that knows its operations, and leaves all else to the framework."""

    def __init__(self, framework: Litestar) -> None:
        self._framework = framework
        self._root = _Node()
        for route in framework.routes:
            if isinstance(route, HTTPRoute):
                for method, (handler, _) in route.route_handler_map.items():
                    operation = handler.opt.get("operation")
                    if isinstance(operation, Operation):
                        self._add(route, method, operation)

    def _add(self, route: HTTPRoute, method: str, operation: Operation) -> None:
        node, names = self._root, []
        for component in route.path_components:
            if isinstance(component, str):
                node = node.named.setdefault(component, _Node())
            else:
                names.append(component.name)
                node.parameter = node = node.parameter or _Node()
        node.operations[method] = operation, names

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation, and the parameters of its path."""
        node, values = self._root, []
        for segment in path[1:].split("/"):
            following = node.named.get(segment)
            if following is None:
                following = node.parameter
                if following is None or not segment:
                    return None
                values.append(segment)
            node = following
        found = node.operations.get(method)
        return None if found is None else (found[0], dict(zip(found[1], values, strict=True)))

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's start and end."""
        found = self.find(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._framework(scope, receive, send)
            return
        operation, path = found
        # For metrics.
        scope["state"]["operation"] = operation.name
        answer = await operation.run(scope, receive, path)
        await answer(scope, receive, send)
