"""The picture of a run's progress, as rows of styled text that fit a terminal of any size. Pure.

What matters least goes first where room is short: the top tweets, then the figures, then the bars. What is waited
for always stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from harvester.cli.seen import EndpointSeen, Seen
from harvester.cli.words import (
    done_variants,
    duration,
    estimated_total,
    figures_in_words,
    percent,
    share_done,
    wait_variants,
)
from harvester.pipeline.endpoint_run import Snapshot
from harvester.report.summary import TWEET_URL
from harvester.transport.gate import RequestCounts

LEAST_BAR: Final = 8
MOST_BAR: Final = 60
NARROW: Final = 70
INDENT: Final = "  "
FULL, EMPTY, DOT = "━", "─", " · "

Piece = tuple[str, str]
"""Text, and its style: "" or a name that `screen` knows."""
Row = tuple[Piece, ...]


def picture(seen: Seen, width: int, height: int) -> list[Row]:
    """The rows, at most height of them and none wider than width."""
    rows = [*_stopping(seen, width), *_merged(seen, width)]
    for larger in _from_large_to_small(seen, width, height):
        if len(larger) <= height:
            rows = larger
            break
    return [cut(row, width) for row in rows[:height]]


def last_picture(seen: Seen, width: int, height: int) -> list[Row]:
    """What is left standing at the end: no waits, and no top tweets, for those are in the tables."""
    return [cut(row, width) for row in _headers(seen, width)[:height]]


def cut(row: Row, width: int) -> Row:
    """The row, or as much of its text as fits a terminal that is too narrow for anything."""
    if sum(len(text) for text, _ in row) <= width:
        return row
    return (("".join(text for text, _ in row)[:width], ""),)


def _from_large_to_small(seen: Seen, width: int, height: int) -> Iterator[list[Row]]:
    stopping, headers, ones = _stopping(seen, width), _headers(seen, width), seen.endpoints
    overall, own = headers[: -len(ones)], headers[-len(ones) :]
    waits = [_wait(one, seen, width) for one in ones]
    figures = [_figures(one, seen, width) for one in ones]
    rows = [
        row for block in zip(own, waits, figures, strict=True) for part in block for row in _as_rows(part)
    ]
    most = [*stopping, *overall, *rows]
    yield [*most, *_tops(seen, width, height - len(most))]
    yield most
    rows = [row for block in zip(own, waits, strict=True) for part in block for row in _as_rows(part)]
    yield [*stopping, *overall, *rows]
    yield [*stopping, *rows]


def _as_rows(part: Row | list[Row]) -> list[Row]:
    return part if isinstance(part, list) else [part]


def _stopping(seen: Seen, width: int) -> list[Row]:
    if seen.drain_s is None:
        return []
    left = duration(seen.drain_s)
    variants = (
        f"stopping: requests in flight have {left} to finish; Ctrl-C again leaves at once",
        f"stopping, within {left}; Ctrl-C again: at once",
        f"stopping, within {left}",
    )
    return [((_fitting(variants, width), "bold yellow"),)]


def _headers(seen: Seen, width: int) -> list[Row]:
    """A bar for each endpoint, and before them one for all where there are several; in columns."""
    ones = list(seen.endpoints)
    if len(ones) > 1:
        ones.insert(0, EndpointSeen(_all_of(seen), ones[0].pace, seen.left_s))
    names = [one.snapshot.endpoint for one in ones] if len(ones) > 1 else [""]
    n_name = max(map(len, names))
    room = width - n_name - (1 if n_name else 0)
    texts = _texts(ones, room - LEAST_BAR - 1) or _texts(ones, room) or [""] * len(ones)
    n_text = max(map(len, texts))
    n_bar = min(room - n_text - 1, MOST_BAR)
    return [
        _header(one, name.ljust(n_name), text.rjust(n_text), n_bar)
        for one, name, text in zip(ones, names, texts, strict=True)
    ]


def _header(one: EndpointSeen, name: str, text: str, n_bar: int) -> Row:
    row: list[Piece] = [(f"{name} ", "bold")] if name else []
    if n_bar >= LEAST_BAR:
        n_full = round((share_done(one.snapshot) or 0.0) * n_bar)
        style = "yellow" if one.snapshot.wait else "green" if one.snapshot.is_done else "cyan"
        row += [(FULL * n_full, style), (EMPTY * (n_bar - n_full), "dim"), (" ", "")]
    return (*row, (text, ""))


def _texts(ones: Sequence[EndpointSeen], room: int) -> list[str] | None:
    """What stands beside the bars, in the longest form in which each fits; None where none does."""
    for has_left in (True, False):
        for place in range(4):
            texts = [_text(one, place, has_left=has_left) for one in ones]
            if max(map(len, texts)) <= room:
                return texts
    return None


def _text(one: EndpointSeen, place: int, *, has_left: bool) -> str:
    variants = done_variants(one.snapshot)
    text = variants[min(place, len(variants) - 1)]
    if one.left_s is not None and has_left:
        text += f"{DOT}{duration(one.left_s)} left"
    return text


def _all_of(seen: Seen) -> Snapshot:
    """All endpoints as if they were one."""
    snapshots = [one.snapshot for one in seen.endpoints]
    totals = [snapshot.n_total for snapshot in snapshots]
    estimates = [estimated_total(snapshot) for snapshot in snapshots]
    n_planned = sum(snapshot.n_planned for snapshot in snapshots)
    n_all = None if None in estimates else sum(n or 0 for n in estimates)
    return replace(
        snapshots[0],
        endpoint="all",
        n_settled=sum(snapshot.n_settled for snapshot in snapshots),
        n_total=None if None in totals else sum(n or 0 for n in totals),
        fraction_read=n_planned / n_all if n_all else None,
        n_planned=n_planned,
        requests=RequestCounts(),
        wait=None,
        top=None,
        is_done=all(snapshot.is_done for snapshot in snapshots),
    )


def _wait(one: EndpointSeen, seen: Seen, width: int) -> list[Row]:
    variants = wait_variants(one.snapshot, seen.wall_s)
    room = width - len(INDENT)
    return [((INDENT, ""), (_fitting(variants, room), "yellow"))] if variants else []


def _figures(one: EndpointSeen, seen: Seen, width: int) -> Row:
    words = figures_in_words(one.snapshot, one.pace)
    words[-2:-2] = [f"{duration(seen.elapsed_s)} elapsed"]
    if width < NARROW:
        done = next((text for text in done_variants(one.snapshot)[1:] if len(text) <= width / 2), "")
        words = [*([done] if done else []), *(word.replace(" requests/", "/") for word in words)]
    return ((INDENT, ""), (_joined(words, width - len(INDENT)), "dim" if one.snapshot.is_done else ""))


def _joined(words: Sequence[str], room: int) -> str:
    """As many of them as fit."""
    text = ""
    for word in words:
        longer = f"{text}{DOT}{word}" if text else word
        if len(longer) <= room:
            text = longer
    return text


def _tops(seen: Seen, width: int, room: int) -> list[Row]:
    """The best tweets of each endpoint, as many as there is room for; none where that is not one of each."""
    tops = [(one.snapshot.endpoint, one.snapshot.top) for one in seen.endpoints if one.snapshot.top]
    n_each = room // len(tops) - 1 if tops else 0
    if n_each < 1:
        return []
    rows: list[Row] = []
    for name, top in tops:
        title = f"top {top.metric}" if len(seen.endpoints) == 1 else f"{name}: top {top.metric}"
        rows.append(((title[:width], "bold"),))
        n_value = max(len(f"{value:,}") for value, _ in top.tweets)
        for value, tweet_id in top.tweets[:n_each]:
            number = f"{INDENT}{value:,}".rjust(n_value + len(INDENT))
            variants = (f"{number}  {TWEET_URL}{tweet_id}", f"{number}  {tweet_id}")
            rows.append(((_fitting(variants, width), "dim"),))
    return rows


def _merged(seen: Seen, width: int) -> list[Row]:
    """One row for each endpoint: how far it is and what it waits for, those that wait first."""
    rows: list[Row] = []
    for one in sorted(seen.endpoints, key=lambda one: one.snapshot.wait is None):
        share = share_done(one.snapshot)
        done = percent(share) if share is not None else f"{one.snapshot.n_settled:,}"
        begin = f"{one.snapshot.endpoint} {done}"
        waits = wait_variants(one.snapshot, seen.wall_s)
        short = [f"{one.snapshot.endpoint} {wait}" for wait in waits[-1:]]
        variants = [*(f"{begin} {wait}" for wait in waits), *short] or [begin]
        rows.append(((_fitting(variants, width), "yellow" if waits else ""),))
    return rows


def _fitting(variants: Sequence[str], room: int) -> str:
    """The first one that fits, or the beginning of the last one."""
    return next((text for text in variants if len(text) <= room), variants[-1][: max(room, 0)])
