"""Whether a file holds what the journal vouches for."""

from harvester.recorded.lines import Prefix, size_text
from harvester.verify.findings import Findings


def judge_prefix(prefix: Prefix, digest: bytes, findings: Findings, *, is_complete: bool) -> None:
    """Whether what was read is what the journal vouches for.

    What stands behind it was written and never committed; a run that is complete has nothing of the kind.
    """
    name = prefix.path.name
    n_behind = prefix.size_bytes - prefix.length_bytes
    if prefix.n_bytes < prefix.length_bytes:
        findings.add(
            name, f"the journal counts {prefix.length_bytes:,} bytes, the file has {prefix.n_bytes:,}"
        )
    elif prefix.length_bytes and prefix.digest != digest:
        findings.add(
            name, f"its first {prefix.length_bytes:,} bytes are not those that the journal vouches for"
        )
    if n_behind > 0 and is_complete:
        findings.add(name, f"{n_behind:,} bytes behind those that the journal vouches for")
    elif n_behind > 0:
        findings.notes.append(f"{name}: {size_text(n_behind)} uncommitted, the next run cuts them off")
