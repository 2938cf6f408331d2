"""Plain text: one tweet ID a line."""

from codecs import BOM_UTF8

import numpy as np

from harvester.engagement.tweet_id import Ids, parse_tweet_id
from harvester.sources.chunk import LINE_CAP, NOTHING, Chunk, Rejected, shown
from harvester.sources.digits import read_ids
from harvester.sources.form import FileFormat

BOM = "\ufeff"
HEADER_NAMES = ("tweet_id", "tweetid", "id_str", "tweet_id_str", "idstr", "status_id", "statusid", "id")
"""What a column of tweet IDs is called, the most telling name first."""
WEAK_NAMES = ("id",)
"""Those of them that other numbers have, too, such as those of rows."""
LINK_NAMES = ("tweet_url", "status_url", "permalink", "url", "link", "tweet_link")
_USER_NAMES = frozenset(
    (
        *("user_id", "user_id_str", "userid", "author_id", "authorid", "author", "user", "users"),
        *("from_user_id", "from_user_id_str", "in_reply_to_user_id", "in_reply_to_user_id_str"),
    )
)
TOO_LONG = f"longer than {LINE_CAP // 1024} KiB"


def header_name(cell: str) -> str:
    """A header's cell as it is compared: `"Tweet ID"` is `tweet_id`, and so is `# tweet_id`."""
    return cell.strip().lstrip("#").strip().strip("\"'").strip().lower().replace(" ", "_").replace("-", "_")


def is_user_name(name: str) -> bool:
    """Whether a column of that name, as header_name gives it, or `user.id`, has users, and no tweets."""
    return any(part in _USER_NAMES for part in name.split("."))


def read_line(line: bytes) -> int | str | None:
    """A line's tweet ID as an int, or why it is none as a str; None for a blank line."""
    if len(line) > LINE_CAP:
        return TOO_LONG
    try:
        text = line.decode().removeprefix(BOM)
    except UnicodeDecodeError:
        return "binary data, no text" if b"\0" in line else "not valid UTF-8"
    if not text.strip():
        return None
    return parse_tweet_id(text)


class TextLines:
    """Reads whole lines, block after block, of one file."""

    file_format: FileFormat = "text"
    column: str | None = None
    is_within: bool = False

    def __init__(self, file: str) -> None:
        self._file = file
        self.n_lines = 0
        self._is_header_possible = True

    def read(self, lines: bytes) -> Chunk:
        """What the lines hold; each ends with a newline."""
        ids, is_id, starts, ends = read_ids(lines)
        if is_id.all():
            return self._clean(ids)
        is_empty = starts == ends
        n_blank = int(np.count_nonzero(is_empty))
        n_headers = n_comments = 0
        rejected: list[Rejected] = []
        n_before_ids = int(is_id.argmax()) if is_id.any() else len(is_id)
        for index in np.flatnonzero(~(is_id | is_empty)).tolist():
            line = lines[starts[index] : ends[index]]
            found = read_line(line)
            self._is_header_possible &= index < n_before_ids
            if isinstance(found, int):
                ids[index], is_id[index] = found, True
                self._is_header_possible = False
            elif found is None:
                n_blank += 1
            elif self._is_header_possible and _is_header(line):
                n_headers = 1
                self._is_header_possible = False
            elif self._is_header_possible and line.removeprefix(BOM_UTF8).startswith(b"#"):
                n_comments += 1
            else:
                rejected.append(Rejected(self._file, self.n_lines + index + 1, shown(line), found))
                self._is_header_possible = False
        first_line = self.n_lines
        self.n_lines += len(is_id)
        self._is_header_possible &= not is_id.any()
        return Chunk(
            ids[is_id],
            tuple(rejected),
            len(is_id),
            n_blank,
            n_headers + n_comments,
            0,
            None,
            lines=np.flatnonzero(is_id) + (first_line + 1),
        )

    def _clean(self, ids: Ids) -> Chunk:
        """What lines hold that are an ID each."""
        first_line = self.n_lines
        self.n_lines += len(ids)
        self._is_header_possible &= not len(ids)
        numbers = np.arange(first_line + 1, self.n_lines + 1, dtype=np.int64)
        return Chunk(ids, (), len(ids), 0, 0, 0, None, lines=numbers)

    def flush(self) -> Chunk:
        """Nothing is held back."""
        return NOTHING


def _is_header(line: bytes) -> bool:
    return header_name(line[:1000].decode("utf-8", "replace").removeprefix(BOM)) in HEADER_NAMES
