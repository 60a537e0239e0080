"""Published weights say where they are, under which licence, and what proves them."""

from __future__ import annotations

import pytest

from astroloc_qgis.engine.weights.connection import check_address
from astroloc_qgis.engine.weights.published import PUBLISHED, PublishedWeights
from tests.engine.weights.published_model import SHA256


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_published_weights_are_served_encrypted_and_say_their_licence_and_source(name: str) -> None:
    published = PUBLISHED[name]
    assert check_address(published.url) == published.url
    assert published.source.startswith("https://")
    assert published.licence
    assert "/" not in published.file
    assert published.file


def test_the_beginning_of_a_hash_in_a_files_name_is_a_proof() -> None:
    named = PublishedWeights("https://example.org/net-1a2b3c4d.pth", "MIT", "https://example.org")
    assert named.proof == "1a2b3c4d"
    assert PublishedWeights("https://example.org/net-large.pth", "MIT", "https://example.org").proof is None
    assert PublishedWeights("https://example.org/net-1a2b3c4d.pth", "MIT", "", SHA256).proof == SHA256
