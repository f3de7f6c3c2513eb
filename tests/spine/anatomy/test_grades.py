"""The grading scales of P2."""

from spine.anatomy.grades import Scale


def test_scales_have_the_grades_of_p2():
    assert [int(grade) for grade in Scale.SCHNEIDERMAN.grades] == [0, 1, 2, 3]
    assert [int(grade) for grade in Scale.BULGING.grades] == [0, 1, 2, 3]
    assert [int(grade) for grade in Scale.PFIRRMANN.grades] == [1, 2, 3, 4, 5]
