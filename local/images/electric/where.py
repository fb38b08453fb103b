"""Reads `where` clauses. They contain only comparisons, so that a client's text is safe in a query."""

from collections.abc import Collection, Mapping

from sqlglot import Dialect, exp
from sqlglot.errors import SqlglotError

POSTGRES = Dialect.get_or_raise("postgres")
COMPARISONS = {exp.EQ, exp.NEQ, exp.LT, exp.GT, exp.LTE, exp.GTE, exp.In, exp.Is, exp.Between, exp.Like, exp.ILike}
CONNECTIVES = {exp.And, exp.Or, exp.Not, exp.Paren}
VALUES = {exp.Column, exp.Identifier, exp.Literal, exp.Neg, exp.Null, exp.Boolean, exp.Parameter}
KNOWN = COMPARISONS | CONNECTIVES | VALUES


class BadWhere(Exception):
    """A clause is not supported. The message names the part."""


def read(where: str, params: Mapping[str, str], columns: Collection[str]) -> str:
    """Returns the clause as our own SQL, with the parameters inserted."""
    try:
        trees = POSTGRES.parse_into(exp.Condition, where)
    except SqlglotError as error:
        raise BadWhere(f"Invalid query: {error}") from error
    if len(trees) != 1 or not (tree := trees[0]):
        raise BadWhere("Invalid query: one condition is expected")
    for node in tree.walk():
        if type(node) not in KNOWN:
            raise BadWhere(f"{node.sql(dialect=POSTGRES)} is not supported in this context")
    settled = tree.transform(lambda node: _settled(node, params, columns))
    return str(settled.sql(dialect=POSTGRES, comments=False))


def _settled(node: exp.Expression, params: Mapping[str, str], columns: Collection[str]) -> exp.Expression:
    if isinstance(node, exp.Parameter):
        if (name := node.name) not in params:
            raise BadWhere(f"parameter ${name} was not provided")
        return exp.Literal.string(params[name])
    if isinstance(node, exp.Column):
        identifier = node.this
        name = identifier.name if identifier.quoted else identifier.name.lower()
        if node.table or name not in columns:
            raise BadWhere(f"unknown reference {node.sql(dialect=POSTGRES)}")
        return exp.column(name, quoted=True)
    return node
