"""Whether lines are plain text or a table, and which column of it the IDs are in, by the first of them.

Decided by the content alone, never by how much of it has arrived: the same bytes are always read the same
way. The first line decides if it is a tweet ID or names a column of them for certain, so a slow pipe is not waited
for; otherwise the first SAMPLE_LINES lines that are not blank do. A name goes before what is in the columns, but
not `id` above the numbers of rows beside another column with tweet IDs; and a common delimiter before a rare one.
"""

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.errors import UsageError
from harvester.sources.delimited.dialect import Shape
from harvester.sources.delimited.line_ends import ReturnReader, end_with_returns
from harvester.sources.delimited.lists import ListReader, are_list, has_lists_within
from harvester.sources.delimited.rows import CsvRows
from harvester.sources.delimited.samples import (
    DELIMITERS,
    RARE_DELIMITERS,
    SAMPLE_BYTES,
    Column,
    Sample,
    Table,
    owner_name,
    read_tables,
    requoted,
    take_sample,
)
from harvester.sources.form import Form
from harvester.sources.readers import LineReader, Reader, Rows
from harvester.sources.text import HEADER_NAMES, WEAK_NAMES, TextLines, header_name


def choose_line_reader(file: str, head: bytes, form: Form, *, is_all: bool) -> Reader | None:
    """Who reads the lines of this file, from the first on; None if more of it is needed to tell.

    head: its first bytes. is_all: whether these are all.

    Raises UsageError: the column is not there.
    """
    has_returns = end_with_returns(head, is_all=is_all)
    if has_returns is None:
        return None
    rows = choose_rows(file, head.replace(b"\r", b"\n") if has_returns else head, form, is_all=is_all)
    if rows is None or isinstance(rows, ListReader):
        return rows
    return ReturnReader(rows) if has_returns else LineReader(rows)


def choose_rows(file: str, head: bytes, form: Form, *, is_all: bool) -> Rows | ListReader | None:
    """Who reads the lines of this file, from the first on; None if more of it is needed to tell.

    head: its first bytes. is_all: whether these are all.

    Raises UsageError: the column is not there.
    """
    if form.file_format == "text":
        return TextLines(file)
    sample = take_sample(head, _names(form), is_all=is_all)
    if not sample.lines and sample.is_complete and form.owner_column is not None:
        raise UsageError(
            f"{file}: no column {form.owner_column!r}, only blank lines at the beginning",
            f"Remove them, {SAMPLE_BYTES // 1024} KiB are looked at.",
        )
    is_settled = is_all or sample.is_complete
    if not sample.lines:
        return TextLines(file) if is_settled else None
    is_open = form.file_format is None and form.column is None and form.owner_column is None
    if is_open and sample.delimiter is None and _is_text(sample.first):
        return TextLines(file)
    if is_open and is_settled and sample.delimiter is None and are_list(sample.lines):
        return ListReader(file)
    return _Choice(file, sample, form, is_settled=is_settled).rows()


def _names(form: Form) -> tuple[str, ...]:
    wanted = (name for name in (form.column, form.owner_column) if name is not None)
    return (*HEADER_NAMES, *map(header_name, wanted))


def _is_text(first_line: str) -> bool:
    if isinstance(parse_tweet_id(first_line), int):
        return not any(delimiter in first_line.strip(" \r\n") for delimiter in DELIMITERS)
    return header_name(first_line) in HEADER_NAMES


class _Choice:
    """The choice of delimiter and columns for one file."""

    def __init__(self, file: str, sample: Sample, form: Form, *, is_settled: bool) -> None:
        self._file, self._sample, self._form = file, sample, form
        self._is_settled = is_settled
        is_tsv = form.file_format == "tsv"
        common: tuple[str, ...] = (
            ("\t",) if is_tsv else (sample.delimiter,) if sample.delimiter else DELIMITERS
        )
        self._rare: tuple[str, ...] = () if is_tsv or sample.delimiter else RARE_DELIMITERS
        self._tables = self._read(common)

    def rows(self) -> Rows | None:
        """Who reads the rows; None if more lines are needed to tell."""
        if not self._is_settled and not all(table.rows for table in self._tables):
            return None  # the first row goes on, in quotes
        if owner_name(self._form) is not None:
            self._tables = self._having(owner_name(self._form), self._form.owner_column)
        if named := self._by_header():
            return named
        if not self._is_settled:
            return None
        if self._form.column is not None:
            return self._by_number()
        return self._by_content()

    def _read(self, delimiters: tuple[str, ...]) -> list[Table]:
        return read_tables(self._sample, delimiters, is_last=self._is_settled)

    def _having(self, name: str | None, shown: str | None) -> list[Table]:
        """The tables with this name in the first row; rare delimiters count if common ones give none."""
        for tables in (self._tables, self._read(self._rare)):
            if having := [table for table in tables if name in table.names]:
                return having
        raise _no_name(self._file, self._tables, shown)

    def _by_header(self) -> CsvRows | None:
        """By the first row, if it has the wanted name, or one that a column of tweet IDs usually has."""
        form = self._form
        if form.column_number is not None:
            return None
        if form.column is not None:
            wanted = header_name(form.column)
            return self._named(self._having(wanted, form.column), wanted)
        for name in HEADER_NAMES:
            if name in WEAK_NAMES and not self._is_settled:
                return None
            having = [table for table in self._tables if name in table.names]
            having = [table for table in having if table.names.index(name) != table.owner_place(form)]
            if having and (name not in WEAK_NAMES or not self._is_outdone(having, name)):
                return self._named(having, name)
        return None

    def _is_outdone(self, having: list[Table], name: str) -> bool:
        """Whether another column holds the tweet IDs for certain, and this one the rows' numbers."""
        table = _widest(having)
        named = table.candidate(table.names.index(name))
        return any(column.candidate.outdoes(named) for column in table.columns(self._form))

    def _named(self, having: list[Table], name: str) -> CsvRows:
        table = _widest(having)
        # Rows below the first may not have come yet, so the first one says how many columns there are.
        n_cells = len(table.names)
        self._check_owner(table, n_cells)
        return self._csv_rows(table, Shape(n_cells, table.names.index(name)), has_header=True)

    def _by_number(self) -> CsvRows:
        """By the delimiter with which most rows have an ID there."""
        place = self._form.column_number or 0
        common = self._settled(self._tables)
        table = max(common, key=lambda table: (len(table.column_ids(place)), len(table.names)))
        if not table.column_ids(place):
            rare = self._settled(self._read(self._rare))
            table = max((table, *rare), key=lambda table: len(table.column_ids(place)))
        if place >= table.n_columns:
            raise _no_number(self._file, self._form.column, table.n_columns)
        return self._below_header(table, place)

    def _by_content(self) -> Rows:
        """By the column that is most likely; see Candidate.rank."""
        best = max(self._columns(self._tables), key=lambda column: column.rank, default=None)
        if best is None or not best.candidate.is_likely:
            rare = [column for column in self._columns(self._read(self._rare)) if column.candidate.is_sure]
            best = max(rare, key=lambda column: column.rank, default=best)
        is_open = self._form.file_format is None and self._form.owner_column is None
        is_text = is_open and not self._sample.delimiter
        if best is not None and not (is_text and self._are_lists(best)):
            return self._below_header(best.table, best.place)
        if is_text:
            return TextLines(self._file)
        raise UsageError(
            f"{self._file}: no column holds tweet IDs",
            "Name the column with --column, by its name or number.",
        )

    @staticmethod
    def _are_lists(column: Column) -> bool:
        """Whether rows hold many IDs, so that one of each would be little: better none, and each row named."""
        return not column.table.has_header_over(column.place) and has_lists_within(column.table.rows)

    def _columns(self, tables: list[Table]) -> list[Column]:
        return [column for table in self._settled(tables) for column in table.columns(self._form)]

    def _settled(self, tables: list[Table]) -> list[Table]:
        """As the whole sample says, with the owners' name in the first row."""
        name = owner_name(self._form)
        tables = [table for table in tables if name is None or name in table.names]
        others = [requoted(self._sample, table) for table in tables]
        pairs = zip(tables, others, strict=True)
        return [other if name is None or name in other.names else table for table, other in pairs]

    def _below_header(self, table: Table, place: int) -> CsvRows:
        """Reads the table on, now that its sample is complete."""
        has_header = owner_name(self._form) is not None or table.has_header_over(place)
        self._check_owner(table, table.n_columns)
        return self._csv_rows(table, Shape(table.n_cells(place), place), has_header=has_header)

    def _check_owner(self, table: Table, n_columns: int) -> None:
        owner_place = table.owner_place(self._form)
        if owner_place is not None and owner_place >= n_columns:
            raise _no_number(self._file, self._form.owner_column, n_columns)

    def _csv_rows(self, table: Table, shape: Shape, *, has_header: bool) -> CsvRows:
        first = table.rows[0]
        name = first[shape.column].strip() if shape.column < len(first) else ""
        return CsvRows(
            self._file,
            table.dialect,
            shape,
            name=name if has_header else None,
            owner_column=table.owner_place(self._form),
            n_preamble=self._sample.n_preamble,
        )


def _widest(tables: list[Table]) -> Table:
    return max(tables, key=lambda table: len(table.names))


def _no_name(file: str, tables: list[Table], column: str | None) -> UsageError:
    there = max((table.rows[0] for table in tables if table.rows), key=len, default=[])
    listed = ", ".join(repr(cell.strip()[:40]) for cell in there[:20])
    return UsageError(
        f"{file}: no column {column!r}", f"The first row has {listed}. A number works too, from 1."
    )


def _no_number(file: str, column: str | None, n_columns: int) -> UsageError:
    return UsageError(f"{file}: no column {column}, the rows have {n_columns}", "Columns count from 1.")
