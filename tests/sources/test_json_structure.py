"""What is structure in a stream of JSON, against a scanner that goes byte by byte."""

from hypothesis import given
from hypothesis import strategies as st

from harvester.sources.json_texts.structure import CLOSED_UNOPENED, LINE_END_IN_STRING, StructureScanner

texts = st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b",", b'"', b"\\", b"\n", b"a", b"\xff"])).map(
    b"".join
)
Mark = tuple[int, int, int]


def marks_byte_by_byte(text: bytes) -> tuple[list[Mark], list[int], int | None, str]:
    marks: list[Mark] = []
    newlines: list[int] = []
    depth, is_in_string, is_escaped = 0, False, False
    for at, byte in enumerate(text):
        is_plain, is_escaped = is_escaped, byte == ord("\\") and not is_escaped
        if byte == ord("\n"):
            if is_in_string:
                return marks, newlines, at, LINE_END_IN_STRING
            newlines.append(at)
            if not depth:
                marks.append((at, byte, 0))
        elif byte == ord('"') and not is_plain:
            is_in_string = not is_in_string
        elif byte in b"[{" and not is_in_string:
            marks.append((at, byte, depth))
            depth += 1
        elif byte in b"]}," and not is_in_string:
            if byte != ord(",") and not depth:
                return marks, newlines, at, CLOSED_UNOPENED
            marks.append((at, byte, depth))
            depth -= byte != ord(",")
    return marks, newlines, None, ""


@given(texts, st.integers(1, 9))
def test_marks_are_those_outside_strings_when_pieces_are_any(text: bytes, piece_bytes: int) -> None:
    scanner = StructureScanner()
    marks: list[Mark] = []
    newlines: list[int] = []
    broken_at, reason = None, ""
    for start in range(0, len(text), piece_bytes):
        structure = scanner.scan(text[start : start + piece_bytes])
        positions = (structure.at + start).tolist()
        marks += zip(positions, structure.marks.tolist(), structure.depths.tolist(), strict=True)
        newlines += (structure.newlines + start).tolist()
        if structure.broken_at is not None:
            broken_at, reason = start + structure.broken_at, structure.reason
            break

    assert (marks, newlines, broken_at, reason) == marks_byte_by_byte(text)
