"""Batches: raw rows to clean columns, keys and extras, 5,000 at a time; knows no file format and no store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from json import encoder
from operator import itemgetter

from importers import headers, normalise, vocabulary
from importers.readers import cells, groups, names
from importers.readers.heading import Heading
from importers.readers.raw import UNKNOWN, Bad, Chunk, Table
from importers.rows import Batch, Field, Flag, Order, Refusal, Value

_quoted = encoder.encode_basestring
_EXTRA = "extra."

Column = list[str | None]


class Batches:
    """The rows of a table below its heading as batches, in file order."""

    def __init__(self, table: Table, heading: Heading, order: Order, dates: cells.Dates) -> None:
        self._table = table
        self._heading = heading
        self._order = order
        self._dates = dates
        self._fields = {item.name: item for item in order.fields}
        self._blanks = {
            place: vocabulary.headers().blanks[key]
            for place, name in enumerate(heading.header)
            if (key := headers.squash(name)) in vocabulary.headers().blanks
        }
        pairs = zip(headers.shown(heading.targets, order), heading.header, strict=True)
        self._labels = {target: name for target, name in reversed(list(pairs)) if target}
        self._constants = {name: value for name, value in order.set.items() if name in self._fields}

    def __iter__(self) -> Iterator[Batch]:
        """Raw rows are let go before their batch is handed on: marshal is twice as quick with texts held only once."""
        order, skip, at = self._order, self._order.skip, 0
        for chunk in self._table.chunks(self._heading.line, len(self._heading.header), order.chunk):
            _without_blank_rows(chunk, self._heading.line)
            found = len(chunk.rows) + len(chunk.bad)
            at += found
            if skip >= found:
                skip -= found
                continue
            if skip:
                _without_first(chunk, skip)
                skip = 0
            batch = self._batch(chunk, at)
            chunk.rows = []
            yield batch

    def _batch(self, chunk: Chunk, at: int) -> Batch:
        count = len(chunk.rows)
        notes = cells.Notes()
        columns, extra = self._columns(self._fitted(chunk, notes), chunk, notes)
        clean, phone_keys = self._clean(columns, notes)
        self._named(clean, notes, count)
        extras = _texts(extra, notes.extra, count)
        good = [row for row in range(count) if row not in notes.refused]
        lines = chunk.lines
        if len(good) < count:
            keep = [row not in notes.refused for row in range(count)]
            clean = {name: list(compress(values, keep)) for name, values in clean.items()}
            phone_keys = {name: list(compress(values, keep)) for name, values in phone_keys.items()}
            extras = list(compress(extras, keep))
            lines = list(compress(lines, keep))
        return Batch(
            at=at,
            rows=count + len(chunk.bad),
            lines=lines,
            columns=clean,
            keys=self._keys(clean, phone_keys, len(good)),
            extra=extras,
            refused=self._refusals(chunk, notes),
            flags=self._flags(chunk, notes, good),
        )

    def _fitted(self, chunk: Chunk, notes: cells.Notes) -> list[tuple[str, ...]]:
        """Columns of equal length: short rows padded; refused are rows with cells beyond the header, and the header
        itself where it comes again."""
        width, rows = len(self._heading.header), chunk.rows
        if self._heading.cells in rows:
            for place, row in enumerate(rows):
                if row == self._heading.cells:
                    notes.refuse(place, "", "SY-L07")
        if set(map(len, rows)) - {width}:
            fitted = []
            for place, row in enumerate(rows):
                if any(map(str.strip, row[width:])):
                    notes.refuse(place, "", "SY-L01", seen=len(row), width=width)
                fitted.append((row + [""] * (width - len(row)))[:width])
            rows = fitted
        return list(zip(*rows, strict=True)) if rows else [()] * width

    def _columns(
        self, raw: Sequence[Sequence[str]], chunk: Chunk, notes: cells.Notes
    ) -> tuple[dict[str, Column], dict[str, Column]]:
        """The cells of each field as typed, and of each column that is kept as it is."""
        fields: dict[str, Column] = {}
        extra: dict[str, Column] = {}
        numbered: dict[str, Column] = {}
        for place, target in enumerate(self._heading.targets):
            if target is None:
                continue
            column = cells.stripped(raw[place])
            if self._heading.family == "syncd" and self._table.format != "json":
                column = cells.undefused(column)
            if not self._table.storable:
                cells.storable(column, headers.shown([target], self._order)[0] or target, notes)
            if place in self._blanks:
                column = [None if value in self._blanks[place] else value for value in column]
            if target.startswith(_EXTRA):
                extra[target[len(_EXTRA) :]] = column
            elif groups.grouped(target):
                numbered[target] = column
            elif target in fields:
                fields[target] = cells.joined(fields[target], column)
            else:
                fields[target] = column
        self._errors(chunk, notes)
        groups.spread(fields, numbered, frozenset(self._fields), extra)
        self._whole_names(fields, extra)
        for name, value in self._constants.items():
            fields[name] = [value] * len(chunk.rows)
        return fields, extra

    def _errors(self, chunk: Chunk, notes: cells.Notes) -> None:
        for row, place, shown in chunk.errors:
            if place < len(self._heading.header) and self._heading.targets[place] is not None:
                target = self._heading.targets[place] or ""
                name = self._heading.header[place] if target.startswith(_EXTRA) else target
                notes.flag(row, name, "SY-L27" if shown == UNKNOWN else "SY-L24", field=name, seen=shown)

    def _whole_names(self, fields: dict[str, Column], extra: dict[str, Column]) -> None:
        """Spreads whole names over their fields; what no field takes (a lead has no suffix, a name is shown in another
        way than it is parted) is kept as it is."""
        full = fields.pop(headers.FULL_NAME, None)
        if full is None:
            return
        other = names.other(
            full, {name: fields[name] for name in (*names.FIELDS.values(), "middle_name") if name in fields}
        )
        if any(other):
            extra.setdefault(self._heading.header[self._heading.targets.index(headers.FULL_NAME)], other)
        held = {part: fields[name] for part, name in names.FIELDS.items() if name in fields}
        for part, column in names.fill(full, held).items():
            name = names.FIELDS[part]
            if name == "last_name" or (name in self._fields and any(column)):
                fields[name] = column
            elif any(column) and name not in self._fields:
                extra.setdefault(name, column)

    def _clean(
        self, columns: Mapping[str, Column], notes: cells.Notes
    ) -> tuple[dict[str, list[Value]], dict[str, Column]]:
        clean: dict[str, list[Value]] = {}
        phone_keys: dict[str, Column] = {}
        for name, column in columns.items():
            item: Field = self._fields[name]
            clean[name], keys = cells.clean(column, item, self._order, self._dates, notes)
            if keys is not None:
                phone_keys[name] = keys
        return clean, phone_keys

    def _named(self, clean: dict[str, list[Value]], notes: cells.Notes, count: int) -> None:
        """Fills a blank name from the first field of `title_from` that is not; refuses rows with none at all."""
        title = self._order.title
        named = clean.get(title) or [None] * count
        if None not in named:
            return
        sources = [(name, clean[name]) for name in self._order.title_from if name in clean]
        length = self._fields[title].length if title in self._fields else 0
        for row, value in enumerate(named):
            if value is not None:
                continue
            found = next(((name, values[row]) for name, values in sources if values[row]), None)
            if found is None:
                notes.refuse(row, title, "SY-L06")
                continue
            text = str(found[1])
            if self._fields[found[0]].kind == "email":
                text = text.partition("@")[0]
            named[row] = text[:length].rstrip() if length else text
        clean[title] = named

    def _keys(
        self, clean: dict[str, list[Value]], phone_keys: Mapping[str, Column], count: int
    ) -> list[list[str | None]]:
        made: list[list[str | None]] = []
        for rule in self._order.keys:
            if clean.keys().isdisjoint(rule.fields):
                made.append([None] * count)
            elif rule.kind == "phone" and rule.fields[0] in phone_keys:
                made.append(phone_keys[rule.fields[0]])
            else:
                forms = vocabulary.companies()
                made.append(normalise.keys(rule, clean, count, country=self._order.country, forms=forms))
        return made

    def _refusals(self, chunk: Chunk, notes: cells.Notes) -> list[Refusal]:
        found = [self._refusal(bad, "") for bad in chunk.bad]
        for row, (name, code, values) in notes.refused.items():
            found.append(self._refusal(Bad(chunk.lines[row], chunk.rows[row], code, values), name))
        return sorted(found, key=lambda refusal: refusal["line"])

    def _refusal(self, bad: Bad, name: str) -> Refusal:
        return Refusal(line=bad.line, cells=bad.cells, field=name, code=bad.code, why=self._why(bad.code, bad.values))

    def _why(self, code: str, values: dict[str, object]) -> str:
        """The sentence of a code, with the column's own header for the field's name."""
        name = values.get("field")
        shown = values | {"field": self._labels.get(str(name), name)} if name else values
        return vocabulary.sentence(code, self._order.language, **shown)

    def _flags(self, chunk: Chunk, notes: cells.Notes, good: Sequence[int]) -> list[Flag]:
        if not notes.flags:
            return []
        places = {row: place for place, row in enumerate(good)}
        return [
            Flag(
                row=places[row],
                line=chunk.lines[row],
                field=name,
                code=code,
                why=self._why(code, values),
            )
            for row, name, code, values in sorted(notes.flags, key=lambda flag: flag[0])
            if row in places
        ]


def _without_blank_rows(chunk: Chunk, heading: int) -> None:
    """Takes out blank rows and the header itself; a row that only shows errors is not blank."""
    rows, lines = chunk.rows, chunk.lines
    drop: set[int] = set()
    if not all(rows) or not all(map(str.strip, map(itemgetter(0), rows))):
        drop = {place for place, row in enumerate(rows) if not "".join(row).strip()}
        drop -= {row for row, _, _ in chunk.errors}
    if lines and lines[0] <= heading:
        drop |= {place for place, line in enumerate(lines) if line <= heading}
    if drop:
        keep = [place for place in range(len(rows)) if place not in drop]
        _only(chunk, keep)
    chunk.bad = [bad for bad in chunk.bad if bad.line > heading]


def _without_first(chunk: Chunk, count: int) -> None:
    """Takes out the first rows, good and bad counted together: an earlier try has them."""
    first = sorted([*chunk.lines, *(bad.line for bad in chunk.bad)])[count]
    _only(chunk, [place for place, line in enumerate(chunk.lines) if line >= first])
    chunk.bad = [bad for bad in chunk.bad if bad.line >= first]


def _only(chunk: Chunk, keep: Sequence[int]) -> None:
    places = {old: new for new, old in enumerate(keep)}
    chunk.rows = [chunk.rows[place] for place in keep]
    chunk.lines = [chunk.lines[place] for place in keep]
    chunk.errors = [(places[row], column, shown) for row, column, shown in chunk.errors if row in places]


def _texts(extra: Mapping[str, Column], kept: Mapping[str, Mapping[int, str]], count: int) -> list[str | None]:
    """One JSON object a row of what no field takes, blanks left out; None where there is nothing."""
    parts: dict[int, list[str]] = {}
    columns = {name: [(row, text) for row, text in enumerate(column) if text] for name, column in extra.items()}
    for name, texts in kept.items():
        columns[name if name not in extra else f"{name} (whole)"] = list(texts.items())
    for name, cells_kept in columns.items():
        head = f"{_quoted(name)}: "
        for row, text in cells_kept:
            parts.setdefault(row, []).append(head + _quoted(text))
    return ["{" + ", ".join(parts[row]) + "}" if row in parts else None for row in range(count)]
