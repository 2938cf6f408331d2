"""From stored bytes to texts in UTF-8 and tables: what a file is, layer upon layer, its first bytes say."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from threading import Event
from typing import Final

from harvester.sources.ahead import read_ahead
from harvester.sources.layers.decompress import CODECS, Stream, decompressed
from harvester.sources.layers.expansion import Expansion
from harvester.sources.layers.parts import Block, Compression, Part, StreamCompression, Table, TableKind, Text
from harvester.sources.layers.seekable import Seekable, can_seek, open_seekable, spooled
from harvester.sources.layers.signatures import SIGNATURE_BYTES, Foreign, could_tell, recognise
from harvester.sources.layers.slices import Joint, Slices
from harvester.sources.layers.unicode_forms import may_be_unicode, unicode_form
from harvester.sources.layers.zip_members import read_members
from harvester.sources.source import Source
from harvester.sources.stored import read_stored, why_unread

MOST_LAYERS: Final = 3
BLOCKS_WITHOUT_THREAD: Final = 2


def open_parts(source: Source, piece_bytes: int, stop: Event) -> Iterator[Part]:
    """The texts and tables that a file holds; of a text, pieces of about piece_bytes at most.

    What comes out does not depend on piece_bytes, only how it is parted. An OSError while reading makes the rest
    unreadable. Ends early once stop is set.
    """
    return _Decoding(source, piece_bytes, stop).parts()


@dataclass(frozen=True, slots=True)
class _Layer:
    """What was found within a file. around: what is compressed or packed around it, from the outside."""

    name: str
    around: tuple[Compression, ...]
    blocks: Iterator[Block]

    def unreadable(self, reason: str) -> Text:
        return Text(self.name, self.around, iter((Block(b"", 0, reason),)))


class _Decoding:
    """One file, from its stored bytes inwards."""

    def __init__(self, source: Source, piece_bytes: int, stop: Event) -> None:
        self._source = source
        self._piece_bytes = piece_bytes
        self._stop = stop
        self._expansion = Expansion(source.size_bytes)
        self._slices: Slices | None = None

    def parts(self) -> Iterator[Part]:
        return self._parts(_Layer(self._source.name, (), self._stored()))

    def _stored(self) -> Iterator[Block]:
        try:
            for piece in read_stored(self._source, self._piece_bytes, self._stop):
                yield Block(piece, len(piece))
        except OSError as exc:
            yield Block(b"", 0, why_unread(exc))

    def _parts(self, layer: _Layer) -> Iterator[Part]:
        head, blocks = _looked_at(layer.blocks)
        layer = _Layer(layer.name, layer.around, blocks)
        match recognise(head):
            case None:
                yield Text(layer.name, layer.around, self._text(layer, head))
            case Foreign(advice):
                yield layer.unreadable(advice)
            case ("parquet" | "arrow") as kind:
                yield from self._table(layer, kind)
            case _ if len(layer.around) == MOST_LAYERS:
                yield layer.unreadable(f"compressed more than {MOST_LAYERS} times over; decompress it")
            case "zip":
                yield from self._archive(layer)
            case compression:
                yield from self._parts(self._decompressed(layer, compression))

    def _decompressed(self, layer: _Layer, compression: StreamCompression) -> _Layer:
        blocks = layer.blocks
        if not layer.around:
            self._slices = Slices(blocks, self._source.ends_bytes)
            blocks = self._counted(iter(self._slices))
        blocks = decompressed(blocks, Stream(CODECS[compression]), self._expansion)
        return _Layer(layer.name, (*layer.around, compression), blocks)

    def _counted(self, blocks: Iterator[Block]) -> Iterator[Block]:
        for block in blocks:
            if self._stop.is_set():
                return
            self._expansion.take(block.n_stored)
            yield block

    def _text(self, layer: _Layer, head: bytes) -> Iterator[Block]:
        if not layer.around:
            return _in_utf_8(head, layer.blocks)
        blocks = self._joined(layer.blocks)
        return _in_utf_8(head, blocks if self._source.size_bytes is None else self._ahead(blocks))

    def _ahead(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The next block is decompressed while the one before is read: both mostly work without the interpreter.

        The first come at once, so that many small members of an archive do not take as many threads.
        """
        for _ in range(BLOCKS_WITHOUT_THREAD):
            block = next(blocks, None)
            if block is None:
                return
            yield block
        yield from read_ahead(blocks, self._stop)

    def _joined(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Steps put together, for each block costs who reads it; but not over an end that the file had.

        Once a pipe has to be waited for nothing is held back.
        """
        joint = Joint()
        for block in blocks:
            is_at_end = block.n_stored and joint.n_taken in self._source.ends_bytes
            if not joint.is_empty and (is_at_end or block.unreadable):
                yield joint.take()
            if block.unreadable:
                yield block
                return
            joint.add(block)
            if joint.n_bytes >= self._piece_bytes or self._is_dry():
                yield joint.take()
        if not joint.is_empty:
            yield joint.take()

    def _is_dry(self) -> bool:
        return self._source.size_bytes is None and self._slices is not None and self._slices.is_dry

    def _archive(self, layer: _Layer) -> Iterator[Part]:
        found = self._seekable(layer)
        if isinstance(found, str):
            yield layer.unreadable(found)
            return
        with found.opened:
            yield from self._members(layer, found)
        if found.unreadable:
            yield layer.unreadable(found.unreadable)

    def _members(self, layer: _Layer, found: Seekable) -> Iterator[Part]:
        owed = [Block(b"", found.n_stored)]
        around: tuple[Compression, ...] = (*layer.around, "zip")
        try:
            for name, blocks in read_members(found, self._expansion, self._stop):
                whole_name = f"{layer.name}/{name}" if name else layer.name
                yield from self._parts(_Layer(whole_name, around, chain(owed, blocks)))
                owed = []
        except OSError as exc:
            yield layer.unreadable(why_unread(exc))

    def _table(self, layer: _Layer, kind: TableKind) -> Iterator[Part]:
        found = self._seekable(layer)
        if isinstance(found, str):
            yield layer.unreadable(found)
            return
        with found.opened as opened:
            if found.unreadable:
                yield layer.unreadable(found.unreadable)
            else:
                n_stored = found.size_bytes if found.is_source else found.n_stored
                yield Table(layer.name, layer.around, kind, opened, n_stored)

    def _seekable(self, layer: _Layer) -> Seekable | str:
        try:
            if layer.around:
                return spooled(layer.blocks, self._stop)
            if can_seek(self._source):
                return open_seekable(self._source, self._stop)
            return spooled(self._counted(layer.blocks), self._stop)
        except OSError as exc:
            return why_unread(exc)


def _looked_at(blocks: Iterator[Block]) -> tuple[bytes, Iterator[Block]]:
    """The first bytes, as many as tell what it is, and all blocks, those of the first bytes put together."""
    head, n_stored = b"", 0
    for block in blocks:
        head += block.text
        n_stored += block.n_stored
        if block.unreadable or not (could_tell(head) or may_be_unicode(head)):
            ending = (Block(b"", 0, block.unreadable),) if block.unreadable else ()
            return head[:SIGNATURE_BYTES], chain((Block(head, n_stored),), ending, blocks)
    return head[:SIGNATURE_BYTES], iter((Block(head, n_stored),))


def _in_utf_8(head: bytes, blocks: Iterator[Block]) -> Iterator[Block]:
    """UTF-16 and UTF-32 as UTF-8, anything else as it is; see `unicode_form`."""
    form, n_mark = unicode_form(head)
    return blocks if form is None else _decoded(form, n_mark, blocks)


def _decoded(form: str, n_mark: int, blocks: Iterator[Block]) -> Iterator[Block]:
    decoder = codecs.getincrementaldecoder(form)("replace")
    for block in blocks:
        yield Block(decoder.decode(block.text[n_mark:]).encode(), block.n_stored, block.unreadable)
        n_mark = 0
    if rest := decoder.decode(b"", final=True):
        yield Block(rest.encode(), 0)
