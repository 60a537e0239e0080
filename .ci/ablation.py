"""Runs the ablation study (`make ablation`): short trainings, each without one part of the method."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the plugin is not an installed package

from astroloc_qgis.engine.index.world import BLUE_MARBLE  # noqa: E402
from astroloc_qgis.engine.training.ablation import run_ablation  # noqa: E402 - needs the line above
from astroloc_qgis.engine.training.config import TrainingConfig  # noqa: E402
from astroloc_qgis.engine.training.run import TrainingRequest, train  # noqa: E402

BATCH = 48
RESULTS = ROOT / "resources" / "models" / "measured" / "ablation.json"


def main() -> None:
    """Trains all variants, one after the other; resumes an interrupted study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imagery", default=BLUE_MARBLE, help="a copy of Blue Marble (default: NASA's service)")
    parser.add_argument("--footprints", type=Path, required=True, help="CSV of real footprints")
    parser.add_argument("--config", type=Path, help="JSON of the whole method (default: below)")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "ablation")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "training", help="folder for the mosaic")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    config = (
        TrainingConfig.read(options.config)
        if options.config
        else TrainingConfig(
            steps=options.steps,
            decay_steps=options.steps // 3,
            places=BATCH * options.steps // 4,
            batch=BATCH,
            tile_batch=BATCH // 2,
            small_steps=0,
            tile_px=160,
            photo_px=192,
            validate_every=options.steps,
            validation_photos=768,
            tile_loss=1.0,
        )
    )

    def run(variant: TrainingConfig, folder: Path) -> None:
        train(TrainingRequest(options.imagery, options.footprints, folder, work=options.work), variant)

    for entry in run_ablation(config, options.out, run, RESULTS):
        recall = entry["recall"]["overlap"]
        print(f"{entry['variant']:34} R@1 {recall['1']:5.1f}  R@10 {recall['10']:5.1f}  R@100 {recall['100']:5.1f}")


if __name__ == "__main__":
    main()
