"""What is usual for an image: limits of detail and grain, put on an age model's card."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from research.cohort import read_images, read_records
from research.export import write_model
from spine.age.image_quality import ImageQuality, image_quality
from spine.inference.cards import CARD_FILE, card_from_json
from spine.inference.models import ImageLimits

# Beyond what validation cases show: an image may have an eighth less detail, or half as much
# grain again (assumptions, docs/adr/0086).
_LESS_DETAIL, _MORE_GRAIN = 0.875, 1.5
_USUAL_PERCENT = 99.0


def limit_images(folder: Path, part: Path, most: int | None = None) -> str:
    """Fix the limits of an exported age model, and write its card anew; return the new hash.

    Parameters
    ----------
    folder : of the model; its other files stay as they are
    part : of a cohort, not learned from
    most : subjects to look at; None for all
    """
    card = card_from_json((folder / CARD_FILE).read_bytes())
    records = read_records(part)[:most]
    found = [
        image_quality(*read_images(part, record))
        for record in tqdm(records, desc="images", mininterval=5)
    ]
    facts = card.model_dump(exclude={"files", "image_limits"}, exclude_none=True)
    return write_model(
        folder.parent,
        {name: (folder / name).read_bytes() for name in card.files},
        **facts,
        image_limits=asdict(fit_image_limits(found)),
    )


def fit_image_limits(found: Sequence[ImageQuality]) -> ImageLimits:
    """Fix the limits a margin beyond the first percentile of detail and the 99th of grain.

    Raises
    ------
    ValueError
        Without any case.
    """
    if not found:
        raise ValueError("limits of an image need cases")
    detail = float(np.percentile([one.detail for one in found], 100 - _USUAL_PERCENT))
    grain = float(np.percentile([one.grain for one in found], _USUAL_PERCENT))
    return ImageLimits(round(_LESS_DETAIL * detail, 4), round(_MORE_GRAIN * grain, 4), len(found))
