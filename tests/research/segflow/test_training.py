from dataclasses import replace

import numpy as np
import pytest
import torch

from research.segflow import supervising, training
from research.segflow.supervising import (
    SupervisedCase,
    Window,
    cases_of_fold,
    supervise_folder,
)
from research.segflow.training import (
    SegflowTraining,
    augment_signal,
    new_network,
    stacked,
    task_of,
    train,
    vote_loss,
)
from research.segflow.voting import IGNORED
from research.training.loop import BEST_FILE, TrainingSettings, evaluate_loss, fit
from spine.errors import Code, InputError, SegmentationError
from spine.imaging import nifti
from spine.imaging.volume import LabelMap, Volume

pytestmark = pytest.mark.slow

SHORT = TrainingSettings(epochs=2, learning_rate=2e-3, batch_size=2)


def bright_squares(seed: int) -> SupervisedCase:
    """Sixteen slices with a bright square that is the vertebra, its border in doubt."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(0.3, 0.05, (16, 32, 32)).astype(np.float32).clip(0)
    labels = np.zeros(inputs.shape, dtype=np.int8)
    inputs[:, 8:24, 8:24] += 0.7
    labels[:, 8:24, 8:24] = IGNORED
    labels[:, 9:23, 9:23] = 1
    return SupervisedCase(inputs, labels)


def fresh_task():
    torch.manual_seed(0)
    return task_of(new_network(), [bright_squares(1)])


def test_training_lowers_the_loss(tmp_path):
    task = fresh_task()
    before = evaluate_loss(task, 2)

    fit(task, replace(SHORT, epochs=8), tmp_path)

    assert evaluate_loss(task, 2) < 0.7 * before


def test_resumed_run_equals_an_unbroken_one(tmp_path):
    fit(fresh_task(), SHORT, tmp_path / "unbroken")
    fit(fresh_task(), replace(SHORT, epochs=1), tmp_path / "resumed")
    fit(fresh_task(), SHORT, tmp_path / "resumed")

    first, second = ((tmp_path / run / BEST_FILE).read_bytes() for run in ("unbroken", "resumed"))
    assert first == second


def test_doubtful_voxels_do_not_count():
    targets = torch.tensor([[[0, 1, IGNORED]]])
    outputs = torch.zeros(1, 2, 1, 3)
    changed = outputs.clone()
    changed[..., 2] = 100.0 * torch.tensor([[1.0], [-1.0]])

    assert float(vote_loss(outputs, targets)) == pytest.approx(np.log(2))
    assert float(vote_loss(changed, targets)) == float(vote_loss(outputs, targets))


def test_slices_steering_the_rate_are_not_trained_on():
    slices = np.arange(30, dtype=np.float32)[:, None, None] * np.ones((1, 32, 32), np.float32)
    case = SupervisedCase(slices, np.zeros(slices.shape, dtype=np.int8))

    task = task_of(new_network(), [case])

    # The middle channel is the slice itself.
    seen = set(task.training.inputs[:, 1, 0, 0]), set(task.validation.inputs[:, 1, 0, 0])
    assert not seen[0] & seen[1]
    assert all(seen)


def test_neighboring_slices_become_channels():
    slices = np.arange(3, dtype=np.float32)[:, None, None]

    assert stacked(slices)[:, :, 0, 0].tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 2]]


def test_augmentation_leaves_the_global_random_state_alone():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    stack = torch.ones(3, 8, 8)

    first, second = (augment_signal(stack, np.random.default_rng(5)) for _ in range(2))

    assert torch.equal(first, second)
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize("window", [Window(5, -40), Window(-20, 3)])
def test_window_pastes_back_what_it_cut(window):
    data = np.random.default_rng(0).random((2, 190, 250)).astype(np.float32)

    pasted = window.paste(window.cut(data, 0.0), data.shape)

    inside = pasted != 0
    assert np.array_equal(pasted[inside], data[inside])
    columns = min(window.j + supervising.COLUMNS, 190) - max(window.j, 0)
    rows = min(window.k + supervising.ROWS, 250) - max(window.k, 0)
    assert inside.sum() == 2 * columns * rows


def write_image(folder, case: str) -> None:
    data = np.random.default_rng(len(case)).random((4, 8, 8)).astype(np.float32)
    nifti.write(Volume(data, np.eye(4)), folder / f"{case}_image.nii.gz")


def test_every_image_is_left_out_by_one_fold(tmp_path):
    for case in "abcdefg":
        write_image(tmp_path, case)

    kept = [set(cases_of_fold(tmp_path, fold, 5)) for fold in range(5)]

    left_out = [set("abcdefg") - cases for cases in kept]
    assert set.union(*left_out) == set("abcdefg")
    assert sum(map(len, left_out)) == 7
    assert cases_of_fold(tmp_path, None, 5) == list("abcdefg")


def test_image_that_the_rules_refuse_is_skipped_with_its_reason(tmp_path, monkeypatch):
    write_image(tmp_path, "good")
    write_image(tmp_path, "bad")
    found = iter([SegmentationError(Code.SEGMENTATION_FAILED, "no bright canal was found"), None])

    def supervise(image):
        error = next(found)
        if error is not None:
            raise error
        return bright_squares(0)

    monkeypatch.setattr(supervising, "supervise", supervise)

    cases, skipped = supervise_folder(tmp_path, ["bad", "good"], tmp_path / "votes")

    assert list(cases) == ["good"]
    assert "no bright canal" in skipped["bad"]
    assert not list((tmp_path / "votes").glob("*.partial"))


def test_folder_in_which_nothing_is_found_is_an_error(tmp_path):
    write_image(tmp_path, "noise")

    with pytest.raises(InputError) as error:
        supervise_folder(tmp_path, ["noise"], tmp_path / "votes")

    assert error.value.code == Code.INPUT_EMPTY


def test_run_folder_of_other_settings_is_refused(tmp_path, monkeypatch):
    write_image(tmp_path, "a")
    monkeypatch.setattr(supervising, "supervise", lambda _image: bright_squares(0))
    train(tmp_path, tmp_path / "run", SegflowTraining(loop=replace(SHORT, epochs=1)))

    other = replace(SHORT, epochs=1, learning_rate=0.1)
    with pytest.raises(InputError):
        train(tmp_path, tmp_path / "run", SegflowTraining(loop=other))


def test_label_files_absent_or_changed_leave_the_network_identical(
    phantom, phantom_folder, tmp_path, monkeypatch
):
    def no_labels(path):
        raise AssertionError("training opened a file of labels")

    monkeypatch.setattr(nifti, "read_labels", no_labels)
    labels = phantom_folder / "a_labels.nii.gz"
    plan = SegflowTraining(loop=replace(training.SegflowTraining().loop, epochs=1))

    train(phantom_folder, tmp_path / "absent", plan)
    nifti.write(phantom.labels, labels)
    train(phantom_folder, tmp_path / "present", plan)
    reversed_labels = LabelMap(phantom.labels.data[::-1].copy(), phantom.labels.affine)
    nifti.write(reversed_labels, labels)
    train(phantom_folder, tmp_path / "changed", plan)

    absent, present, changed = (
        (tmp_path / run / BEST_FILE).read_bytes() for run in ("absent", "present", "changed")
    )
    assert absent == present == changed
