"""Draws docs/platform.svg from the resources that the program declares for the local stack: `make picture`."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rehearsal import Resource
from rehearsal.monitor import Monitor, run
from settings import StackFile

FILE = Path(__file__).with_name("platform.svg")
CONTAINER = "docker:index/container:Container"
BOX, GAP, ROW = (150, 52), 18, 120
COLOURS = {"nginx": "#dbeafe", "postgres": "#dcfce7", "redis": "#fee2e2", "certbot": "#fef9c3"}
PART_COLOUR, STYLE = "#f3e8ff", "font-family='system-ui, sans-serif'"


@dataclass(frozen=True)
class Box:
    """A container, or the outside world, at its position in the picture."""

    name: str
    lines: Sequence[str]
    x: int
    y: int
    colour: str

    def svg(self) -> str:
        """Returns the box with its lines of text."""
        width, height = BOX
        text = "".join(
            f"<text x='{self.x + width // 2}' y='{self.y + 22 + 17 * row}' text-anchor='middle' "
            f"font-size='{13 if row == 0 else 11}' {STYLE}>{escape(line)}</text>"
            for row, line in enumerate(self.lines)
        )
        return (
            f"<rect x='{self.x}' y='{self.y}' width='{width}' height='{height}' rx='8' "
            f"fill='{self.colour}' stroke='#475569'/>{text}"
        )


def svg(resources: Sequence[Resource]) -> str:
    """Returns the picture: outside world, gateway, parts of services, shared servers, and their connections."""
    containers = [resource for resource in resources if resource.type == CONTAINER]
    parts = sorted((r for r in containers if _label(r, "service") != "platform"), key=lambda r: r.name)
    shared = {
        _label(resource, "part"): resource for resource in containers if _label(resource, "service") == "platform"
    }
    width = max(len(parts), len(shared)) * (BOX[0] + GAP) + GAP
    boxes = {"world": Box("world", ["Browsers", "HTTPS"], (width - BOX[0]) // 2, GAP, "#f8fafc")}
    gateway = shared.pop("nginx")
    ports = " and ".join(str(port["external"]) for port in gateway.inputs["ports"])
    boxes["nginx"] = Box("nginx", ["nginx", f"ports {ports}"], (width - BOX[0]) // 2, GAP + ROW, COLOURS["nginx"])
    for column, resource in enumerate(parts):
        lines = [resource.name, f"{resource.inputs['memory']} MB"]
        boxes[resource.name] = Box(resource.name, lines, _x(column), GAP + 2 * ROW, PART_COLOUR)
    certbot = shared.pop("certbot")
    lines = ["certbot", f"{certbot.inputs['memory']} MB"]
    boxes["certbot"] = Box("certbot", lines, boxes["nginx"].x + BOX[0] + ROW, GAP + ROW, COLOURS["certbot"])
    margin = (width - len(shared) * (BOX[0] + GAP) + GAP) // 2
    for column, (part, resource) in enumerate(sorted(shared.items())):
        lines = [part, f"{resource.inputs['memory']} MB"]
        boxes[part] = Box(part, lines, margin + column * (BOX[0] + GAP), GAP + 3 * ROW, COLOURS[part])
    arrows = "".join(_arrow(boxes[start], boxes[end]) for start, end in _arrows(resources, parts))
    height = GAP + 3 * ROW + BOX[1] + GAP
    head = "<defs><marker id='tip' markerWidth='9' markerHeight='9' refX='8' refY='4' orient='auto'>"
    tip = "<path d='M0,0 L8,4 L0,8 z' fill='#64748b'/></marker></defs>"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' role='img'>"
        f"<title>The sertantai platform: one gateway, the services, the shared servers</title>{head}{tip}"
        f"<rect width='{width}' height='{height}' fill='white'/>{arrows}"
        f"{''.join(box.svg() for box in boxes.values())}</svg>\n"
    )


def _arrows(resources: Sequence[Resource], parts: Sequence[Resource]) -> list[tuple[str, str]]:
    """Returns connections: from the gateway to every part, and from a part to the servers that it depends on."""
    servers = {f"{server}-ready": server for server in ("postgres", "redis")}
    ready = {resource.urn: servers[resource.name] for resource in resources if resource.name in servers}
    by_urn = {resource.urn: resource for resource in resources}
    arrows = [("world", "nginx"), ("nginx", "certbot")]
    for part in parts:
        arrows.append(("nginx", part.name))
        if _label(part, "part") == "frontend":
            continue
        visited, pending = set[str](), list(part.dependencies)
        while pending:
            urn = pending.pop()
            if urn in by_urn and urn not in visited:
                visited.add(urn)
                pending += by_urn[urn].dependencies
        used = {"app": {"postgres", "redis"}, "electric": {"postgres"}}[_label(part, "part")]
        arrows += sorted((part.name, server) for urn, server in ready.items() if urn in visited and server in used)
    return arrows


def _arrow(start: Box, end: Box) -> str:
    if start.y == end.y:
        x1, x2 = start.x + BOX[0], end.x
        y1 = y2 = start.y + BOX[1] // 2
    else:
        x1, y1 = start.x + BOX[0] // 2, start.y + BOX[1]
        x2, y2 = end.x + BOX[0] // 2, end.y
    return f"<line x1='{x1}' y1='{y1}' x2='{x2}' y2='{y2}' stroke='#94a3b8' marker-end='url(#tip)'/>"


def _x(column: int) -> int:
    return GAP + column * (BOX[0] + GAP)


def _label(container: Resource, name: str) -> str:
    return next(str(label["value"]) for label in container.inputs["labels"] if label["label"] == f"sertantai.{name}")


def current() -> str:
    """Returns the picture of the local stack as it is declared now."""
    monitor = Monitor()
    run(monitor, StackFile.read("local", FILE.parents[1] / "Pulumi.local.yaml"), dry_run=True)
    return svg(list(monitor.declared.values()))


if __name__ == "__main__":
    FILE.write_text(current())
