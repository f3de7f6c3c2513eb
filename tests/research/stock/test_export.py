"""Stock folders to model folders; what is wrong with one is told, and nothing of it is run."""

import copy
import json
import os

import pytest
import torch
from typer.testing import CliRunner

from research.cli import app
from research.labeled.errors import Fault, LabeledDataError
from research.labeled.mapping_file import load_mapping
from research.stock.checkpoint import read_checkpoint
from research.stock.export import export_stock
from research.stock.folders import read_stock_folder
from research.validation.segmentation.models import read_unapproved
from spine.anatomy.labels import TissueClass
from spine.anatomy.levels import DiscLevel, Level
from spine.errors import ModelIntegrityError
from spine.findings import Evidence
from spine.inference.cards import card_from_json
from spine.preprocessing.stock import Normalization
from tests.research.stock.training import MERGED, STEP_1, STEP_2

pytestmark = pytest.mark.slow


class Hostile:
    """Opened without restriction, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def export(folders, models, mapping="totalspineseg"):
    found = [read_stock_folder(folder, "0") for folder in folders]
    return export_stock(found, load_mapping(mapping), models, "1.0.0")


def rewrite(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def checkpoint_path(folder):
    return folder / "fold_0" / "checkpoint_final.pth"


def test_two_steps_become_a_model_of_lowest_evidence_that_loads(written, tmp_path):
    models = tmp_path / "models"
    steps = [written("step1"), written("step2", STEP_2)]
    export(steps, models)

    card = card_from_json((models / "spine-segmentation" / "card.json").read_bytes())
    assert set(card.files) == {"plans.json", "step-1.safetensors", "step-2.safetensors"}
    assert (card.evidence, card.metrics, card.data.real_patients) == (Evidence.SYNTHETIC, (), 0)
    assert "From outside" in card.data.description
    assert "TotalSpineSeg" in card.attribution[0]
    assert card.input.voxel_mm == 1.0
    model = read_unapproved(models)
    assert (model.network is None, model.second is None) == (False, False)
    plans = json.loads((models / "spine-segmentation" / "plans.json").read_text())
    assert [set(step) for step in plans["steps"]] == [{"network_class_name", "arch_kwargs"}] * 2


def test_a_step_is_what_plans_data_set_and_checkpoint_say(written, tmp_path):
    export([written(dataset=STEP_1)], tmp_path / "models")
    step = read_unapproved(tmp_path / "models").spec.first
    assert (step.patch, step.spacing_mm, step.transpose) == ((8, 16, 16), (6, 2.5, 2.5), (2, 0, 1))
    assert step.channels[0].normalization is Normalization.Z_SCORE
    assert (step.image_spline.order, step.score_spline.order) == (3, 1)
    assert (step.by_region, step.values, step.mirror_axes) == (True, tuple(range(1, 10)), (0, 2))
    meaning = {label.name: (label.value, label.tissue, label.level) for label in step.labels}
    assert meaning["disc_T12_L1"] == (4, TissueClass.DISC, DiscLevel.T12_L1)
    assert meaning["vertebrae"] == (6, None, None)
    assert meaning["vertebrae_C1"] == (7, TissueClass.CERVICAL, Level.C1)
    assert meaning["canal"] == (8, TissueClass.CSF, None)


def test_labels_are_read_by_value_where_the_mapping_knows_no_nets(written, tmp_path):
    export([written(dataset=MERGED)], tmp_path / "models", "spider-merged")
    step = read_unapproved(tmp_path / "models").spec.first
    tissues = [label.tissue for label in step.labels]
    assert tissues == [TissueClass.BACKGROUND, None, TissueClass.DISC, TissueClass.CSF]
    assert not step.by_region
    assert step.values == (0, 1, 2, 3)


def test_a_stock_model_takes_the_place_of_another_whole(written, tmp_path):
    models = tmp_path / "models"
    export([written("step1"), written("step2", STEP_2)], models)
    export([written("alone")], models)
    assert not (models / "spine-segmentation" / "step-2.safetensors").exists()
    read_unapproved(models)


def test_nothing_in_a_hostile_checkpoint_is_run(written, tmp_path):
    folder, mark = written(), tmp_path / "mark"
    content = torch.load(checkpoint_path(folder), weights_only=False)
    torch.save({**content, "logging": Hostile(mark)}, checkpoint_path(folder))

    with pytest.raises(ValueError, match="nothing of it was run"):
        export([folder], tmp_path / "models")

    assert not mark.exists()
    assert not (tmp_path / "models").exists()
    # The trap is a true one.
    torch.load(checkpoint_path(folder), weights_only=False)
    assert mark.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no zip at all", "damaged"),
        ({"epoch": 3}, "no checkpoint of nnU-Net"),
        ({"network_weights": {"a": 1}, "init_args": {"configuration": "2d"}}, "no checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_told(content, told, tmp_path):
    path = tmp_path / "checkpoint_final.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=told):
        read_checkpoint(path)


@pytest.mark.parametrize("change", ["another", "missing", "infinite"])
def test_weights_that_do_not_fit_are_refused(change, written, tmp_path):
    folder = written()
    content = torch.load(checkpoint_path(folder), weights_only=False)
    weights = content["network_weights"]
    name = next(key for key in weights if key.endswith("conv.weight"))
    if change == "another":
        weights[name] = weights[name][..., :1]
    elif change == "missing":
        del weights[name]
    else:
        weights[name][0] = float("inf")
    torch.save(content, checkpoint_path(folder))
    with pytest.raises(ValueError, match=r"another architecture|not finite"):
        export([folder], tmp_path / "models")


@pytest.mark.parametrize("argument", ["network_class_name", "conv_op", "nonlin"])
def test_plans_that_name_another_class_are_refused(argument, written, tmp_path):
    folder = written()

    def change(plans):
        architecture = plans["configurations"]["3d_fullres"]["architecture"]
        place = architecture if argument in architecture else architecture["arch_kwargs"]
        place[argument] = "os.system"

    rewrite(folder / "plans.json", change)
    with pytest.raises(ModelIntegrityError):
        export([folder], tmp_path / "models")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("previous_stage", "3d_lowres"),
        ("preprocessor_name", "os.system"),
        ("resampling_fn_data", "resample_torch_fornnunet"),
        ("normalization_schemes", ["RGBTo01Normalization"]),
        ("inherits_from", "nowhere"),
    ],
)
def test_what_would_be_run_otherwise_is_refused(key, value, written, tmp_path):
    folder = written()
    rewrite(
        folder / "plans.json",
        lambda plans: plans["configurations"]["3d_fullres"].update({key: value}),
    )
    with pytest.raises(ValueError, match=str(value).strip("[]'")):
        export([folder], tmp_path / "models")


def test_a_label_that_the_mapping_does_not_name_is_told(written, tmp_path):
    dataset = copy.deepcopy(STEP_1)
    dataset["labels"]["LDH"] = 10
    dataset["regions_class_order"].append(10)
    with pytest.raises(LabeledDataError, match=r"LDH \(10\)") as caught:
        export([written(dataset=dataset)], tmp_path / "models")
    assert caught.value.fault is Fault.LABEL_UNKNOWN


def test_a_second_step_that_the_mapping_does_not_describe_is_refused(written, tmp_path):
    steps = [written("a", MERGED), written("b", MERGED)]
    with pytest.raises(ValueError, match="second step"):
        export(steps, tmp_path / "models", "spider-merged")


def test_a_second_step_sees_two_channels(written, tmp_path):
    with pytest.raises(ValueError, match="the second two"):
        export([written("a"), written("b")], tmp_path / "models")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: (folder / "dataset.json").unlink(), "no dataset.json"),
        (lambda folder: (folder / "plans.json").write_text("{"), "no JSON"),
        (lambda folder: (folder / "dataset.json").write_text('{"labels": {}}'), "labels"),
        (lambda folder: (folder / "fold_0").rename(folder / "fold_3"), "there is fold_3"),
        (lambda folder: checkpoint_path(folder).rename(folder / "fold_0" / "x.pth"), "x.pth"),
    ],
)
def test_the_command_tells_in_one_line_what_is_wrong(change, told, written, tmp_path):
    folder = written()
    change(folder)
    arguments = ["--from-nnunet", folder, "--mapping", "totalspineseg", "--version", "1.0.0"]
    command = ["export", "segmentation", *map(str, arguments), "-m", str(tmp_path / "models")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 3
    assert told in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["--from-nnunet", "x"], ["run"], ["run", "--fold", "0", "--mapping", "spider"]],
)
def test_the_command_says_how_it_is_used(arguments):
    result = CliRunner().invoke(app, ["export", "segmentation", "--version", "1.0.0", *arguments])
    assert result.exit_code == 2


def test_the_command_writes_what_the_service_loads(written, tmp_path):
    models = tmp_path / "models"
    steps = ["--from-nnunet", written("a"), "--second-step", written("b", STEP_2)]
    arguments = [*steps, "--mapping", "totalspineseg", "--version", "1.2.3", "-m", models]
    result = CliRunner().invoke(app, ["export", "segmentation", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    model = read_unapproved(models)
    assert model.reference.version == "1.2.3"
    assert result.output.strip() == model.reference.card_sha256
