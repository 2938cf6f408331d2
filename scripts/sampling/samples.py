"""The samples, one for each format: samples.py FOLDER

Those that are GIVEN stay as they are; all others are made, the same each time. Prints how many IDs are in each,
and in all of them together: what the README there tells.
"""

import bz2
import io
import json
import lzma
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tweets import LANGUAGES, activity, archived, created, page_v2, text_of, v1_1

from harvester.engagement.tweet_id import first_id_at
from harvester.simulator.population import make_ids
from harvester.sources import find_sources, read_chunks
from harvester.sources.layers.zstandard import zstd

NOW_MS = 1_795_132_800_000
"""2026-11-20, UTC: no sample is younger."""
SEED = 8
SAMPLES_FOLDER = Path(__file__).parents[2] / "input_samples"
GIVEN = ("dirty.txt", "export.csv", "export_no_header.tsv", "ids.txt", "ids.txt.gz", "with_header.txt")
REPEATED = 2
"""So many IDs of each file are in ids.txt, too."""


def lines(ids: list[int]) -> bytes:
    """One ID a line."""
    return "".join(f"{tweet_id}\n" for tweet_id in ids).encode()


def json_lines(documents: list[object]) -> bytes:
    """One document a line, as the APIs write them."""
    return "".join(json.dumps(document, separators=(",", ":")) + "\n" for document in documents).encode()


def semicolons(ids: list[int], _others: Iterator[int]) -> bytes:
    """As spreadsheets write CSV where the comma is the decimal point. Notes hold separators, quotes, line ends."""
    rows = ["Number;Score;Status ID;Note"]
    for number, tweet_id in enumerate(ids):
        note = ('"a; b"', '"she said ""no"""', '"two\r\nlines"', "plain")[number % 4]
        rows.append(f"{number};{number % 7},{number % 10};{tweet_id};{note}")
    return ("\r\n".join(rows) + "\r\n").encode("utf-8-sig")


def unicode_text(ids: list[int], _others: Iterator[int]) -> bytes:
    """Excel's "Unicode text"."""
    return ("tweet_id\r\n" + "".join(f"{tweet_id}\r\n" for tweet_id in ids)).encode("utf-16")


def links(ids: list[int], _others: Iterator[int]) -> bytes:
    """Links to tweets, as people copy them."""
    forms = (
        "https://x.com/i/status/{}",
        "https://twitter.com/sample_account/status/{}",
        "https://x.com/sample_account/status/{}?s=20",
        "https://mobile.twitter.com/i/web/status/{}",
    )
    return "".join(forms[number % 4].format(tweet_id) + "\n" for number, tweet_id in enumerate(ids)).encode()


def tweets_v1_1(ids: list[int], others: Iterator[int]) -> bytes:
    """One tweet a line."""
    return json_lines([v1_1(tweet_id, others) for tweet_id in ids])


def pages_v2(ids: list[int], others: Iterator[int]) -> bytes:
    """One page a line."""
    pages = [ids[begin : begin + 10] for begin in range(0, len(ids), 10)]
    tokens = [f"sample{number}" for number in range(1, len(pages))]
    return json_lines(
        [page_v2(page, others, token) for page, token in zip(pages, [*tokens, None], strict=True)]
    )


def powertrack(ids: list[int], others: Iterator[int]) -> bytes:
    """Historical PowerTrack: one activity a line, at last what was sent."""
    info = {
        "message": "Replay Request Completed",
        "sent": "2026-11-20T00:00:00+00:00",
        "activity_count": len(ids),
    }
    return json_lines([*(activity(tweet_id, others) for tweet_id in ids), {"info": info}])


def search(ids: list[int], others: Iterator[int]) -> bytes:
    """A document of the search API, written for people."""
    parameters = {"maxResults": "100", "fromDate": "202609010000", "toDate": "202611200000"}
    results = [v1_1(tweet_id, others) for tweet_id in ids]
    document = {"results": results, "next": "sample", "requestParameters": parameters}
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def statuses(ids: list[int], others: Iterator[int]) -> bytes:
    """A document of v1.1's search; what tells of it holds tweet IDs, too."""
    metadata = {"count": len(ids), "max_id": max(ids), "max_id_str": str(max(ids)), "since_id_str": "0"}
    document = {"statuses": [v1_1(tweet_id, others) for tweet_id in ids], "search_metadata": metadata}
    return json.dumps(document).encode()


def timeline(ids: list[int], others: Iterator[int]) -> bytes:
    """A bare array, as v1.1's lookups and timelines are."""
    return json.dumps([v1_1(tweet_id, others) for tweet_id in ids], separators=(",", ":")).encode()


def archive(ids: list[int], _others: Iterator[int]) -> bytes:
    """The account archive's JavaScript."""
    tweets = json.dumps([archived(tweet_id) for tweet_id in ids], indent=2, ensure_ascii=False)
    return f"window.YTD.tweets.part0 = {tweets}".encode()


def records(ids: list[int], _others: Iterator[int]) -> bytes:
    """What a run writes."""
    return json_lines(
        [
            {
                "tweet_id": str(tweet_id),
                "status": "ok",
                "created_at": created(tweet_id).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "metrics": {"favorites": tweet_id % 11, "retweets": tweet_id % 5},
                "unsupported": ["impressions"],
                "retrieved_at": "2026-11-20T00:00:00Z",
            }
            for tweet_id in ids
        ]
    )


def dead_letters(ids: list[int], _others: Iterator[int]) -> bytes:
    """What a run gave up."""
    return json_lines(
        [
            {
                "tweet_id": str(tweet_id),
                "endpoint": "totals",
                "metrics": ["favorites", "retweets"],
                "access": "bearer",
                "reason": "server_error",
                "error": "503 Service Unavailable",
                "attempts": 6,
            }
            for tweet_id in ids
        ]
    )


def parquet(ids: list[int], _others: Iterator[int]) -> bytes:
    """Numbers beside other columns, in several row groups."""
    table = pa.table(
        {
            "row": pa.array(range(len(ids)), pa.int32()),
            "tweet_id": pa.array(ids, pa.int64()),
            "lang": pa.array([LANGUAGES[tweet_id % 5] for tweet_id in ids]).dictionary_encode(),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=50, compression="zstd")
    return out.getvalue()


def feather(ids: list[int], _others: Iterator[int]) -> bytes:
    """Strings, beside an array and a text, in several record batches."""
    table = pa.table(
        {
            "text": [text_of(tweet_id) for tweet_id in ids],
            "id_str": [str(tweet_id) for tweet_id in ids],
            "hashtags": pa.array([[] for _ in ids], pa.list_(pa.string())),
        }
    )
    out = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(out, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=30)
    return out.getvalue()


def arrow_stream(ids: list[int], _others: Iterator[int]) -> bytes:
    """A stream of structs; no column has a usual name."""
    table = pa.table({"tweet": pa.array([{"id": tweet_id, "lang": "en"} for tweet_id in ids])})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=20)
    return out.getvalue()


def zipped(ids: list[int], _others: Iterator[int]) -> bytes:
    """A text, and a table in a folder."""
    half = len(ids) // 2
    table = "id,lang\n" + "".join(f"{tweet_id},en\n" for tweet_id in ids[half:])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as members:
        for name, content in (("ids.txt", lines(ids[:half])), ("older/export.csv", table.encode())):
            members.writestr(zipfile.ZipInfo(name, (2026, 11, 20, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


Make = Callable[[list[int], Iterator[int]], bytes]
SAMPLES: dict[str, tuple[int, Make]] = {
    "semicolons.csv": (100, semicolons),
    "unicode.txt": (60, unicode_text),
    "links.txt": (40, links),
    "ids.txt.bz2": (120, lambda ids, _: bz2.compress(lines(ids))),
    "ids.txt.xz": (120, lambda ids, _: lzma.compress(lines(ids))),
    "ids.txt.zst": (120, lambda ids, _: zstd.compress(lines(ids))),
    "two_members.zip": (80, zipped),
    "tweets_v1.ndjson": (24, tweets_v1_1),
    "pages_v2.ndjson": (50, pages_v2),
    "powertrack.ndjson": (24, powertrack),
    "search.json": (16, search),
    "statuses.json": (10, statuses),
    "timeline.json": (12, timeline),
    "tweets.js": (20, archive),
    "records.ndjson": (40, records),
    "records.failed.ndjson": (12, dead_letters),
    "export.parquet": (150, parquet),
    "export.feather": (90, feather),
    "stream.arrows": (60, arrow_stream),
}


def main(folder: Path) -> None:
    """Write the samples and print what is in them."""
    given = given_ids()
    n_fresh = sum(n - REPEATED for n, _ in SAMPLES.values())
    fresh = iter(make_ids(n_fresh, SEED, NOW_MS).tolist())
    others = iter(
        [tweet_id for tweet_id in make_ids(500, SEED + 1, NOW_MS).tolist() if tweet_id >= first_id_at(0)]
    )
    repeated = iter(given["ids.txt"])
    found = dict(given)
    for name, (n_ids, make) in SAMPLES.items():
        ids = [next(fresh) for _ in range(n_ids - REPEATED)]
        ids[3:3] = [next(repeated) for _ in range(REPEATED)]
        (folder / name).write_bytes(make(ids, others))
        found[name] = ids
    everything = [tweet_id for ids in found.values() for tweet_id in ids]
    for name, ids in found.items():
        print(f"{len(ids):5,} {name}")
    print(f"Together {len(everything):,} IDs, {len(set(everything)):,} distinct")


def given_ids() -> dict[str, list[int]]:
    """What is in the samples that are not made here."""
    return {
        name: [
            i for chunk in read_chunks(find_sources([str(SAMPLES_FOLDER / name)])) for i in chunk.ids.tolist()
        ]
        for name in GIVEN
    }


main(Path(sys.argv[1]))
