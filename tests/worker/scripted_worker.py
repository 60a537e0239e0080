"""An engine process with scripted methods in the engine's place: what it does is known to the second.

Run as a script, it is a whole engine process: the tests of the protocol and of QGIS's side start it.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.worker.lifeline import die_with_parent
from astroloc_qgis.worker.pipes import claim_standard_pipes
from astroloc_qgis.worker.protocol import PROTOCOL_VERSION, Hello, ProgressEvent
from astroloc_qgis.worker.server import Server


def echo(params, progress):
    progress("read", 0.5)
    return dict(params)


def work(params, progress):
    """Work for a while, reporting progress every 50 ms, as the engine does."""
    steps = int((params.get("seconds") or 60) * 20)
    for step in range(steps):
        progress("match", step / steps)
        time.sleep(0.05)
    return {"worked": True}


def hang(params, progress):
    """Report once, then neither report nor end."""
    progress("match", 0.0)
    time.sleep(60)
    return {}


def beat(params, progress):
    """Be alive and get nowhere: repeat the same progress, as one does who waits for threads that hang."""
    end = time.monotonic() + (params.get("seconds") or 60)
    while time.monotonic() < end:
        progress("match", 0.25)
        if params.get("past the server"):
            SINK[0].write(ProgressEvent(params["past the server"], "match", 0.25).to_line())
        time.sleep(0.1)
    return {}


def freeze(params, progress):
    """Hang inside a library that does not let Python run: no thread of this process acts any more."""
    progress("match", 0.0)
    ctypes.PyDLL(None).sleep(60)
    return {}


def flood(params, progress):
    """Write without an end of line, as a process gone wild does."""
    progress("match", 0.0)
    while True:
        SINK[0].write(os.urandom(1 << 20).replace(b"\n", b""))


def chatter(params, progress):
    print("a stray print of Python")
    os.write(1, b"a stray write of a C library\n")
    subprocess.run(["echo", "a stray line of a child process"], check=True)
    return {"stdin of children": subprocess.run(["cat"], capture_output=True, check=True).stdout.decode()}


def fail(params, progress):
    if "input" in params:
        raise InputError(params["input"], "what the developer needs")
    raise ZeroDivisionError("a defect")


def die(params, progress):
    progress("match", 0.3)
    os.kill(os.getpid(), 9)


def unlocated(params, progress):
    return {"photo": params["photo"], "status": "not_localized", "confidence": 0.02, "inliers": 5, "outputs": {}}


def told(params, progress):
    """Answer what the file beside the photo says."""
    return json.loads(Path(params["photo"]).with_suffix(".json").read_text(encoding="utf-8"))


def preload(params, progress):
    """Load ahead for as many seconds as the name of the index says, or die of it."""
    name = Path(params.get("index", "0")).name
    if name == "die":
        os.kill(os.getpid(), 9)
    for step in range(int(float(name) * 50) if name.replace(".", "").isdigit() else 0):
        progress("libraries", step / 1000)
        time.sleep(0.02)
    LOADED.append(name)
    return {"loaded": list(LOADED)}


def loaded(params, progress):
    return {"loaded": list(LOADED)}


def follow(params, progress):
    """Work on each photo for a while, then on all, as the engine does with photos that follow each other."""
    for photo in params["photos"]:
        progress("read", 0.1, photo)
        progress("match", 0.2)
        time.sleep(0.7)
    progress("neighbours", 0.9)
    time.sleep(0.7)
    return {"entries": [unlocated({"photo": photo}, progress) for photo in params["photos"]], "problem": ""}


def batch(params, progress):
    """Do the photos of a folder: what becomes of each is in its name; one named "work" takes a minute."""
    photos = sorted(path for path in Path(params["folder"]).iterdir() if path.suffix == ".jpg")
    out, entries, counts = Path(params["out"]), [], {}
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.html").write_text("".join(f"<p>{photo.name}</p>" for photo in photos))
    complete = True
    for number, photo in enumerate(photos):
        status = {"fail": "failed", "bad": "error"}.get(photo.stem, "not_localized")
        entry = {**ENTRY, "photo": str(photo), "status": status, "reason": f"it is called {photo.stem}"}
        try:
            if photo.stem == "work":
                work({}, progress)
            said = {name: entry[name] for name in ("photo", "status", "confidence", "inliers", "reason")}
            progress("photo", (number + 1) / len(photos), json.dumps(said))
        except Cancelled:
            complete = False
            break
        entries.append(entry)
        counts[status] = counts.get(status, 0) + 1
    pace = {"done": len(entries), "total": len(photos), "localized": 0, "per_minute": 60.0, "seconds_left": 0.0}
    if complete:
        progress("pace", 1.0, json.dumps({**pace, "seconds": 1}))
    Path(params["entries"]).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    (out / "params.json").write_text(json.dumps(params))
    return {"photos": len(photos), "counts": counts, "complete": complete, "done_now": len(entries), "seconds": 1.0,
            "files": {"report": str(out / "report.html"), "footprints": str(out / "footprints.gpkg")}}  # fmt: skip


ENTRY = {
    "confidence": 0.02, "inliers": 5, "matcher": "sift", "rmse_m": None, "footprint": None, "homography": None,
    "candidate": None, "outputs": {}, "seconds": {}, "uncertainty": None,
    "nadir": {"latitude": None, "longitude": None, "source": "none", "used": False},
}  # fmt: skip
SINK = []
LOADED = []
METHODS = {
    "echo": echo,
    "work": work,
    "hang": hang,
    "beat": beat,
    "freeze": freeze,
    "flood": flood,
    "chatter": chatter,
    "fail": fail,
    "die": die,
    "unlocated": unlocated,
    "follow": follow,
    "told": told,
    "preload": preload,
    "loaded": loaded,
}
# The names that QGIS uses, for the tests of its side: what "localize" does is told by the photo's name.
METHODS["localize"] = lambda params, progress: METHODS[Path(params["photo"]).stem](params, progress)
METHODS["localize_sequence"] = lambda params, progress: METHODS[Path(params["photos"][0]).stem](params, progress)
METHODS["batch"] = batch
METHODS["index_build"] = work
METHODS["refine"] = told


class Fuzzed:
    """A pipe that puts garbage, and messages that are nearly right, around what is written to it."""

    def __init__(self, sink, chance):
        self._sink, self._chance = sink, chance

    def write(self, line):
        for _ in range(self._chance.randrange(4)):
            self._sink.write(self._garbage(line))
        self._sink.write(b"\n" + line)

    def flush(self):
        self._sink.flush()

    def _garbage(self, line):
        chance = self._chance
        kind = chance.randrange(5)
        if kind == 0:
            return chance.randbytes(chance.randrange(1, 3000)) + b"\n"
        if kind == 1:  # a message with a byte changed
            place = chance.randrange(len(line))
            return line[:place] + chance.randbytes(1) + line[place + 1 :] + b"\n"
        if kind == 2:  # one that is cut off
            return line[: chance.randrange(len(line))] + b"\n"
        value = chance.choice([b"NaN", b"Infinity", b"-1e999", b"null", b"[]", b"{}", b'"x"', b"9" * 400, b"[" * 2000])
        event = chance.choice([b"progress", b"result", b"error", b"hello", b"surprise"])
        return b'{"id": %s, "event": "%s", "stage": "match", "fraction": %s, "kind": %s}\n' % (
            chance.choice([b"1", b"2", b"77", value]),
            event,
            value,
            value,
        )


if __name__ == "__main__":
    if "silent" in sys.argv:
        time.sleep(60)
    die_with_parent()
    source, sink = claim_standard_pipes()
    SINK.append(sink)
    if "garbage" in sys.argv:
        sink.write(b'\xff\x00 no JSON\n{"event": "hello"}\n[1]\n\n{"id": 1, "event": "result"}\n')
    if "fuzz" in sys.argv:
        sink = Fuzzed(sink, random.Random(int(sys.argv[2])))
    protocol = 99 if "future" in sys.argv else PROTOCOL_VERSION
    Server(METHODS, source, sink).serve(Hello(protocol, {"engine": "scripted"}, ("cpu",)))
    os._exit(0)
