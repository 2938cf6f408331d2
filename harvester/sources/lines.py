"""Lines from a stream that is cut anywhere."""


class LineCutter:
    """Puts the pieces of a stream together to whole lines.

    Of a line longer than line_cap bytes the first line_cap + 2 are kept: enough to see that it is too
    long, also when the last of them is taken for the carriage return at its end. So a line of gigabytes
    takes no memory.
    """

    def __init__(self, line_cap: int) -> None:
        self._n_kept = line_cap + 2
        self._begun = b""

    @property
    def is_within_line(self) -> bool:
        """Whether what came last was not a newline."""
        return bool(self._begun)

    def feed(self, data: bytes) -> bytes:
        """The lines that are whole now, each with its newline; b"" when there is none."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._begun += data[: self._n_kept - len(self._begun)]
            return b""
        if len(self._begun) >= self._n_kept:
            data, end = self._shorten(data, end)
        lines = self._begun + data[:end]
        self._begun = data[end : end + self._n_kept]
        return lines

    def flush(self) -> bytes:
        """The last line, if it has no newline."""
        begun, self._begun = self._begun, b""
        return begun

    @staticmethod
    def _shorten(data: bytes, end: int) -> tuple[bytes, int]:
        dropped = data.index(b"\n")
        return data[dropped:], end - dropped
