import pandas as pd
import pytest

from research.estimators.clustered import Estimate
from research.estimators.gap_and_age import Interaction
from research.estimators.odds import Cells, ConditionOdds, OddsRatio
from research.estimators.terms import terms
from research.validation.spine_age.pictures import Step, draw_flow, draw_interaction, draw_odds


def test_boxes_and_what_was_left_out_stand_in_the_flow():
    figure = draw_flow([Step("10 rows"), Step("8 series", "2 rows set aside")])

    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {"10 rows", "8 series", "2 rows set aside"} <= set(texts)


def test_a_condition_nobody_has_keeps_its_line_without_a_dot():
    known, unknown = OddsRatio(2.0, 1.0, 4.0), OddsRatio(*[float("nan")] * 3)
    lines = [
        ConditionOdds(terms()[0], Cells(2, 2, 1, 2), known, known),
        ConditionOdds(terms()[14], Cells(0, 2, 0, 2), unknown, unknown),
    ]

    axes = draw_odds(lines).axes[0]

    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["Lumbar: Mild disc bulge (No.>2)", "Spondylolisthesis"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [dot.get_xdata().tolist() for dot in dots] == [[2.0], [2.0]]


def test_lines_have_the_estimated_slopes():
    slope, flat = Estimate(-0.1, -0.2, 0.0, 0.1), Estimate(0.0, 0.0, 0.0, 1.0)
    found = Interaction(slope, flat, slope, flat, 4, 2)
    means = pd.DataFrame(
        {
            "bracket": [30, 30, 60, 60],
            "does": [False, True, False, True],
            "mean": [0.0, 2.0, 0.0, -1.0],
            "sem": [0.1] * 4,
            "count": [5] * 4,
        }
    )

    drawn = draw_interaction(means, found, "does").axes[0].lines[0]

    low, high = drawn.get_ydata()
    assert (high - low) / 60 == pytest.approx(-0.1)
