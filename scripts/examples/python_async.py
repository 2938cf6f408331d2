"""Records as they come: python_async.py RUN_DIR ID…"""

import asyncio
import sys

import harvester


async def main(out: str, ids: list[str]) -> None:
    """Say what each tweet has."""
    try:
        async with harvester.harvest(ids, out=out, metrics=["favorites", "retweets"]) as records:
            async for record in records:
                print(record.tweet_id, record.status, record.metrics)
    except harvester.HarvesterError as error:
        print(error.message, error.hint or "", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
