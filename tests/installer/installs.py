"""What the tests of installs share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from astroloc_qgis.worker.protocol import Failure, ProgressEvent

SENTENCE_LENGTH = 300


def wait_for(process, condition, timeout=60):
    end = time.monotonic() + timeout
    while True:
        event = process.next(timeout=max(0.1, end - time.monotonic()))
        assert isinstance(event, ProgressEvent), event
        if condition(event):
            return event


def is_a_sentence(failure):
    assert isinstance(failure, Failure), failure
    assert failure.kind == "input", failure
    assert "\n" not in failure.message
    assert len(failure.message) < SENTENCE_LENGTH
    return failure.message


def put_uv_into(root):
    """Give an install uv, where this machine has one."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if uv is not None:
        (root / "tools" / "bin").mkdir(parents=True)
        shutil.copy(uv, root / "tools" / "bin" / "uv")
    return uv is not None


def processes_of(root):
    """The processes whose command line names a folder."""
    listed = subprocess.run(["ps", "-wweo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(root) in line and "ps -wweo" not in line]
