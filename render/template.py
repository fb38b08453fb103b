"""Fills the templates in `templates/`."""

import functools
from pathlib import Path

import jinja2

FOLDER = Path(__file__).with_name("templates")


@functools.cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - no HTML
    )


def fill(template: str, **values: object) -> str:
    """Returns the text of `templates/<template>` with `values`. A missing value is an error."""
    return _templates().get_template(template).render(**values)
