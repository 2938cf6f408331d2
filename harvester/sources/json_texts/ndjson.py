"""NDJSON: one JSON value a line."""

from harvester.sources.chunk import NOTHING, Chunk
from harvester.sources.form import FileFormat, Form
from harvester.sources.json_texts.findings import Findings
from harvester.sources.json_texts.values import Values


class NdjsonLines:
    """Reads whole lines, block after block, of one file."""

    file_format: FileFormat = "ndjson"
    is_within: bool = False

    def __init__(self, file: str, form: Form) -> None:
        self.column = form.column
        self._file = file
        self._values = Values(form)
        self.n_lines = 0

    def read(self, lines: bytes) -> Chunk:
        """What the lines hold; each ends with a newline."""
        findings = Findings(self._file)
        read, number = self._values.read, self.n_lines
        for line in lines.split(b"\n")[:-1]:
            number += 1
            read(line, number, findings)
        self.n_lines = number
        return findings.chunk()

    def flush(self) -> Chunk:
        """Nothing is held back."""
        return NOTHING
