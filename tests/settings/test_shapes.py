"""Public shapes: what can be declared, and the error for the previous form."""

from typing import Any

import pytest

from settings.electric import Shape

from .stack import mistakes

ACCESS = "services/legal/electric/access"


@pytest.mark.parametrize(
    ("tables", "shapes"),
    [
        (["uk_lrt"], "uk_lrt: {table: uk_lrt}"),
        (["public.uk_lrt", "law.uk_lat"], "uk_lrt: {table: public.uk_lrt}, law_uk_lat: {table: law.uk_lat}"),
        ([], "<name>: {table: <table>}"),
        ("uk_lrt", "<name>: {table: <table>}"),
    ],
)
def test_tables_alone_are_refused_with_the_shapes_to_write_in_their_place(tables: Any, shapes: str) -> None:
    assert mistakes({ACCESS: {"kind": "public", "tables": tables}}) == [
        f"{ACCESS}: tables is no longer a setting, since a client could read other tables by its own `where`; "
        f"write shapes: {{{shapes}}} instead, each read at /electric/<name>"
    ]


@pytest.mark.parametrize("name", ["laws", "0", "v1", "uk-laws_2", "a" * 63])
def test_the_name_of_a_shape_is_the_end_of_its_url(name: str) -> None:
    assert mistakes({f"{ACCESS}/shapes": {name: {"table": "uk_lrt"}}}) == []


@pytest.mark.parametrize("name", ["", "Laws", "v1.shape", "laws?", "a b", "_a", "é", "a" * 64, "laws\n"])
def test_a_shape_with_an_invalid_name_is_refused(name: str) -> None:
    shown = name.replace("\n", "\\n")
    assert mistakes({f"{ACCESS}/shapes": {name: {"table": "uk_lrt"}}}) == [
        f"{ACCESS}/shapes/{shown}: must be a-z, 0-9, - and _, 63 at most: it is the end of the shape's URL"
    ]


def test_columns_and_where_may_have_characters_of_any_script() -> None:
    shape = {"table": "uk_lrt", "columns": ["id", "Größe; $x", "🔥"], "where": "name LIKE 'a%' AND \"Größe\" > 1"}
    assert mistakes({f"{ACCESS}/shapes": {"laws": shape}}) == []


def test_a_shapes_encoded_length_is_limited() -> None:
    words = "is too long for a URL; name fewer columns or shorten where"
    for shape in ({"columns": ["🔥" * 60] * 5}, {"where": "x" * 3500}):
        assert mistakes({f"{ACCESS}/shapes": {"laws": {"table": "uk_lrt", **shape}}}) == [
            f"{ACCESS}/shapes/laws: {words}"
        ]
    assert mistakes({f"{ACCESS}/shapes": {"laws": {"table": "uk_lrt", "where": "x" * 3400}}}) == []


def test_no_character_of_a_shape_has_a_meaning_in_nginx_or_a_url() -> None:
    shape = Shape(table="public.uk_lrt", columns=["a b", "c$d"], where="x = '&table=y' -- {};")
    assert shape.query == (
        "table=public.uk_lrt&columns=%22a%20b%22%2C%22c%24d%22&where=x%20%3D%20%27%26table%3Dy%27%20--%20%7B%7D%3B"
    )
