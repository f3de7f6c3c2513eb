from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research.estimators.columns import report_columns, tabulate_columns
from research.estimators.faults import Fault, ReportsError
from research.estimators.schema import read_reports, write_reports
from tests.research.estimators.reports import rows

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "reports-schema.md"


@pytest.fixture
def read(tmp_path):
    def _read(*changes, drop=(), add=()):
        table = rows(*changes).drop(columns=list(drop)).assign(**dict(add))
        table.to_csv(tmp_path / "reports.csv", index=False)
        return read_reports(tmp_path / "reports.csv")

    return _read


def faults(reports):
    return list(reports.set_aside[["row", "column", "fault"]].itertuples(index=False, name=None))


def test_there_are_208_cells_of_conditions_and_7_pathologies():
    kinds = [column.kind for column in report_columns()]

    assert kinds.count("severity") == 26 * 8
    assert kinds.count("flag") == 7 + 4


def test_cells_become_codes_and_empty_ones_mean_absent_or_not_known(read):
    reports = read(
        {"L4_disc_bulge": "Severe", "T13_endplate_change": "present", "fracture": "True"},
        {"packs_per_day": "0.5", "heavy_work": "1.0", "L5_desiccation": "near_complete"},
    )

    first, second = reports.table.to_dict("records")
    assert (first["L4_disc_bulge"], first["T13_endplate_change"], first["fracture"]) == (3, 1, 1)
    assert (first["L5_disc_bulge"], second["fracture"]) == (0, 0)
    assert np.isnan(first["packs_per_day"])
    assert np.isnan(first["heavy_work"])
    assert (second["packs_per_day"], second["heavy_work"], second["L5_desiccation"]) == (0.5, 1, 4)
    assert second["scan_date"] == pd.Timestamp("2019-03-01")
    assert list(reports.table.index) == [2, 3]


BAD = [
    ({"series": ""}, "series", Fault.EMPTY),
    ({"sex": "x"}, "sex", Fault.SEX_UNKNOWN),
    ({"age_years": "old"}, "age_years", Fault.AGE_IMPOSSIBLE),
    ({"age_years": "-3"}, "age_years", Fault.AGE_IMPOSSIBLE),
    ({"age_years": "444"}, "age_years", Fault.AGE_IMPOSSIBLE),
    ({"age_years": "24.9"}, "age_years", Fault.AGE_OUT_OF_RANGE),
    ({"age_years": "85"}, "age_years", Fault.AGE_OUT_OF_RANGE),
    ({"scan_date": "01.02.2019"}, "scan_date", Fault.DATE_INVALID),
    ({"L4_disc_bulge": "huge"}, "L4_disc_bulge", Fault.SEVERITY_UNKNOWN),
    ({"L4_extrusion": "severe"}, "L4_extrusion", Fault.SEVERITY_UNKNOWN),
    ({"L4_disc_bulge": "near_complete"}, "L4_disc_bulge", Fault.SEVERITY_UNKNOWN),
    ({"fracture": "2"}, "fracture", Fault.FLAG_INVALID),
    ({"heavy_work": "often"}, "heavy_work", Fault.FLAG_INVALID),
    ({"alcohol_days_per_week": "8"}, "alcohol_days_per_week", Fault.NUMBER_INVALID),
    ({"packs_per_day": "nan"}, "packs_per_day", Fault.NUMBER_INVALID),
]
"""Change of a row, column and fault that are told of it."""


def test_rows_that_cannot_be_read_are_set_aside_with_row_and_column(read):
    reports = read({"series": "first"}, *(change for change, _, _ in BAD), {"series": "last"})

    assert faults(reports) == [(row, c, fault) for row, (_, c, fault) in enumerate(BAD, start=3)]
    assert list(reports.table["series"]) == ["first", "last"]
    assert reports.rows == len(BAD) + 2


def test_reasons_never_show_what_a_cell_holds(read):
    reports = read({"L4_disc_bulge": "mild, Jane Doe"}, {"age_years": "4444"})

    told = " ".join(reports.set_aside["reason"])
    assert "Jane" not in told
    assert "4444" not in told


def test_of_equal_rows_the_first_is_kept_and_of_unequal_ones_none(read):
    same = {"series": "a", "patient": "p"}
    other = {"series": "b", "patient": "q"}
    reports = read(same, other, same, other | {"fracture": "1"})

    assert faults(reports) == [
        (3, "series", Fault.SERIES_CONFLICT),
        (4, "series", Fault.SERIES_DUPLICATE),
        (5, "series", Fault.SERIES_CONFLICT),
    ]
    assert list(reports.table["series"]) == ["a"]


def test_rows_of_one_person_must_agree_on_sex_and_birthday(read):
    reports = read(
        {"patient": "a", "age_years": "44"},
        {"patient": "a", "age_years": "46", "scan_date": "2020-06-01"},
        {"patient": "b", "age_years": "44"},
        {"patient": "b", "age_years": "50", "scan_date": "2020-06-01"},
        {"patient": "c"},
        {"patient": "c", "sex": "F"},
    )

    assert faults(reports) == [
        (4, "age_years", Fault.AGE_CONFLICT),
        (5, "age_years", Fault.AGE_CONFLICT),
        (6, "sex", Fault.SEX_CONFLICT),
        (7, "sex", Fault.SEX_CONFLICT),
    ]


def test_unknown_doubled_and_missing_columns_are_told_at_once(tmp_path):
    table = rows({}).drop(columns=["fracture"]).rename(columns={"L4_disc_bulge": "L4_disc_buldge"})
    lines = table.to_csv(index=False).splitlines()
    (tmp_path / "r.csv").write_text(
        "\n".join(f"{line},{end}" for line, end in zip(lines, ("sex", "M"), strict=True))
    )

    with pytest.raises(ReportsError) as error:
        read_reports(tmp_path / "r.csv")

    assert str(error.value).splitlines() == [
        "column 'L4_disc_buldge' is unknown; 'L4_disc_bulge' is known",
        "column 'sex' stands twice",
        "required columns are missing: fracture, L4_disc_bulge",
    ]


def test_optional_columns_that_are_missing_are_named_as_omitted(read):
    reports = read({}, drop=["packs_per_day", "tarlov_cyst", "L7_protrusion"])

    assert reports.omitted == ("packs_per_day", "tarlov_cyst", "L7_protrusion")
    assert reports.set_aside.empty
    assert "packs_per_day" not in reports.table


@pytest.mark.parametrize("content", ["", "series,patient\n", "sex\nM,F\nM,F\n", "\xff\xfe"])
def test_a_file_that_is_no_table_is_refused(tmp_path, content):
    (tmp_path / "r.csv").write_bytes(content.encode("latin-1"))

    with pytest.raises(ReportsError, match=r"not a table|no rows"):
        read_reports(tmp_path / "r.csv")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ReportsError, match="no such file"):
        read_reports(tmp_path / "r.parquet")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_written_reports_are_read_as_they_were(read, tmp_path, ending):
    table = read(
        {"L4_disc_bulge": "moderate", "packs_per_day": "0.25", "fracture": "1"},
        {"sex": "F", "moderate_exercise": "0", "predicted_age_years": "47.123"},
    ).table

    write_reports(table, tmp_path / f"again.{ending}")

    again = read_reports(tmp_path / f"again.{ending}")
    pd.testing.assert_frame_equal(again.table, table, check_like=True)


def test_numbers_and_booleans_of_a_parquet_table_are_read(tmp_path):
    table = (
        rows({}, {})
        .astype({"age_years": float})
        .assign(
            fracture=[True, False],
            scan_date=pd.to_datetime(["2019-03-01", "2020-05-02"]),
            packs_per_day=[np.nan, 1.5],
        )
    )
    table.to_parquet(tmp_path / "r.parquet")

    reports = read_reports(tmp_path / "r.parquet")

    assert reports.set_aside.empty
    assert list(reports.table["fracture"]) == [1, 0]
    assert reports.table["scan_date"].iloc[1] == pd.Timestamp("2020-05-02")
    assert np.isnan(reports.table["packs_per_day"].iloc[0])


def test_the_page_lists_the_columns():
    assert tabulate_columns() in PAGE.read_text()
