"""ID files as a stream: text, CSV and TSV, gzipped or not, folders, globs and standard input."""

from harvester.sources.chunk import Chunk, Origin, Rejected
from harvester.sources.form import FORMATS, FileFormat, Form
from harvester.sources.places.find import find_sources
from harvester.sources.reading import CHUNK_BYTES, has_whole_lines, read_chunks
from harvester.sources.screening import LOST_DIGITS
from harvester.sources.source import STDIN, Source
from harvester.sources.stored import read_stored

__all__ = [
    "CHUNK_BYTES",
    "FORMATS",
    "LOST_DIGITS",
    "STDIN",
    "Chunk",
    "FileFormat",
    "Form",
    "Origin",
    "Rejected",
    "Source",
    "find_sources",
    "has_whole_lines",
    "read_chunks",
    "read_stored",
]
