"""The settings of a run: wrong ones are refused, and those of older runs are read."""

from __future__ import annotations

import pytest

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"loss": "triplet"}, "no loss 'triplet'"),
        ({"lossy": 1}, "has no 'lossy'"),
        ({"photo_px": 100}, "do not fit the network"),
        ({"loss": "none"}, "Nothing would be learned"),
        ({"zooms": [9, 10]}, "2 zooms but 5 strides"),
    ],
)
def test_settings_that_make_no_sense_are_told(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        TrainingConfig.from_json(values)


def test_settings_of_older_runs_are_read_under_their_former_names() -> None:
    config = TrainingConfig.from_json({"steady": False})
    assert not config.output_renormalisation
    assert "steady" not in config.to_json()
