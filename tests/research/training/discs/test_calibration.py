import numpy as np
import pytest

from research.training.discs.calibration import fit_temperature, probabilities


def test_temperature_of_overconfident_logits_is_recovered():
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 1.5, (20_000, 4))
    targets = np.array([rng.choice(4, p=chances) for chances in probabilities(honest)])

    assert fit_temperature(2.5 * honest, targets) == pytest.approx(2.5, rel=0.05)
    assert fit_temperature(honest, targets) == pytest.approx(1.0, rel=0.05)


def test_probabilities_by_hand_and_an_argmax_that_no_temperature_changes():
    logits = np.log([[1.0, 3.0]])

    assert probabilities(logits) == pytest.approx(np.array([[0.25, 0.75]]))
    assert probabilities(2 * logits, 2.0) == pytest.approx(np.array([[0.25, 0.75]]))
    assert (probabilities(logits, 5.0).argmax(axis=1) == 1).all()
