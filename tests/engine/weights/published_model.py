"""A file of weights that a test publishes."""

from __future__ import annotations

import hashlib

import pytest

from astroloc_qgis.engine.weights.published import PUBLISHED, PublishedWeights

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = "model.pth"
NAME = "some-model"


def publish(monkeypatch: pytest.MonkeyPatch, url: str, *, sha256: str | None = SHA256, size: int | None = None) -> None:
    """Make ``NAME`` a name of published weights."""
    monkeypatch.setitem(PUBLISHED, NAME, PublishedWeights(url, "MIT", "https://example.org/model", sha256, size))
