"""A PostgreSQL that notes what it is asked, for tests without Docker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from host import files, psql

SQL = {file.read_text(): file.stem for file in Path(files.__file__).with_name("sql").glob("*.sql")}


@dataclass
class Asked:
    """`answers` by the name of the SQL's file, or by its text; an error is raised instead."""

    answers: dict[str, str | psql.SqlError] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    """The SQL's file, or its text, and the database."""
    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the last of each was told."""
    alone: set[str] = field(default_factory=set)

    def ask(
        self,
        sql: str,
        variables: Mapping[str, str] | None = None,
        *,
        database: str = "postgres",
        user: str = psql.SUPERUSER,
        alone: bool = False,
    ) -> str:
        name = SQL.get(sql, sql)
        self.log.append((name, database))
        self.variables[name] = dict(variables or {})
        if alone:
            self.alone.add(name)
        answer = self.answers.get(name, "")
        if isinstance(answer, psql.SqlError):
            raise answer
        return answer

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.log]


def postgres(monkeypatch: pytest.MonkeyPatch, **answers: str | psql.SqlError) -> Asked:
    """Stands for every PostgreSQL."""
    asked = Asked(dict(answers))
    monkeypatch.setattr(psql.Postgres, "ask", lambda _, *words, **options: asked.ask(*words, **options))
    return asked
