"""ID files as a stream: text, CSV and TSV, gzipped or not, folders, globs and standard input."""

from harvester.sources.chunk import Chunk, Rejected
from harvester.sources.find import Source, find_sources
from harvester.sources.formats import FileFormat
from harvester.sources.reading import read_chunks

__all__ = ["Chunk", "FileFormat", "Rejected", "Source", "find_sources", "read_chunks"]
