"""The benchmark: bench.py [--quick] [--only SECTION] [--json FILE]

Every figure is of runs that are checked: they end well, all IDs are accounted for, `harvester verify` agrees. A
server and what is measured share the machine; the server is the lighter one.
"""

import argparse
import json
import tempfile
from pathlib import Path

import cpu
import latency
import memory
import reading
import start
from measuring import Bench

SECTIONS = {"cpu": cpu, "latency": latency, "memory": memory, "start": start, "reading": reading}


def main() -> None:
    """Print the table as it is measured."""
    parser = argparse.ArgumentParser(description="Measure the harvester against the best that is possible.")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, nothing is judged: does it run at all?"
    )
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section; repeatable")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    arguments = parser.parse_args()
    found = []
    print("| figure | median | spread | goal |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), is_quick=arguments.quick)
        for name, section in SECTIONS.items():
            if arguments.only and name not in arguments.only:
                continue
            for figure in section.figures(bench):
                found.append(figure.to_dict(name, judge=not arguments.quick))
                print(figure.row(judge=not arguments.quick), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
