"""Writing what is derived when all is harvested: summary, top tweets, report, and `_SUCCESS` last of all.

The report is a view: neither the journal nor `_SUCCESS` vouches for it, so that it may be made anew at any time.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any, Final

from harvester.engagement.windows import utc_text
from harvester.errors import ExitCode, HarvesterError
from harvester.questions import recall
from harvester.recorded.run import Asked, recorded_run
from harvester.report.summary import EndpointResult, make_summary, make_top_tweets_csv
from harvester.rundir.directory import RunDirectory
from harvester.rundir.files import NEVER, Stopped, write_derived
from harvester.rundir.names import REPORT, SUMMARY, TOP_TWEETS, dead_letters_name

SCHEMA: Final = 1

log = logging.getLogger("harvester")


def total_of(results: Sequence[EndpointResult], n_rejected: int) -> Counter[str]:
    """Tweets of all endpoints by what became of them, and rejected lines."""
    total: Counter[str] = Counter()
    for result in results:
        total.update(result.counts())
    total["rejected"] = n_rejected
    return total


def write_results(
    directory: RunDirectory,
    results: Sequence[EndpointResult],
    input_counts: Mapping[str, Any],
    now_s: float,
    about: Mapping[str, object],
    *,
    has_report: bool = False,
    stop: Event = NEVER,
) -> ExitCode:
    """Write them; gives how the run ends. A kill in here costs nothing: the next run writes all of it again.

    now_s: seconds since 1970. about: more of the run as a whole, for the summary. has_report: whether the report
    is wanted; while that is made, stop ends it with Stopped.
    """
    total = total_of(results, input_counts["rejected"])
    is_whole = not total["failed"] and not input_counts["unreadable"]
    exit_code = ExitCode.OK if is_whole else ExitCode.INCOMPLETE
    manifest, finished_at = directory.manifest, utc_text(int(now_s))
    summary = make_summary(
        results,
        input_counts,
        run_id=manifest.run_id,
        sample=manifest.is_sample,
        finished_at=finished_at,
        exit=int(exit_code),
        **about,
    )
    directory.end_input()
    write_derived(directory.path / TOP_TWEETS, make_top_tweets_csv(results))
    directory.write_json(SUMMARY, summary)
    derived = (SUMMARY, TOP_TWEETS, *(dead_letters_name(result.name) for result in results))
    directory.commit_derived(derived)
    if has_report:
        _write_report(directory, stop, is_complete=exit_code is ExitCode.OK)
    if exit_code is ExitCode.OK:
        document = {
            "schema": SCHEMA,
            "run_id": manifest.run_id,
            "finished_at": finished_at,
            "counts": {result.name: result.counts() for result in results},
            "total": total,
        }
        directory.write_success(document, derived)
    return exit_code


def _write_report(directory: RunDirectory, stop: Event, *, is_complete: bool) -> None:
    """Write the report of a run that has come to its end, as it will be when all is written.

    A harvest is whole without its picture: where that cannot be drawn, for whatever unforeseen reason, a warning
    says so, and the run ends as it would.
    """
    # It takes a third of a second to import what draws.
    from harvester.report.run_page import make_page  # noqa: PLC0415

    manifest, path = directory.manifest, directory.path
    asked = Asked(path, manifest, recall(manifest.options, manifest.started_ms, path))
    run = recorded_run(asked, "complete" if is_complete else "incomplete", directory.journal)
    try:
        page = make_page(run, stop)
    except (HarvesterError, Stopped):
        raise
    except Exception as exc:
        log.warning("%s cannot be drawn: %s: %s", REPORT, type(exc).__name__, exc)
        log.debug("how that came", exc_info=exc)
        return
    write_derived(path / REPORT, page)
