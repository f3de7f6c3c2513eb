from research.cohort import SubjectRecord
from research.validation.age.flow import brackets_table, flow_table, seen_in, seen_in_records
from research.validation.age.predictions import Prediction
from research.worlds.age import Part


def said(part, name, person, sex, age):
    return Prediction(part, name, person, sex, age, "S1", "A", age)


SEEN = [
    *seen_in(
        [
            said(Part.TEST, "a", "a", "M", 25.0),
            said(Part.TEST, "b", "b", "F", 34.99),
            said(Part.TEST, "c", "c", "F", 90.0),
            said(Part.REPEATS, "d-1", "d", "M", 44.0),
            said(Part.REPEATS, "d-2", "d", "M", 45.5),
        ]
    ),
    *seen_in_records(Part.TRAINING, [SubjectRecord("t", 84.9, "F", {})]),
]


def test_scans_are_counted_by_completed_years_beside_table_1():
    table = brackets_table(SEEN).set_index("age, years")

    assert table.loc["25-34", "test, M"] == 1
    assert table.loc["25-34", "test, F"] == 1
    assert table.loc["35-44", "repeats, M"] == 1
    assert table.loc["45-54", "repeats, M"] == 1
    assert table.loc["75-84", "training, F"] == 1
    assert table["test, F"].sum() == 1
    # P1's column sums.
    assert table["P1 normal, M"].sum() == 5468
    assert table["P1 normal, F"].sum() == 5143


def test_the_flow_counts_people_once_and_tells_who_is_outside():
    table = flow_table(SEEN).set_index("part")

    assert list(table.index) == ["training", "test", "repeats"]
    assert (table.loc["repeats", "scans"], table.loc["repeats", "people"]) == (2, 1)
    assert table.loc["test", "outside 25-84 years"] == 1
    assert table.loc["test", "men, %"] == 100 / 3
