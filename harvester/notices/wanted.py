"""Who wants to hear of a run."""

from collections.abc import Mapping
from pathlib import Path

from harvester.notices.lineage import Lineage, wants_lineage
from harvester.notices.notices import Listener, Notices
from harvester.notices.pipes import CONTEXT, Pipes


def notices_of(out: Path, metrics_file: Path | None, environ: Mapping[str, str]) -> Notices:
    """The notices of a run into a directory. What nobody wants is not imported."""
    listeners: list[Listener] = []
    if metrics_file:
        from harvester.notices.metrics_file import MetricsFile  # noqa: PLC0415  # see above

        listeners.append(MetricsFile(metrics_file, out))
    if wants_lineage(environ):
        listeners.append(Lineage(environ))
    if environ.get(CONTEXT):
        listeners.append(Pipes())
    return Notices(listeners)
