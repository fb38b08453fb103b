"""Lists: filters, label selectors and pages."""

import re
from collections.abc import Iterable

from tests.doubles.hetzner.errors import invalid
from tests.doubles.hetzner.reading import Json

PER_PAGE, MOST_PER_PAGE = 25, 50
Query = dict[str, list[str]]


def page(name: str, entries: Iterable[Json], query: Query) -> Json:
    """Returns one page of the matching entries, under the name of their collection."""
    found = [entry for entry in entries if _wanted(entry, query)]
    number = _positive(query, "page", 1, None)
    per_page = _positive(query, "per_page", PER_PAGE, MOST_PER_PAGE)
    last = max(1, -(-len(found) // per_page))
    pagination = {
        "page": number,
        "per_page": per_page,
        "previous_page": number - 1 if number > 1 else None,
        "next_page": number + 1 if number < last else None,
        "last_page": last,
        "total_entries": len(found),
    }
    return {name: found[(number - 1) * per_page : number * per_page], "meta": {"pagination": pagination}}


def _positive(query: Query, name: str, default: int, most: int | None) -> int:
    text = query.get(name, [str(default)])[0]
    if not text.isdigit() or int(text) < 1 or (most is not None and int(text) > most):
        raise invalid([(name, "Must be a positive number" + (f" up to {most}." if most else "."))])
    return int(text)


def _wanted(entry: Json, query: Query) -> bool:
    """A parameter that is a field of the entry filters by it (?name=, ?id=, ?architecture=). Others are ignored."""
    for name, values in query.items():
        if name == "label_selector":
            if not all(selects(selector, entry["labels"]) for selector in values):
                return False
        elif name in entry and values != [""] and str(entry[name]) not in values:
            return False
    return True


def selects(selector: str, labels: dict[str, str]) -> bool:
    """Whether labels match every term of a selector: k, !k, k=v, k==v, k!=v, k in (a,b), k notin (a,b)."""
    return all(_meets(term.strip(), labels) for term in re.split(r",(?![^(]*\))", selector) if term.strip())


def _meets(term: str, labels: dict[str, str]) -> bool:
    among = re.fullmatch(r"(\S+)\s+(in|notin)\s*\((.*)\)", term)
    if among:
        values = [value.strip() for value in among[3].split(",")]
        return (labels.get(among[1]) in values) == (among[2] == "in")
    compared = re.fullmatch(r"([^=!]+?)\s*(==|=|!=)\s*(.*)", term)
    if compared:
        return (labels.get(compared[1]) == compared[3]) == (compared[2] != "!=")
    return term[1:] not in labels if term.startswith("!") else term in labels
