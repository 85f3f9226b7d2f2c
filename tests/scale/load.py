"""One ingest in a process of its own: python -m tests.scale.load MADE FOLDER FILE ….

It prints JSON: events added, seconds of ingest and of publish, and the process's largest memory.
"""

import json
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

from data.extract.ingest import ingest
from data.extract.mapping import read_mapping
from data.extract.publish import publish
from data.metering.catalogue import read_catalogue
from tests.scale.fleet import YEAR

NOW = datetime(YEAR + 1, 1, 2)


def main(made: Path, folder: Path, files: list[Path]) -> None:
    mapping, catalogue = (
        read_mapping(made / "mapping.json"),
        read_catalogue(made / "catalogue.json"),
    )
    started = time.perf_counter()
    done = ingest(files, mapping, catalogue, folder, NOW)
    ingested = time.perf_counter()
    publish(folder)
    told = {
        "added": done.added,
        "rejected": done.rejected,
        "ingest": ingested - started,
        "publish": time.perf_counter() - ingested,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    made, folder, *files = map(Path, sys.argv[1:])
    main(made, folder, files)
