"""What a person reads of an inspection: files, damage, ages, what can be asked for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import EndpointName, metrics_of, needs_user_context
from harvester.engagement.windows import OLDEST_DAYS
from harvester.inspection.ages import Askable, Spread
from harvester.inspection.files import FileFacts, Owners, Reasons
from harvester.inspection.report import Inspection
from harvester.sources import Rejected

MOST_FILES: Final = 40
"""Of more, only the first and those with trouble are shown."""
FIRST_FILES: Final = 10
MOST_REASONS: Final = 12
UNBOUNDED: Final = 10_000
"""The width of a console on which every table has room."""
SHOWN_TEXT: Final = 60
ROUNDED: Final = (
    "with IDs that look rounded by a spreadsheet or JavaScript: they end in 00, where one in a hundred would by"
    " chance, or are written like 1.06E+18. Such are other tweets, or none, and a run refuses them. Export the IDs"
    " as text."
)
BAR: Final = 12
WIDE_BAR: Final = 24
WIDE_BARS_FROM: Final = 110
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def print_inspection(console: Console, found: Inspection) -> None:
    """All of it, on as many lines as it takes, none wider than the console."""
    console.print(_files(console, found))
    _say(console, _left_out(found))
    _say(console, _sums(found))
    _print_trouble(console, found)
    if found.owners is not None:
        _print_owners(console, found.owners)
    if found.spread.n_tweets:
        console.print()
        console.print(_histograms(console, found.spread))
        console.print()
        console.print(_askable(found.spread.askable()))
        _say(console, _remarks(found.spread))
    else:
        console.print("\nThere is no tweet ID in it.", style="yellow")


def _say(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(line, markup=False)


def _files(console: Console, found: Inspection) -> Table:
    """How a file was read stands beside its name if there is room for all of them, else below it."""
    wide = _file_table(found, is_wide=True)
    width = console.measure(wide, options=console.options.update(width=UNBOUNDED)).maximum
    return wide if width <= console.width else _file_table(found, is_wide=False)


def _file_table(found: Inspection, *, is_wide: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("file", "read as") if is_wide else ("file",):
        table.add_column(heading, overflow="fold")
    repeats = ("again in\nthis file", "in earlier\nfiles") if found.counts_repeats else ()
    for heading in ("lines", "IDs", *repeats, "no ID"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in _shown(found.files):
        name, how, marks = Text(safe(each.file)), Text(_read_as(each), style="dim"), _marks(each)
        if is_wide:
            told = [name, _joined(how, marks, ", ")]
        else:
            told = [_joined(_joined(name, how, "\n  "), marks, "\n  ")]
        table.add_row(*told, *_numbers(each, counts_repeats=found.counts_repeats))
    return table


def _numbers(each: FileFacts, *, counts_repeats: bool) -> list[Text]:
    repeats = map(_number, each.repeats) if counts_repeats else ()
    return [Text(f"{each.lines:,}"), Text(f"{each.ids:,}"), *repeats, _number(each.rejected, "yellow")]


def _joined(first: Text, second: Text, between: str) -> Text:
    return first + between + second if first and second else first or second


def _number(n: int, style: str = "") -> Text:
    return Text(f"{n:,}", style=style if n else "dim")


def _shown(files: Sequence[FileFacts]) -> list[FileFacts]:
    """The files that have a row: all, if they are not many."""
    if len(files) <= MOST_FILES:
        return list(files)
    troubled = [each for each in files[FIRST_FILES:] if _has_trouble(each)]
    return [*files[:FIRST_FILES], *troubled[: MOST_FILES - FIRST_FILES]]


def _has_trouble(each: FileFacts) -> bool:
    return bool(each.unreadable or each.rejected or each.looks_rounded or not each.ids)


def _left_out(found: Inspection) -> list[str]:
    shown = _shown(found.files)
    n_more = len(found.files) - len(shown)
    if not n_more:
        return []
    n_troubled = sum(map(_has_trouble, found.files)) - sum(map(_has_trouble, shown))
    what = f"{n_troubled:,} of them with lines that are no ID or other trouble" if n_troubled else "all sound"
    return [f"… and {n_more:,} more files, {what}; --json has them all"]


def _read_as(each: FileFacts) -> str:
    """As what a file was read, and what of it is neither an ID nor wrong."""
    if each.file_format is None:
        return "" if each.unreadable else "empty"
    parts: list[str] = [each.file_format]
    if each.compression:
        parts.append(each.compression)
    if each.column:
        parts.append(f"column {safe(each.column)}")
    if each.headers:
        parts.append("1 header" if each.headers == 1 else f"{each.headers:,} headers")
    if each.blank:
        parts.append(f"{each.blank:,} blank")
    return ", ".join(parts)


def _marks(each: FileFacts) -> Text:
    """What is wrong with a file as a whole."""
    marks = Text()
    if each.unreadable:
        marks.append(f"unreadable from {each.unreadable.line:,} on", style="red")
    if each.looks_rounded:
        between = ", " if marks else ""
        share = each.rounding.n_rounded / each.rounding.n_large
        marks.append(f"{between}{share:.0%} look rounded", style="yellow")
    return marks


def _sums(found: Inspection) -> list[str]:
    lines, ids = sum(each.lines for each in found.files), sum(each.ids for each in found.files)
    told = f"{_counted(ids, 'ID')} on {_counted(lines, 'line')} of {_counted(len(found.files), 'file')}"
    if found.counts_repeats:
        told += f": {found.spread.n_tweets:,} distinct, {ids - found.spread.n_tweets:,} repeated"
    return ["", told]


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _print_trouble(console: Console, found: Inspection) -> None:
    for each in _shown(found.files):
        if each.unreadable:
            place = f"{each.file}:{each.unreadable.line}: {each.unreadable.reason}"
            console.print(safe_text(place, "red"), overflow="fold")
    if n_rounded := sum(each.looks_rounded for each in found.files):
        console.print(f"{_counted(n_rounded, 'file')} {ROUNDED}", style="yellow")
    reasons = found.reasons
    if reasons.counts:
        console.print(f"\nNo tweet ID: {_counted(reasons.counts.total(), 'line')}", style="bold")
        console.print(_rejected(reasons))


def _rejected(reasons: Reasons) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for reason, n, examples in list(reasons)[:MOST_REASONS]:
        table.add_row(_number(n, "yellow"), safe_text(reason))
        for line in examples:
            table.add_row("", Padding(safe_text(_example(line), "dim"), (0, 0, 0, 2)))
    if (n_more := len(reasons.counts) - MOST_REASONS) > 0:
        table.add_row("", f"and {_counted(n_more, 'more reason')}; --json has them all")
    return table


def _example(line: Rejected) -> str:
    text = line.text if len(line.text) <= SHOWN_TEXT else line.text[: SHOWN_TEXT - 1] + "…"
    return f"{line.file}:{line.line}: '{text}'"


def _print_owners(console: Console, owners: Owners) -> None:
    n_named = owners.tweets.total() + owners.others
    more = "more than " if owners.others else ""
    console.print(f"\nTweets of {more}{_counted(len(owners.tweets), 'owner')}: {n_named:,}", style="bold")
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    largest = owners.largest()
    for name, n in largest:
        table.add_row(f"{n:,}", safe_text(name))
    if n_more := len(owners.tweets) - len(largest):
        table.add_row(f"{n_named - sum(n for _, n in largest):,}", f"of {more}{n_more:,} others")
    if owners.nameless:
        table.add_row(_number(owners.nameless, "yellow"), "without an owner")
    console.print(table)


def _histograms(console: Console, spread: Spread) -> Table:
    """Ages and years, side by side."""
    ages = {band.name: band.tweets for band in spread.bands()}
    years = {str(year): n for year, n in spread.years().items()}
    width = WIDE_BAR if console.width >= WIDE_BARS_FROM else BAR
    is_ascii = console.options.ascii_only
    side_by_side = Table.grid(padding=(0, 3))
    side_by_side.add_row(
        _histogram("age", ages, width, is_ascii=is_ascii),
        _histogram("year", years, width, is_ascii=is_ascii) if years else "",
    )
    return side_by_side


def _histogram(what: str, tweets: Mapping[str, int], width: int, *, is_ascii: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(what, no_wrap=True)
    table.add_column("tweets", justify="right", no_wrap=True)
    table.add_column("", width=width, no_wrap=True)
    most = max(tweets.values())
    for name, n in tweets.items():
        table.add_row(name, _number(n), Text(bar(n / most, width, is_ascii=is_ascii), style="cyan"))
    return table


def bar(share: float, width: int, *, is_ascii: bool = False) -> str:
    """A bar of block characters, at most so wide. What is more than nothing is seen."""
    if is_ascii:
        return "#" * max(round(share * width), share > 0)
    eighths = max(round(share * width * 8), share > 0)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _askable(endpoints: Mapping[EndpointName, Mapping[str, Askable]]) -> Table:
    """For how many tweets each metric can be asked; endpoints that answer alike are in one row."""
    table = Table(box=None, pad_edge=False)
    table.add_column("endpoint", overflow="fold")
    table.add_column("metrics", overflow="fold")
    for heading in ("can be asked", "too old"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("older than", no_wrap=True)
    alike: dict[tuple[tuple[str, Askable], ...], list[str]] = {}
    for name, metrics in endpoints.items():
        alike.setdefault(tuple(metrics.items()), []).append(name)
    for answers, names in alike.items():
        first = ", ".join(names)
        for found, metrics_alike in _by_limit(answers).items():
            over = "" if found.limit_days is None else f"{found.limit_days:,} days"
            table.add_row(first, metrics_alike, f"{found.tweets:,}", _number(found.too_old), over)
            first = ""
    return table


def _by_limit(answers: Iterable[tuple[str, Askable]]) -> dict[Askable, str]:
    """The metrics that are counted alike, those with a limit first."""
    found: dict[Askable, list[str]] = {}
    for metric, answer in answers:
        found.setdefault(answer, []).append(metric)
    limited = {answer: ", ".join(names) for answer, names in found.items() if answer.limit_days is not None}
    return {**limited, **{answer: "all others" for answer in found if answer not in limited}}


def _remarks(spread: Spread) -> list[str]:
    private = [name for name in metrics_of("totals", user_context=True) if needs_user_context(name, "totals")]
    private += [name for name in ENDPOINTS if not metrics_of(name, user_context=False)]
    return [
        f"{', '.join(private)} need the owner's access token.",
        f"historical goes {OLDEST_DAYS} days back: {_counted(spread.within_reach(), 'tweet')} no older than that.",
        "`harvester plan` says how many requests all of it takes.",
    ]


def safe(text: str) -> str:
    """A text without a character that a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def safe_text(text: str, style: str = "") -> Text:
    """The same, and no markup either."""
    return Text(safe(text), style=style)
