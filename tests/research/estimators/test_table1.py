import pandas as pd
import pytest

from research.estimators.table1 import tabulate_classes


def test_classes_are_counted_by_sex_beside_the_published_ones():
    flags = pd.DataFrame(
        {
            "bracket": [30, 30, 30, 80],
            "sex": ["M", "F", "F", "M"],
            "normal": [True, True, False, False],
        }
    )

    table = tabulate_classes(flags).set_index("bracket")

    assert table.loc[30, ["normal_M", "normal_F", "abnormal_M", "abnormal_F"]].tolist() == [
        1, 1, 0, 1,
    ]  # fmt: skip
    assert table.loc[30, "abnormal_share"] == pytest.approx(1 / 3)
    # P1 prints 43.0 % in the youngest, 55.2 % in the oldest, 10,611 normal in all.
    assert table.loc[30, "abnormal_share_in_p1"] == pytest.approx(0.430, abs=0.0005)
    assert table.loc[80, "abnormal_share_in_p1"] == pytest.approx(0.552, abs=0.0005)
    assert table.loc[0, "normal_M_in_p1"] + table.loc[0, "normal_F_in_p1"] == 10_611
