"""The samples that the repository comes with are what their README says."""

from pathlib import Path

from harvester.sources import find_sources, read_chunks

SAMPLES = Path(__file__).parents[2] / "input_samples"


def test_samples_hold_what_their_readme_says() -> None:
    chunks = list(read_chunks(find_sources([str(SAMPLES)])))
    ids = [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()]
    n_rejected = sum(len(chunk.rejected) for chunk in chunks)
    readme = (SAMPLES / "README.md").read_text()
    assert f"{len(ids):,} IDs, {len(set(ids)):,} distinct, and {n_rejected} rejected lines" in readme


def test_every_sample_is_in_their_readme() -> None:
    readme = (SAMPLES / "README.md").read_text()
    names = [Path(source.name).name for source in find_sources([str(SAMPLES)])]
    assert len(names) == 6
    assert all(f"`{name}`" in readme for name in names)
