"""Dagster Pipes: what a run came to, as metadata of the asset that Dagster makes by it.

Dagster sets DAGSTER_PIPES_CONTEXT for the processes that it starts. What a run did not come to its end with is
reported as well, but materializes nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from harvester.errors import ExitCode, UsageError
from harvester.notices.notices import Moment
from harvester.sources import printable_name

CONTEXT: Final = "DAGSTER_PIPES_CONTEXT"


def metadata_of(moment: Moment) -> dict[str, Any]:
    """What is told of a run: its directory, ID and exit code, and tweets by what became of them, by endpoint."""
    told: dict[str, Any] = {}
    if moment.begun:
        path = {"raw_value": printable_name(moment.begun.folder.absolute()), "type": "path"}
        told = {"run_dir": path, "run_id": moment.begun.run_id}
    for endpoint, facts in moment.facts.items():
        told |= {f"{endpoint}/{status}": n for status, n in facts.tweets.items()}
        told |= {
            f"{endpoint}/failed": facts.dead_letters,
            f"{endpoint}/requests": sum(facts.requests.values()),
        }
    if moment.facts:
        told["dagster/row_count"] = sum(facts.records for facts in moment.facts.values())
    return {**told, "exit_code": int(moment.exit_code or 0)}


class Pipes:
    """Reports to Dagster at the end of a run."""

    name = "Dagster Pipes"

    def begin(self, moment: Moment) -> None:
        """Nothing is reported."""

    def go_on(self, moment: Moment) -> None:
        """Nothing is reported."""

    def end(self, moment: Moment) -> None:
        """Report the counts. Raises UsageError without the extra, and whatever dagster-pipes does."""
        try:
            from dagster_pipes import open_dagster_pipes  # noqa: PLC0415  # only if Dagster has started us
        except ImportError:
            raise UsageError(
                "Dagster listens, and dagster-pipes is not installed", "pip install 'harvester[dagster]'"
            ) from None
        with open_dagster_pipes() as pipes:
            _report(pipes, metadata_of(moment), moment)


def _report(pipes: Any, metadata: Mapping[str, Any], moment: Moment) -> None:
    if moment.exit_code is not ExitCode.OK:
        pipes.log.warning(
            "harvester has ended with exit code %d: %s", metadata["exit_code"], moment.error or ""
        )
        pipes.report_custom_message(metadata)
    elif pipes.is_asset_step:
        for key in pipes.asset_keys:
            pipes.report_asset_materialization(metadata, asset_key=key)
    else:
        pipes.report_custom_message(metadata)
