import numpy as np
import pytest

from research.estimators.discs import population, tables
from research.estimators.discs.answers import Source
from research.estimators.discs.evaluation import COLUMNS, evaluate
from research.estimators.discs.pictures import draw_calibration, draw_decision_curve
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort

pytestmark = pytest.mark.slow

NO_IMAGE = ["always", "never", "baseline grade only", "baseline grade only, best F1",
            "age + level", "baseline grade + age + level"]  # fmt: skip


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(cohort(Scale.SCHNEIDERMAN, patients=60), [], np.random.default_rng(0))


def test_what_needs_no_image_stands_beside_the_model_in_every_table(evaluation):
    every = [
        tables.table_4(evaluation), tables.pooled(evaluation), tables.chances(evaluation),
        tables.follow_up_grades(evaluation), *tables.by_group(evaluation),
    ]  # fmt: skip

    assert len(every) == 4 + 7
    for table in every:
        rows = [row for row in table.frame["row"] if not row.startswith("P2")]
        repeats = len(rows) // 7
        assert rows == ["model", *NO_IMAGE] * repeats, table.name


def test_table_4_shows_printed_and_measured_alike(evaluation):
    frame = tables.table_4(evaluation).frame.set_index("row")
    accuracy = evaluation.figures.query("grouping == 'all' and row == 'model'").set_index("measure")

    assert frame.at["P2, as printed", "accuracy"] == "90.2 ± 0.9"
    mean, deviation = accuracy.loc["accuracy", ["fold mean", "fold SD"]] * 100
    assert frame.at["model", "accuracy"] == f"{mean:.1f} ± {deviation:.1f}"
    assert frame.at["never", "precision"] == "–"


def test_printed_counts_give_the_pooled_f1():
    small = cohort(Scale.BULGING, patients=30)
    found = evaluate(small, [], np.random.default_rng(0), by_group=False)

    printed = tables.pooled(found).frame.set_index("row").loc["P2, from its printed counts"]

    assert (printed["accuracy"], printed["F1"]) == ("90.4", "78.9")


def test_figures_hold_every_digit_of_every_group(evaluation):
    figures = evaluation.figures

    assert list(figures.columns) == list(COLUMNS)
    parts = figures.query("grouping == 'sex' and row == 'model' and measure == 'accuracy'")
    weighted = np.average(parts["value"], weights=parts["discs"])
    everybody = figures.query("grouping == 'all' and row == 'model' and measure == 'accuracy'")
    assert weighted == pytest.approx(everybody["value"].iloc[0])
    assert everybody["patients"].iloc[0] == 60


def test_states_count_every_disc_once(evaluation):
    frame = tables.states(evaluation, [Source.MODEL, Source.NEVER]).frame

    assert len(frame) == 10
    for _, own in frame.groupby("row"):
        assert own["discs"].sum() == 300
        came = [column for column in own if column.startswith("came")]
        assert own[came].to_numpy().sum() == 300
    never = frame[frame["row"] == "never"].set_index("said")
    assert never.at["progressed", "discs"] == 0
    assert never.at["unchanged", "discs"] == evaluation.predictions.at_risk.sum()


def test_population_stands_beside_tables_1_to_3():
    studies = {scale: cohort(scale, patients=60) for scale in Scale}

    people, progression = (table.frame for table in population.table_1(studies))
    grades, given = population.table_2(studies).frame, population.table_3(studies).frame

    assert people.query("group == 'female'")["P2"].tolist() == [819]
    assert people.groupby("")["people"].sum().tolist() == [60] * 3
    assert len(progression) == 9
    assert grades.query("grade != 'progressed'").groupby(["scale", "when"])[
        "here, %"
    ].sum().to_numpy() == pytest.approx(100)
    assert grades.query("scale == 'pfirrmann' and grade == 'progressed'")["P2"].tolist() == [14.1]
    assert len(given) == 16 + 16 + 25


def test_pictures_are_drawn_of_every_answer(evaluation):
    calibration = draw_calibration(evaluation)
    decisions = draw_decision_curve(evaluation)

    names = [text.get_text() for text in calibration.figure.axes[0].get_legend().get_texts()]
    assert names == ["right", "model", "baseline grade only"]
    names = [text.get_text() for text in decisions.figure.axes[0].get_legend().get_texts()]
    assert names == ["model", "baseline grade only", "age + level", "baseline grade + age + level",
                     "all discs", "no disc"]  # fmt: skip
