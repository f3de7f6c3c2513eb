import numpy as np
import pytest

from research.estimators.discs.learning_curve import draw, read_curve, tabulate, tabulate_begun
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort, write


def test_the_curve_runs_by_number_of_patients_not_by_name(tmp_path):
    for size, sight in ((0, 0.0), (50, 0.3), (200, 0.9)):
        (tmp_path / str(size)).mkdir()
        discs = cohort(Scale.PFIRRMANN, patients=60, sight=sight)
        write(discs, tmp_path / str(size) / "predictions-pfirrmann.csv")
    (tmp_path / "log").mkdir()

    curve = read_curve(tmp_path, np.random.default_rng(0))

    assert list(curve) == [Scale.PFIRRMANN]
    assert [size for size, _ in curve[Scale.PFIRRMANN]] == [0, 50, 200]
    areas = [figures["AUC"].value for _, figures in curve[Scale.PFIRRMANN]]
    assert areas == sorted(areas)
    assert tabulate(curve).frame["patients"].tolist() == [0, 50, 200]
    assert draw(curve).figure.axes[0].get_xlabel() == "patients learned from"


def test_a_folder_without_runs_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no <patients>"):
        read_curve(tmp_path, np.random.default_rng(0))


def test_what_training_anew_gives_stands_beside_where_it_was_written(tmp_path):
    assert tabulate_begun(tmp_path) == []
    lines = ["patients,begun,progression AUC", "0,shipped,0.7", "50,anew,0.6", "50,shipped,0.8"]
    (tmp_path / "learning-curve-bulging.csv").write_text("\n".join(lines) + "\n")

    (table,) = tabulate_begun(tmp_path)

    assert table.frame["scale"].tolist() == ["bulging"] * 3
    assert table.frame["progression AUC"].tolist() == [0.7, 0.6, 0.8]
