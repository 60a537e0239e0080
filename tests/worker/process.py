"""Talks to an engine process through its pipes, as QGIS does, without Qt."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time

from astroloc_qgis.worker.protocol import Failure, Request, Result, parse_event


class Process:
    """An engine process under test; a context that ends it."""

    def __init__(self, *command, environment=None, before=()):
        self.popen = subprocess.Popen(
            [*before, sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        self.events = queue.Queue()
        self.log = b""
        self._threads = [threading.Thread(target=task, daemon=True) for task in (self._listen, self._keep_log)]
        for thread in self._threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.popen.kill()
        self.popen.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            pipe.close()

    def _listen(self):
        for line in self.popen.stdout:
            self.events.put(parse_event(line))

    def _keep_log(self):
        for line in self.popen.stderr:
            self.log += line

    def send(self, request_id, method, params=None):
        self.write(Request(request_id, method, params or {}).to_line())

    def write(self, line):
        self.popen.stdin.write(line)
        self.popen.stdin.flush()

    def next(self, timeout=20):
        return self.events.get(timeout=timeout)

    def answer(self, request_id, timeout=20):
        """Return the result or the error of a request, passing over everything else."""
        end = time.monotonic() + timeout
        while True:
            event = self.next(timeout=max(0.01, end - time.monotonic()))
            if isinstance(event, Result | Failure) and event.id == request_id:
                return event
