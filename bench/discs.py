"""Every network about discs, on the five lumbar discs of one patient."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bench.timing import side_by_side
from phantom.protocols import LUMBAR_T2
from phantom.rendering import render
from phantom.subjects import subject
from research.measurements import Data, Measurement
from spine.anatomy.labels import classes_from_labels
from spine.anatomy.levels import DiscLevel
from spine.degeneration.asking import ask
from spine.imaging.volume import LabelMap
from spine.inference.models import Model, Models
from spine.preprocessing.disc import DiscSpec, disc_input
from spine.segmentation.canal import guide_from_classes
from spine.segmentation.geometry import measure

SEED = 12
LEVELS = (
    DiscLevel.L1_L2,
    DiscLevel.L2_L3,
    DiscLevel.L3_L4,
    DiscLevel.L4_L5,
    DiscLevel.L5_S1,
)
MOST_CPU_S = 1.5

Regions = Mapping[DiscSpec, list[NDArray[np.float32]]]
Networks = Mapping[str, Model[DiscSpec]]


def bench_discs(ours: Models, stock: Models) -> list[Measurement]:
    """Time all networks about discs on five discs, beside the same in eager torch.

    Parameters
    ----------
    ours, stock : the same models on OpenVINO and on torch
    """
    networks, eager = disc_networks(ours), disc_networks(stock)
    regions = lumbar_regions({model.spec for model in networks.values()})
    cost, theirs = side_by_side(
        lambda: most_probable(networks, regions), lambda: most_probable(eager, regions), 5
    )
    answers, expected = most_probable(networks, regions), most_probable(eager, regions)
    other = sum(answers[asked] != expected[asked] for asked in expected)
    name = f"{len(networks)} disc networks on {len(LEVELS)} discs"
    return [
        Measurement(name, cost.cpu_s, "CPU-s", Data.SYNTHETIC, 1, MOST_CPU_S, "lower"),
        Measurement(f"{name}: eager torch", theirs.cpu_s, "CPU-s", Data.SYNTHETIC, 1),
        Measurement(
            f"{name}: other most probable grade than eager torch",
            other,
            "answers",
            Data.SYNTHETIC,
            len(expected),
            0,
            "lower",
        ),
    ]


def disc_networks(models: Models) -> Networks:
    """Return the models of progression and of grading, by name."""
    found = [*models.discs.values(), *models.gradings.values()]
    return {model.reference.name: model for model in found if isinstance(model, Model)}


def lumbar_regions(specs: set[DiscSpec]) -> Regions:
    """Cut the lumbar discs of a phantom, head to foot, as each network gets them."""
    rendering = render(subject(SEED), LUMBAR_T2, np.random.default_rng(SEED))
    labels = rendering.labels
    classes = LabelMap(classes_from_labels(labels.data), labels.affine)
    spine = measure(labels, guide_from_classes(classes))
    discs = [disc for level in LEVELS if (disc := spine.disc(level)) is not None]
    return {
        spec: [disc_input(rendering.volume, d.frame, spine.mean_width_mm, spec) for d in discs]
        for spec in specs
    }


def most_probable(networks: Networks, regions: Regions) -> dict[tuple[str, int], int | None]:
    """Ask every network about every disc; return classes by network and place of the disc."""
    answers = {
        (name, place): ask(model, region)
        for name, model in networks.items()
        for place, region in enumerate(regions[model.spec])
    }
    return {asked: None if said is None else said.index for asked, said in answers.items()}
