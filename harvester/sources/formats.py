"""Which format a text has, by its beginning, and who reads it.

Decided by the content alone, never by how much of it has arrived: the same bytes are always read the same way.
"""

from harvester.sources.form import Form
from harvester.sources.readers import Reader
from harvester.sources.tables import choose_line_reader


def choose_reader(file: str, head: bytes, form: Form, *, is_all: bool) -> Reader | None:
    """Who reads this text from its beginning; None if more of it is needed to tell.

    head: its first bytes. is_all: whether these are all.

    Raises UsageError: the wanted column is not there.
    """
    return choose_line_reader(file, head, form, is_all=is_all)
