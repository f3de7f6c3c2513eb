from pathlib import Path

import numpy as np
import pytest
import torch
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform

from research.training.segmentation.cases import prepare
from research.training.segmentation.folders import nnunet_folders
from research.training.segmentation.plans import Net
from research.training.segmentation.sources import read_sources
from research.training.segmentation.training import _trainer

# nnU-Net's trainer alone takes seconds to import and set up.
pytestmark = pytest.mark.slow


@pytest.fixture
def trainer(config, tmp_path):
    with nnunet_folders(tmp_path):
        prepare(read_sources(config(Net.FINE)), config(Net.FINE), tmp_path)
        yield _trainer(config(Net.FINE), tmp_path, 0, 1)


def test_no_augmentation_swaps_head_and_foot_or_front_and_back(trainer):
    rotation, _, _, mirrored = trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size()
    assert np.degrees(rotation) == pytest.approx((-15, 15))
    assert mirrored == ()


def test_patients_of_the_fold_are_not_sampled(trainer):
    training, validation = trainer.get_dataloaders()
    held = set(validation.data_loader.indices)
    assert len(held) == 1
    assert not held & set(training.data_loader.indices)
    assert training.data_loader.sampling_probabilities.sum() == pytest.approx(1)


def test_no_augmentation_tries_the_fft_that_has_crashed(trainer):
    training, _ = trainer.get_dataloaders()
    steps = [
        getattr(step, "transform", step) for step in training.data_loader.transforms.transforms
    ]
    blurs = [step for step in steps if isinstance(step, GaussianBlurTransform)]
    assert [blur.benchmark for blur in blurs] == [False]


def test_hits_are_counted_by_what_the_data_set_tells_apart(trainer):
    partition = trainer.partitions[1]
    background, vertebra, disc, canal = partition.values
    wanted = torch.tensor([[background, vertebra, disc, canal, canal]])
    # Sacrum is background there; CSF and cord are both canal; the vertebra is missed.
    predicted = torch.tensor([[2, 0, 3, 5, 6]])
    counts = np.zeros((3, partition.values.stop), dtype=np.int64)

    trainer._count(counts, predicted, wanted)

    hits, wrong, missed = counts[:, partition.first :]
    assert hits.tolist() == [1, 0, 1, 2]
    assert wrong.tolist() == [1, 0, 0, 0]
    assert missed.tolist() == [0, 1, 0, 0]


def test_what_stops_in_writing_leaves_the_checkpoint_before(trainer, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint_latest.pth"
    trainer.save_checkpoint(str(path))
    before = path.read_bytes()

    def stopped(_, name):
        Path(name).write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(torch, "save", stopped)
    with pytest.raises(OSError, match="no space"):
        trainer.save_checkpoint(str(path))
    assert path.read_bytes() == before
