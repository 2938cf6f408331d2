"""The events of OpenLineage: that a run has begun and how it has ended, what it read and what it wrote.

They go where the client's own configuration says (OPENLINEAGE_URL, OPENLINEAGE_CONFIG, openlineage.yml), from a
thread of their own. The client is imported there: it takes longer than a run to its first request.
"""

import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from harvester.errors import ExitCode, UsageError
from harvester.notices.courier import Courier
from harvester.notices.notices import Begun, Moment
from harvester.rundir.names import records_name
from harvester.sources import STDIN, printable_name
from harvester.version import __version__

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

PRODUCER: Final = f"urn:harvester:{__version__}"
WITHIN_S: Final = 3.0
"""So long the end of a run waits for its events to be delivered."""
MOST_INPUTS: Final = 1_000
"""Of a run over more files, the others are left out: an event is one request."""
_FILES: Final = "file"
_STATES: Final = {
    ExitCode.OK: "COMPLETE",
    ExitCode.INTERRUPTED: "ABORT",
    ExitCode.TERMINATED: "ABORT",
}


def wants_lineage(environ: Mapping[str, str]) -> bool:
    """Whether OpenLineage is configured, in any of the ways that its client knows."""
    if environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    if environ.get("OPENLINEAGE_URL") or any(name.startswith("OPENLINEAGE__TRANSPORT") for name in environ):
        return True
    files = (
        environ.get("OPENLINEAGE_CONFIG"),
        "openlineage.yml",
        Path.home() / ".openlineage/openlineage.yml",
    )
    return any(file and Path(file).is_file() for file in files)


def dataset_name(name: str) -> tuple[str, str]:
    """Namespace and name of a file or an object. Source: OpenLineage, Naming Conventions."""
    parts = urlsplit(name)
    if "://" in name and parts.netloc:
        return f"{parts.scheme}://{parts.netloc}", parts.path.strip("/") or "/"
    return _FILES, STDIN if name == STDIN else printable_name(Path(name).absolute())


class Lineage:
    """Sends the events of a run. A resumed run has the same run ID, which is that of its `run.json`."""

    name = "OpenLineage"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._namespace = environ.get("OPENLINEAGE_NAMESPACE") or "default"
        self._parent = environ.get("OPENLINEAGE_PARENT_ID")
        self._job = environ.get("OPENLINEAGE_JOB_NAME")
        self._courier: Courier | None = None
        self._client: Any = None

    def begin(self, moment: Moment) -> None:
        """Send START."""
        self._courier = Courier(self.name)
        self._courier.send(partial(self._send, "START", moment))

    def go_on(self, moment: Moment) -> None:
        """Nothing is sent."""

    def end(self, moment: Moment) -> None:
        """Send COMPLETE, ABORT for a signal, or FAIL, also with dead letters; if START was sent."""
        if self._courier and moment.exit_code is not None:
            self._courier.send(partial(self._send, _STATES.get(moment.exit_code, "FAIL"), moment))
            self._courier.finish(WITHIN_S)

    def _send(self, state: str, moment: Moment) -> None:
        if self._client is None:
            self._client = _new_client()
        if moment.begun:
            self._client.emit(self._event(state, moment, moment.begun))

    def _event(self, state: str, moment: Moment, begun: Begun) -> "RunEvent":
        from openlineage.client import event_v2 as event  # noqa: PLC0415  # see above

        job = self._job or f"harvester.{printable_name(begun.folder.absolute().name)}"
        return event.RunEvent(
            eventTime=datetime.fromtimestamp(moment.at_s, UTC).isoformat(timespec="milliseconds"),
            producer=PRODUCER,
            eventType=event.RunState[state],
            run=event.Run(str(UUID(hex=begun.run_id)), facets=self._run_facets(moment)),
            job=event.Job(self._namespace, job, facets=_job_facets()),
            inputs=[event.InputDataset(*dataset_name(name)) for name in begun.inputs[:MOST_INPUTS]],
            outputs=_outputs(moment, begun),
        )

    def _run_facets(self, moment: Moment) -> dict[str, Any]:
        from openlineage.client.facet_v2 import (  # noqa: PLC0415  # see above
            error_message_run,
            parent_run,
            processing_engine_run,
        )

        engine = processing_engine_run.ProcessingEngineRunFacet(
            version=__version__, name="harvester", producer=PRODUCER
        )
        facets: dict[str, Any] = {"processing_engine": engine}
        if self._parent:
            namespace, job, run_id = self._parent.rsplit("/", 2)
            facets["parent"] = parent_run.ParentRunFacet(
                parent_run.Run(run_id), parent_run.Job(namespace, job), producer=PRODUCER
            )
        if why := _why(moment):
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(why, "Python", producer=PRODUCER)
        return facets


def _why(moment: Moment) -> str | None:
    """Why a run has not come to its end, None if it has."""
    if moment.error:
        return moment.error
    if moment.exit_code in (None, ExitCode.OK):
        return None
    return f"exit code {moment.exit_code:d}"


def _job_facets() -> dict[str, Any]:
    from openlineage.client.facet_v2 import job_type_job  # noqa: PLC0415  # see above

    kind = job_type_job.JobTypeJobFacet("BATCH", "HARVESTER", jobType="JOB", producer=PRODUCER)
    return {"jobType": kind}


def _outputs(moment: Moment, begun: Begun) -> list[Any]:
    """The record files, when the run has ended with the number of their rows and bytes."""
    from openlineage.client import event_v2 as event  # noqa: PLC0415  # see above
    from openlineage.client.facet_v2 import output_statistics_output_dataset  # noqa: PLC0415  # the same

    outputs = []
    for endpoint, facts in moment.facts.items():
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=facts.records, size=facts.records_bytes, fileCount=1, producer=PRODUCER
        )
        facets: dict[str, Any] = {} if moment.exit_code is None else {"outputStatistics": statistics}
        name = dataset_name(os.fspath(begun.folder / records_name(endpoint)))
        outputs.append(event.OutputDataset(*name, outputFacets=facets))
    return outputs


def _new_client() -> Any:
    """Raises UsageError without the extra."""
    try:
        from openlineage.client import OpenLineageClient  # noqa: PLC0415  # see above
    except ImportError:
        raise UsageError(
            "it is configured, and its client is not installed: pip install 'harvester[lineage]'"
        ) from None
    # One line of our own says that events are lost, not one for each try.
    for noisy in ("urllib3", "openlineage"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    return OpenLineageClient()
