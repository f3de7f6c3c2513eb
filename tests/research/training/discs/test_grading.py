import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from research.estimators.discs.gradings import gradings_file, read_gradings
from research.estimators.discs.model_baseline import baseline_file
from research.export import Origin, data_of, write_model
from research.labeled.mapping_file import load_mapping
from research.training.discs import grading, plans, shipping
from research.training.discs.baselines import grade_baselines
from research.training.discs.fit_settings import FitSettings
from research.training.discs.graded_regions import (
    GradedRegions,
    OneDisc,
    middle_spec,
    regions_of_readers,
)
from research.training.discs.grading import (
    RealData,
    Work,
    finetune_grading,
    train_grading,
)
from research.training.discs.plans import Computer, ProgressionPlan
from research.training.discs.predictions import read_predictions
from research.training.discs.progression import Source, train_progression
from research.training.discs.shipping import export_progression
from research.training.discs.starts import read_shipped, start_of_grading, start_of_progression
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.inference.cards import CARD_FILE, card_from_json
from spine.inference.models import disc_name
from spine.inference.weights import WEIGHTS_FILE, bytes_from_network, load_weights
from spine.networks.vgg_m import VGGM, VGGMWidths
from spine.preprocessing.disc import DiscSpec
from tests.research.training.discs.planted import planted_rows

pytestmark = pytest.mark.slow

LAYERS = VGGMWidths((8, 16, 16, 16, 16), 128)
SETTINGS = FitSettings(epochs=12, learning_rate=3e-3, batch_size=8)
LEVELS = (DiscLevel.L4_L5, DiscLevel.L5_S1)
MERGED = load_mapping("spider-merged")
SHAPE = (9, 96, 128)


@pytest.fixture
def models(tmp_path):
    """A progression model that has learned nothing."""
    torch.manual_seed(0)
    write_model(
        tmp_path / "models",
        {WEIGHTS_FILE: bytes_from_network(VGGM(SHAPE, 4, LAYERS))},
        name=disc_name(Scale.BULGING),
        version="0.1.0",
        input=asdict(DiscSpec(Scale.BULGING)),
        widths=asdict(LAYERS),
        data=data_of("none", 0, 0, 0),
        metrics=(),
    )
    return tmp_path / "models"


@pytest.fixture
def planted(monkeypatch):
    """Twenty patients with two discs each; a region is as bright as its grade."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(0, 0.3, (40, *SHAPE)).astype(np.float16)
    discs = []
    for patient in range(20):
        for place, level in enumerate(LEVELS):
            grade = (patient + place) % 3
            inputs[len(discs), :, 32:64, 32:96] += 2 * grade - 2
            discs.append(OneDisc(f"p{patient:02}", level, {Scale.BULGING: grade}, None))
    regions = GradedRegions(inputs, tuple(discs), left_out=3)
    monkeypatch.setattr(grading, "regions_of_readers", lambda *_: regions)
    monkeypatch.setattr(grading, "regions_of_phantoms", lambda *_: regions)
    return RealData(Path("data"), MERGED)


def work(run, scale=Scale.BULGING):
    return Work(run, [scale], Computer(), SETTINGS)


def finetune(data, run, models):
    return list(finetune_grading(data, work(run), models, folds=4))


def test_every_disc_is_graded_once_by_a_network_that_did_not_know_its_patient(
    planted, models, tmp_path
):
    (line,) = finetune(planted, tmp_path / "run", models)

    found = read_gradings(tmp_path / "run" / gradings_file(Scale.BULGING), Scale.BULGING)
    assert len(found) == 40
    assert found.classes.tolist() == [0, 1, 2]
    assert len(np.unique(found.fold)) == 4
    for number in range(4):
        told = json.loads((tmp_path / f"run/bulging/fold-{number}/temperature.json").read_text())
        tested = len(set(found.patient[found.fold == number]))
        assert told["training_patients"] + told["validation_patients"] + tested == 20
    # What is planted is learned: by chance a third would be right.
    assert (found.answer == found.grade).mean() > 0.8
    assert "40 discs, 3 without a region" in line


def test_a_network_of_phantoms_is_measured_on_people_it_did_not_know_and_begun_with(
    planted, models, tmp_path, monkeypatch
):
    monkeypatch.setattr(plans, "NARROW", LAYERS)
    run = tmp_path / "phantoms"

    (line,) = train_grading(tmp_path, work(run))

    lines = (run / "grading-bulging.csv").read_text().splitlines()
    assert lines[0].startswith("patient_id,level,fold,grade,p0")
    assert len(lines) == 1 + 2 * 20 // 5
    assert "40 discs" in line
    trained = (run / "bulging" / "all" / "best.safetensors").read_bytes()
    assert start_of_grading(run, Scale.BULGING) == (trained, LAYERS)

    list(export_progression(run, tmp_path / "out", "0.1.0", Origin("synthetic")))

    card = card_from_json((tmp_path / "out/disc-bulging-grade" / CARD_FILE).read_bytes())
    assert card.input.slice_spacing_mm == middle_spec().slice_spacing_mm
    assert card.classes == ((0,), (1,), (2, 3))
    assert (card.data.real_patients, card.data.test_subjects) == (0, 4)
    assert "every disc is graded" in card.data.description
    assert "20 to 80 years" in card.data.population
    assert {metric.data for metric in card.metrics} == {"synthetic"}


def test_baseline_images_are_graded_as_the_report_reads_them(
    planted, cohort, tmp_path, monkeypatch
):
    monkeypatch.setattr(plans, "NARROW", LAYERS)
    list(train_grading(tmp_path, work(tmp_path / "phantoms")))
    run = tmp_path / "run"
    plans.keep_plan(run, ProgressionPlan(folds=3))

    (line,) = grade_baselines(cohort, run, tmp_path / "phantoms", Computer())

    assert line == "bulging: baseline-bulging.csv, 60 discs"
    found = read_gradings(run / baseline_file(Scale.BULGING), Scale.BULGING)
    rows = {(row.patient_id, row.level.value): row for row in planted_rows(30)}
    asked = [rows[disc] for disc in zip(found.patient, found.level, strict=True)]
    assert len(set(asked)) == 60
    assert found.grade.tolist() == [row.baseline for row in asked]
    assert len(np.unique(found.fold)) == 3
    # The planted image shows the follow-up grade.
    assert (found.answer == [row.followup for row in asked]).mean() > 0.8


def test_a_run_without_grading_networks_grades_nothing(cohort, tmp_path):
    plans.keep_plan(tmp_path / "run", ProgressionPlan(folds=3))
    with pytest.raises(ValueError, match="no grading network"):
        list(grade_baselines(cohort, tmp_path / "run", tmp_path / "none", Computer()))


def test_a_progression_network_answers_for_the_lowest_grade_of_an_open_class(models):
    weights, layers = start_of_grading(models, Scale.BULGING)
    shipped, begun = VGGM(SHAPE, 4, LAYERS), VGGM(SHAPE, 3, LAYERS)
    load_weights(shipped, read_shipped(models, disc_name(Scale.BULGING))[0])
    load_weights(begun, weights)

    assert layers == LAYERS
    disc = torch.randn(2, *SHAPE)
    with torch.inference_mode():
        expected, found = shipped.eval()(disc), begun.eval()(disc)
    assert torch.allclose(found, expected[:, :3], atol=1e-6)


def test_each_grade_of_an_open_class_begins_with_the_answer_of_the_class(
    planted, tmp_path, monkeypatch
):
    monkeypatch.setattr(plans, "NARROW", LAYERS)
    list(train_grading(tmp_path, work(tmp_path / "phantoms")))

    weights, layers = start_of_progression(tmp_path / "phantoms", Scale.BULGING)

    graded, begun = VGGM(SHAPE, 3, LAYERS), VGGM(SHAPE, 4, LAYERS)
    load_weights(graded, start_of_grading(tmp_path / "phantoms", Scale.BULGING)[0])
    load_weights(begun, weights)
    assert layers == LAYERS
    disc = torch.randn(2, *SHAPE)
    with torch.inference_mode():
        expected, found = graded.eval()(disc), begun.eval()(disc)
    assert torch.allclose(found, expected[:, [0, 1, 2, 2]], atol=1e-6)


def test_progression_begins_with_grading_networks(planted, cohort, tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "NARROW", LAYERS)
    list(train_grading(tmp_path, work(tmp_path / "phantoms")))
    still = FitSettings(epochs=2, learning_rate=1e-9, weight_decay=0, batch_size=16)

    def accuracy(name, start):
        run = tmp_path / name
        plan, source = ProgressionPlan(2, settings=still), Source(cohort, start)
        list(train_progression(source, run, plan, [Scale.BULGING], [0], Computer()))
        told = json.loads((run / "plan.json").read_text())
        assert told["begun_with_grading"] == (start is not None)
        found = read_predictions(run, Scale.BULGING)
        return (found.predicted == found.followup).mean()

    # Nothing is learned: what is known is what was begun with.
    assert accuracy("begun", tmp_path / "phantoms") > 0.8
    assert accuracy("anew", None) < 0.6


def test_what_may_know_the_people_is_begun_with_by_nobody(planted, models, tmp_path):
    finetune(planted, tmp_path / "run", models)
    with pytest.raises(ValueError, match="not of phantoms"):
        start_of_progression(tmp_path / "run", Scale.BULGING)


def test_phantoms_are_not_exported_as_patients(planted, tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "NARROW", LAYERS)
    list(train_grading(tmp_path, work(tmp_path / "run")))
    with pytest.raises(ValueError, match="its data are synthetic"):
        list(export_progression(tmp_path / "run", tmp_path, "0.1.0", Origin("real", "p")))


def test_what_ships_names_its_data_and_takes_the_middle_of_a_disc(planted, models, tmp_path):
    finetune(planted, tmp_path / "run", models)
    with pytest.raises(ValueError, match="must state its population"):
        Origin("real")

    (line,) = export_progression(
        tmp_path / "run", tmp_path / "out", "0.1.0", Origin("real", "somebody's patients")
    )

    card = card_from_json((tmp_path / "out/disc-bulging-grade" / CARD_FILE).read_bytes())
    assert card.input.slice_spacing_mm == middle_spec().slice_spacing_mm == 2
    assert card.classes == ((0,), (1,), (2, 3))
    assert any("SPIDER: van der Graaf" in text and "CC BY 4.0" in text for text in card.attribution)
    assert (card.data.real_patients, card.data.test_subjects) == (20, 20)
    assert "finetuned on readers' grades" in card.data.description
    assert {metric.data for metric in card.metrics} == {"real"}
    assert "quadratic kappa" in line


@pytest.mark.parametrize("met", [True, False])
def test_evidence_is_retrospective_where_the_targets_are_met_on_patients(
    planted, models, tmp_path, monkeypatch, met
):
    finetune(planted, tmp_path / "run", models)
    monkeypatch.setattr(shipping, "real_gradings", lambda run, data, _: (run.name, data.name))
    asked = []
    monkeypatch.setattr(shipping, "meets_targets", lambda *given: asked.append(given) or met)

    origin = Origin("real", "somebody's patients", tmp_path / "data")
    list(export_progression(tmp_path / "run", tmp_path, "0.1.0", origin))

    card = card_from_json((tmp_path / "disc-bulging-grade" / CARD_FILE).read_bytes())
    assert card.evidence == ("retrospective" if met else "synthetic")
    assert (("run", "data"), Scale.BULGING) in asked


def test_phantoms_are_no_evidence(planted, tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "NARROW", LAYERS)
    list(train_grading(tmp_path, work(tmp_path / "run")))
    origin = Origin("synthetic", readers=tmp_path / "data")
    with pytest.raises(ValueError, match="not measured on readers' grades"):
        list(export_progression(tmp_path / "run", tmp_path, "0.1.0", origin))


def test_only_the_scales_asked_for_are_written(planted, models, tmp_path):
    finetune(planted, tmp_path / "run", models)
    with pytest.raises(ValueError, match="no network on everybody"):
        list(
            export_progression(
                tmp_path / "run", tmp_path, "0.1.0", Origin("real", "p"), [Scale.PFIRRMANN]
            )
        )


def test_a_scale_that_nobody_graded_is_refused(planted, tmp_path):
    with pytest.raises(ValueError, match="no disc is graded on the scale pfirrmann"):
        list(train_grading(tmp_path, work(tmp_path / "run", Scale.PFIRRMANN)))


def test_graded_discs_of_a_thin_slab_have_a_region(real_data, tmp_path):
    for name in ("subjects.csv", "gradings.csv"):
        shutil.copy(real_data / name, tmp_path)
    for path in real_data.glob("5_*"):
        (tmp_path / path.name).symlink_to(path)

    regions = regions_of_readers(tmp_path, MERGED)

    levels = [disc.level for disc in regions.discs]
    assert levels[:5] == [
        DiscLevel.L5_S1, DiscLevel.L4_L5, DiscLevel.L3_L4, DiscLevel.L2_L3, DiscLevel.L1_L2,
    ]  # fmt: skip
    assert regions.left_out == 0
    assert regions.inputs.shape == (len(levels), *SHAPE)
    # The slab of 16 mm, tilted against the region of 18 mm, fills all but its outermost slices.
    filled = (regions.inputs != 0).any(axis=(2, 3))
    assert filled[:, 1:-1].all()
