"""The log of a training run."""

from __future__ import annotations

import json
from pathlib import Path

from astroloc_qgis.engine.training import records


def test_the_log_goes_on_where_it_was(tmp_path: Path) -> None:
    for step in (1, 2):
        with records.Records(tmp_path) as log:
            log.write({"step": step, "loss": 1.5, "validation": {"overlap": {"1": 3.0}}})
    assert [json.loads(line)["step"] for line in (tmp_path / records.LOG).read_text().splitlines()] == [1, 2]
