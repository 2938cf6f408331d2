"""ID files as a stream, of any format and compression, from wherever they are."""

from harvester.sources.chunk import Chunk, Origin, Rejected, places_of_rejected
from harvester.sources.form import FORMATS, FileFormat, Form
from harvester.sources.places.find import find_sources
from harvester.sources.reading import CHUNK_BYTES, ends_whole, read_chunks, read_heads
from harvester.sources.screening import LOST_DIGITS
from harvester.sources.source import STDIN, Source, printable_name
from harvester.sources.stored import read_stored
from harvester.sources.urls import shown_argument

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
    "ends_whole",
    "find_sources",
    "places_of_rejected",
    "printable_name",
    "read_chunks",
    "read_heads",
    "read_stored",
    "shown_argument",
]
