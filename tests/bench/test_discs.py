"""The row of the disc networks: every network is asked, and other answers are counted."""

from dataclasses import replace

import numpy as np
import pytest

from app.approval import approvals
from app.settings import load_settings
from bench.discs import LEVELS, bench_discs, disc_networks, lumbar_regions, most_probable
from spine.anatomy.grades import Scale
from spine.inference.backends import Backend
from spine.inference.loading import load_models

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models():
    settings = load_settings()
    load = {}
    for backend in Backend:
        load[backend] = load_models(settings.models.folder, approvals(settings), backend, threads=2)
    return load


def test_every_network_answers_for_every_disc(models):
    networks = disc_networks(models[Backend.TORCH])
    answers = most_probable(networks, lumbar_regions({m.spec for m in networks.values()}))

    assert len(networks) == len(models[Backend.TORCH].discs) + len(models[Backend.TORCH].gradings)
    assert set(answers) == {(name, place) for name in networks for place in range(len(LEVELS))}
    assert None not in answers.values()


def test_other_answers_than_those_of_eager_torch_are_counted(models):
    same = bench_discs(models[Backend.OPENVINO], models[Backend.TORCH])
    assert same[2].value == 0

    ours = models[Backend.OPENVINO]
    model = ours.discs[Scale.BULGING]
    turned = replace(model, network=lambda batch: -np.asarray(model.network(batch)))
    other = replace(ours, discs={**ours.discs, Scale.BULGING: turned})
    assert bench_discs(other, models[Backend.TORCH])[2].value == len(LEVELS)
