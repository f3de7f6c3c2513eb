import copy
import json
from typing import Any

import pytest

from app.acceptance_table import Row, difference_lines, differences, rows_from_results

RESULTS: dict[str, Any] = {
    "run": {"run_id": "1.2.3.1", "analysis_time": "2026-01-02"},
    "models": [{"name": "age-dcnn", "card_sha256": "ab", "version": "1"}],
    "segmentation": {
        "refusal": None,
        "vertebra_count": 23,
        "vertebrae": [
            {
                "level": "L4",
                "center": [1.0, 2.0, 3.0],
                "width": {"value": 40.0, "unit": "mm"},
                "wedge_ratio": {"value": 0.9, "unit": "1"},
            }
        ],
    },
    "age": {"refusal": {"code": "BIAS_UNRELIABLE", "reason": "prose", "subject": "age"}},
    "discs": [
        {"level": "L4/L5", "forecasts": [{"scale": "pfirrmann", "probabilities": [0.25, 0.75]}]},
        {"level": None, "refusal": {"code": "X", "reason": "", "subject": "L5/S1"}},
    ],
    "objects": [
        {"kind": "SR", "file": "a.dcm", "sha256": "1", "sop_instance_uid": "1.2"},
        {"kind": "SR", "file": "b.dcm", "sha256": "2", "sop_instance_uid": "1.3"},
    ],
}
EXPECTED = rows_from_results(RESULTS)


def _changed(path: tuple[Any, ...], value: object) -> list[str]:
    """Return the names of what differs after one value was changed."""
    results = copy.deepcopy(RESULTS)
    place = results
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return [item.name for item in differences(EXPECTED, rows_from_results(results))]


def test_values_are_named_by_level_scale_and_kind() -> None:
    assert EXPECTED["segmentation vertebrae L4 width value"] == Row(40.0, 0.5)
    assert EXPECTED["discs L4/L5 forecasts pfirrmann probabilities 1"] == Row(0.75, 0.01)
    assert EXPECTED["discs L5/S1 refusal code"] == Row("X")
    assert EXPECTED["models age-dcnn card_sha256"] == Row("ab")


def test_two_of_a_name_are_both_kept() -> None:
    kinds = [name for name in EXPECTED if name.startswith("objects SR kind")]
    assert kinds == ["objects SR kind", "objects SR kind (2)"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("run", "analysis_time"), "2027-01-02"),
        (("age", "refusal", "reason"), "other prose"),
        (("objects", 0, "sop_instance_uid"), "1.9"),
        (("segmentation", "vertebrae", 0, "width", "value"), 40.4),
        (("segmentation", "vertebrae", 0, "wedge_ratio", "value"), 0.94),
        (("discs", 0, "forecasts", 0, "probabilities", 0), 0.255),
    ],
)
def test_what_every_run_makes_anew_and_what_is_within_tolerance_is_accepted(
    path: tuple[Any, ...], value: object
) -> None:
    assert _changed(path, value) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("segmentation", "vertebra_count"), 24),
        (("segmentation", "vertebra_count"), True),
        (("segmentation", "vertebrae", 0, "width", "value"), 40.6),
        (("segmentation", "vertebrae", 0, "wedge_ratio", "value"), 0.96),
        (("segmentation", "vertebrae", 0, "width", "value"), None),
        (("segmentation", "vertebrae", 0, "center", 2), 2.0),
        (("discs", 0, "forecasts", 0, "probabilities", 0), 0.27),
        (("age", "refusal", "code"), "AGE_UNKNOWN"),
        (("models", 0, "card_sha256"), "cd"),
    ],
)
def test_every_other_change_is_a_difference(path: tuple[Any, ...], value: object) -> None:
    assert len(_changed(path, value)) == 1


def test_another_level_is_one_absent_and_one_unexpected() -> None:
    lines = list(difference_lines(differences({"a": Row(1, 0.0)}, {"b": Row(2.0, 0.5)})))
    assert lines[0].split() == ["VALUE", "RELEASED", "HERE", "TOLERANCE"]
    assert [line.split() for line in lines[1:]] == [["a", "1", "absent", "0"], ["b", "absent", "2"]]
    assert list(difference_lines([])) == []


def test_table_survives_json() -> None:
    written = json.loads(json.dumps({name: row.to_json() for name, row in EXPECTED.items()}))
    assert {name: Row.from_json(row) for name, row in written.items()} == EXPECTED


def test_earlier_studies_are_none_of_the_releases_values() -> None:
    course = {"studies": [], "cautions": [], "detectable_change": {"value": None, "unit": "years"}}
    assert rows_from_results({**RESULTS, "course": course}) == EXPECTED
