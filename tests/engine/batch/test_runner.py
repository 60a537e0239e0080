"""A batch: killed and resumed, full of bad files, interrupted, with other settings; no photo lost, none done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from osgeo import ogr

from astroloc_qgis.engine.batch.interrupts import held
from astroloc_qgis.engine.batch.journal import NAME, Journal
from astroloc_qgis.engine.batch.photos import plan_units
from astroloc_qgis.engine.batch.runner import GEOPACKAGE, REPORT, Batch, Summary
from astroloc_qgis.engine.batch.sources import photos_of
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.units.workers import LocalWorkers
from tests.conftest import ROOT
from tests.engine.batch.fast import fast_work, is_gone, wait_for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these tests kill processes with signals")


class Fast:
    """A fast batch in a folder.

    Attributes:
        photos: the folder of its photos.
        out: that of its results.
    """

    def __init__(self, folder: Path) -> None:
        self.photos, self.out, self._log = folder / "photos", folder / "out", folder / "log"
        self.photos.mkdir()

    def add(self, *names: str) -> None:
        for name in names:
            (self.photos / name).write_bytes(name.encode())

    def batch(self, **settings: Any) -> Batch:
        units = plan_units(photos_of(self.photos, self.out), settings, source=self.photos)
        return Batch(fast_work(self.out, self._log), units, settings, self.out, "fast")

    def run(self, *, workers: int = 1, again: bool = False, **settings: Any) -> Summary:
        return self.batch(**settings).run(LocalWorkers(workers), again=again)

    def start(self, seconds: float, workers: int) -> subprocess.Popen[bytes]:
        words = [self.photos, self.out, self._log, seconds, workers]
        return subprocess.Popen(
            [sys.executable, "-m", "tests.engine.batch.fast", *map(str, words)], cwd=ROOT, start_new_session=True
        )

    @property
    def worked(self) -> Counter[str]:
        """How often each photo was worked on."""
        return Counter(line.split()[1] for line in self._lines())

    @property
    def processes(self) -> set[int]:
        """That have worked."""
        return {int(line.split()[0]) for line in self._lines()}

    def _lines(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []

    @property
    def keys(self) -> list[str]:
        """Of the whole lines of the journal, in order."""
        lines = (self.out / NAME).read_bytes().splitlines()
        return [json.loads(line)["key"] for line in lines if line.endswith(b"}")]

    @property
    def done(self) -> int:
        return len(self.keys) if (self.out / NAME).exists() else 0

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Of the GeoPackage, by the photo's name."""
        source = ogr.Open(str(self.out / GEOPACKAGE))
        layer = source.GetLayerByName("footprints")
        found = {}
        for feature in layer:
            row = feature.items() | {"geometry": feature.GetGeometryRef() is not None}
            assert row["name"] not in found
            found[row["name"]] = row
        return found


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl-C as in a terminal: what runs in a shell's background ignores it, and so would its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def fast(tmp_path: Path) -> Fast:
    return Fast(tmp_path)


def test_killed_twice_and_resumed_no_photo_is_lost_done_twice_or_half_written(fast):
    names = [f"photo-{number:03d}.jpg" for number in range(60)]
    fast.add(*names)
    workers = 2
    for done in (10, 30):
        process = fast.start(0.05, workers)
        wait_for(lambda done=done: fast.done >= done)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_for(lambda: all(map(is_gone, fast.processes)))
        with (fast.out / NAME).open("ab") as journal:
            journal.write(b'{"key": "half a li')
        assert not (fast.out / GEOPACKAGE).exists()
    before = fast.done
    assert 30 <= before < 60
    process = fast.start(0.0, workers)
    assert process.wait(60) == 0

    assert sorted(fast.rows) == names
    assert all(row["status"] == "localized" and row["geometry"] for row in fast.rows.values())
    assert max(Counter(fast.keys).values()) == 1
    assert len(fast.keys) == 60
    again = sum(count - 1 for count in fast.worked.values())
    assert again <= 2 * workers, "more than what was under way at the two kills was done again"
    whole = [(fast.out / row["geotiff"]).read_bytes() for row in fast.rows.values()]
    assert whole == [b"whole"] * 60


def test_fifty_bad_files_among_two_hundred_good_ones_cost_exactly_fifty_rows(fast):
    fast.add(*(f"good-{number:03d}.jpg" for number in range(200)), *(f"bad-{number:02d}.jpg" for number in range(50)))
    summary = fast.run(workers=2)
    rows = fast.rows
    assert Counter(row["status"] for row in rows.values()) == {"localized": 200, "error": 50}
    assert {name.split("-")[0] for name, row in rows.items() if row["status"] == "error"} == {"bad"}
    assert all("empty (0 bytes)" in row["message"] for name, row in rows.items() if name.startswith("bad"))
    assert not any(row["geometry"] for name, row in rows.items() if name.startswith("bad"))
    assert (summary.complete, summary.done_now, summary.statuses.total()) == (True, 250, 250)
    assert "could not be read" in (fast.out / REPORT).read_text()


def test_a_photo_that_kills_its_process_twice_is_a_row_that_says_so(fast):
    fast.add("a.jpg", "deadly.jpg", "z.jpg")
    fast.run()
    assert {name: row["status"] for name, row in fast.rows.items()} == {
        "a.jpg": "localized",
        "deadly.jpg": "failed",
        "z.jpg": "localized",
    }
    assert "ended its process 2 times" in fast.rows["deadly.jpg"]["message"]
    assert fast.worked == {"a.jpg": 1, "z.jpg": 1, "deadly.jpg": 2}
    fast.run()
    assert fast.worked["deadly.jpg"] == 2
    fast.run(again=True)
    assert fast.worked == {"a.jpg": 1, "z.jpg": 1, "deadly.jpg": 4}
    assert len(fast.rows) == 3


def test_run_again_nothing_is_done_but_what_is_new_or_changed(fast):
    fast.add("a.jpg", "b.jpg", "c.jpg")
    fast.run()
    assert fast.run().done_now == 0
    fast.add("d.jpg")
    (fast.photos / "a.jpg").write_bytes(b"another photo")
    next((fast.out / "photos").glob("b_*")).unlink()
    summary = fast.run()
    assert (summary.done_now, summary.photos) == (3, 4)
    assert fast.worked == {"a.jpg": 2, "b.jpg": 2, "c.jpg": 1, "d.jpg": 1}
    assert sorted(fast.rows) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_other_settings_do_every_photo_again(fast):
    fast.add("a.jpg", "b.jpg")
    fast.run(matcher="sift")
    fast.run(matcher="xfeat")
    assert fast.worked == {"a.jpg": 2, "b.jpg": 2}
    fast.run(matcher="sift")
    assert fast.worked == {"a.jpg": 2, "b.jpg": 2}


def test_an_interruption_ends_cleanly_with_what_is_done(fast):
    fast.add(*(f"photo-{number:03d}.jpg" for number in range(200)))
    process = fast.start(0.05, 2)
    wait_for(lambda: fast.done >= 5)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) == 1
    assert 5 <= len(fast.rows) == fast.done < 200
    assert f"{fast.done} of 200 photos are done; run the same" in " ".join((fast.out / REPORT).read_text().split())
    wait_for(lambda: all(map(is_gone, fast.processes)))
    assert fast.run().statuses == {"localized": 200}
    assert max(fast.worked.values()) <= 2


def test_an_interruption_waits_for_the_end_of_a_step():
    done = []

    def step() -> None:
        with held():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("the rest of the step")

    with pytest.raises(KeyboardInterrupt):
        step()
    assert done == ["the rest of the step"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_two_batches_do_not_share_a_folder(fast):
    fast.add("a.jpg")
    with Journal(fast.out), pytest.raises(InputError, match="Another batch is writing"):
        fast.run()


def test_photos_that_end_their_process_together_are_tried_one_by_one(fast):
    fast.add("deadly.jpg", "good-1.jpg", "good-2.jpg")
    batch = fast.batch()
    together = {"together": True, "photos": [unit.task["photos"][0] for unit in batch.units]}
    units = [type(batch.units[0])("of all", together)]
    for _ in range(2):
        summary = Batch(batch.work, units, {}, fast.out).run(LocalWorkers(1))
        assert summary.statuses == {"localized": 2, "failed": 1}
        assert (summary.photos, summary.complete) == (3, True)
    assert fast.worked == {"deadly.jpg": 4, "good-1.jpg": 1, "good-2.jpg": 1}


def test_what_a_kill_left_is_removed(fast):
    fast.add("a.jpg")
    left = fast.out / ".working-left"
    left.mkdir(parents=True)
    (left / "half.tif").write_bytes(b"half")
    fast.run()
    assert not left.exists()
