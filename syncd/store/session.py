"""Session: one transaction on either database; knows SQL's two dialects, no table.

SQL is written once, with `?` for parameters; what the databases word differently has a name here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, cast

import sqlalchemy as sa

Row = tuple[Any, ...]


@cache
def _pyformat(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class Session:
    """One open transaction. `postgres` tells the dialect; everything else is the same on both."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.postgres = connection.dialect.name == "postgresql"

    def _sql(self, sql: str) -> str:
        return _pyformat(sql) if self.postgres else sql

    def run(self, sql: str, *params: Any) -> int:
        """Carries out one statement. Returns the number of rows it touched."""
        return self._connection.exec_driver_sql(self._sql(sql), tuple(params)).rowcount

    def rows(self, sql: str, *params: Any) -> list[Row]:
        """All rows of a query, as plain tuples."""
        return cast(list[Row], self._connection.exec_driver_sql(self._sql(sql), params).cursor.fetchall())

    def row(self, sql: str, *params: Any) -> Row | None:
        """The first row of a query, or None."""
        found = self.rows(sql, *params)
        return found[0] if found else None

    def value(self, sql: str, *params: Any) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, *params)
        return found[0] if found else None

    def many(self, sql: str, rows: Sequence[Row]) -> None:
        """Carries out one statement for each row, in one call."""
        if rows:
            self._connection.exec_driver_sql(self._sql(sql), list(rows))

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Inserts rows in bulk: executemany on SQLite, COPY on PostgreSQL."""
        rows = list(rows)
        if not rows:
            return
        names = ", ".join(columns)
        if self.postgres:
            cursor = self._connection.connection.cursor()
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.close()
            return
        marks = ", ".join("?" * len(columns))
        self.many(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)

    def stream(self, sql: str, *params: Any, size: int = 5000) -> Iterator[Row]:
        """The rows of a query, fetched `size` at a time: memory stays flat however many there are."""
        found = self._connection.execution_options(stream_results=True, max_row_buffer=size).exec_driver_sql(
            self._sql(sql), tuple(params)
        )
        try:
            for part in found.partitions(size):
                yield from (tuple(row) for row in part)
        finally:
            found.close()
            self._connection.execution_options(stream_results=False)

    def lookup(self, table: str, key: str, columns: Sequence[str], values: Sequence[Any], *where: Any) -> list[Row]:
        """Rows of `table` whose `key` is one of `values`; the result's first column is the value it was found by.

        `where` is a further condition on the table as `t`, and its parameters. On PostgreSQL this is a lateral join,
        one index probe a value whatever the statistics of a fresh table say; on SQLite a join with the values as JSON.
        """
        if not values:
            return []
        names = ", ".join(f"t.{name}" for name in columns)
        condition, params = (f" AND {where[0]}", where[1:]) if where else ("", ())
        if self.postgres:
            kind = "bigint" if isinstance(values[0], int) else "text"
            return self.rows(
                f"SELECT found.* FROM unnest(CAST(? AS {kind}[])) AS i(v) CROSS JOIN LATERAL"
                f" (SELECT i.v, {names} FROM {table} AS t WHERE t.{key} = i.v{condition} OFFSET 0) AS found",
                list(values),
                *params,
            )
        return self.rows(
            f"SELECT i.value, {names} FROM json_each(?) AS i CROSS JOIN {table} AS t WHERE t.{key} = i.value{condition}",
            json.dumps(values, ensure_ascii=False),
            *params,
        )

    def delete_ids(self, table: str, ids: Sequence[int]) -> None:
        """Deletes rows by id, in one statement."""
        if self.postgres:
            self.run(f"DELETE FROM {table} WHERE id = ANY(CAST(? AS bigint[]))", list(ids))
        else:
            self.run(f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))

    def next_id(self, table: str) -> int:
        """The id that comes after all that were ever used in a table. Holds until the write transaction ends."""
        if self.postgres:
            last, called = self.rows(f"SELECT last_value, is_called FROM {table}_id_seq")[0]
            return int(last) + 1 if called else int(last)
        return int(self.value("SELECT seq FROM sqlite_sequence WHERE name = ?", table) or 0) + 1

    def reserve(self, table: str, count: int) -> int:
        """Sets `count` ids aside for later; returns the first."""
        first = self.next_id(table)
        if self.postgres:
            self.used_ids(table, first + count - 1)
        elif first > 1:
            self.run("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", first + count - 1, table)
        else:
            self.run("DELETE FROM sqlite_sequence WHERE name = ?", table)
            self.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table, count)
        return first

    def used_ids(self, table: str, last: int) -> None:
        """Tells that ids up to `last` were given out. SQLite's AUTOINCREMENT sees it by itself."""
        if self.postgres and last >= self.next_id(table):
            self.value(f"SELECT setval('{table}_id_seq', ?)", last)

    def add(self, table: str, **values: Any) -> int:
        """Inserts one row into a table with an id; returns the id."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        return int(self.value(f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", *values.values()))


Step = Callable[[str], None]


def no_step(name: str) -> None:
    """The step hook that does nothing: tests hand in one that stops the process there."""
