"""A PostgreSQL that records its queries, for tests without Docker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from host import files, psql
from host.failure import Failure

Answer = str | Failure
SQL = {file.read_text(): file.stem for file in Path(files.__file__).with_name("sql").glob("*.sql")}


@dataclass
class Asked:
    """`answers` by the name of the SQL's file, or by its text. An error is raised; a list's items are used once."""

    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    """The SQL's file, or its text, and the database."""
    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    """The variables of each query's last run."""
    exclusive: set[str] = field(default_factory=set)
    users: dict[str, str] = field(default_factory=dict)
    """The user of each query's last run."""

    def query(
        self,
        sql: str,
        variables: Mapping[str, str] | None = None,
        *,
        database: str = "postgres",
        user: str = psql.SUPERUSER,
        exclusive: bool = False,
    ) -> str:
        # Longer values are set before the query's own text.
        name = next((stem for text, stem in SQL.items() if sql.endswith(text)), sql)
        self.log.append((name, database))
        self.variables[name], self.users[name] = dict(variables or {}), user
        if exclusive:
            self.exclusive.add(name)
        answer = self.answers.get(name, "")
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Failure):
            raise answer
        return answer

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.log]


def postgres(monkeypatch: pytest.MonkeyPatch, **answers: Answer | list[Answer]) -> Asked:
    """Replaces every PostgreSQL by this one."""
    asked = Asked(dict(answers))
    monkeypatch.setattr(psql.Postgres, "query", lambda _, *words, **options: asked.query(*words, **options))
    return asked
