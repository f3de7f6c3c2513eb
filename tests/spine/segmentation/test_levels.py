import pytest

from spine.anatomy.levels import Level
from spine.segmentation.levels import Anchors, Vote, column, name_levels

CERVICAL, THORACIC, LUMBAR = Vote(1, 0, 0), Vote(0, 1, 0), Vote(0, 0, 1)
FROM_SACRUM = Anchors(axis_above=False, sacrum_below=True)
BOTH = Anchors(axis_above=True, sacrum_below=True)
NONE = Anchors(axis_above=False, sacrum_below=False)


def test_one_doubtful_vertebra_does_not_change_the_usual_count():
    votes = [THORACIC] * 2 + [Vote(0, 0.7, 0.3)] + [LUMBAR] * 4
    named = name_levels(votes, FROM_SACRUM)
    assert named.levels[-5:] == tuple(Level(f"L{n}") for n in range(1, 6))


def test_clear_votes_change_it():
    named = name_levels([THORACIC] * 2 + [LUMBAR] * 6, FROM_SACRUM)
    assert named.levels[-1] is Level.L6


def test_an_unusual_count_is_certain_only_between_both_anchors():
    below = [THORACIC] * 2 + [LUMBAR] * 6
    whole = [CERVICAL] * 6 + [THORACIC] * 12 + [LUMBAR] * 6
    assert not name_levels(below, FROM_SACRUM).is_certain
    assert not name_levels([LUMBAR] * 6, FROM_SACRUM).is_certain
    assert name_levels(whole, BOTH).levels == column(12, 6)
    assert name_levels(whole, BOTH).is_certain


def test_the_usual_count_is_certain_from_the_sacrum_alone():
    named = name_levels([THORACIC] * 2 + [LUMBAR] * 5, FROM_SACRUM)
    assert named.levels == column(12, 5)[-7:]
    assert named.is_certain


def test_a_missed_vertebra_keeps_its_place_in_the_count():
    votes = [*[CERVICAL] * 6, *[THORACIC] * 5, None, *[THORACIC] * 6, *[LUMBAR] * 5]
    named = name_levels(votes, BOTH)
    assert named.levels == column(12, 5)


def test_between_the_anchors_the_number_of_vertebrae_decides():
    votes = [*[CERVICAL] * 6, *[THORACIC] * 12, Vote(0, 0.5, 0.5), *[LUMBAR] * 5]
    named = name_levels(votes, BOTH)
    assert named.levels in (column(13, 5), column(12, 6))


def test_without_anchor_names_are_uncertain():
    named = name_levels([THORACIC] * 3 + [LUMBAR] * 3, NONE)
    assert named.levels[3] is Level.L1
    assert not named.is_certain


def test_anchors_that_contradict_every_count_leave_names_uncertain():
    votes = [*[CERVICAL] * 6, *[THORACIC] * 6, *[LUMBAR] * 5]
    named = name_levels(votes, BOTH)
    assert named.levels[-1] is Level.L5
    assert not named.is_certain


@pytest.mark.parametrize("anchors", [BOTH, FROM_SACRUM, NONE])
def test_more_vertebrae_than_any_spine_has_get_no_names(anchors):
    assert name_levels([THORACIC] * 40, anchors) is None


def test_two_vertebrae_seen_as_one_leave_the_others_their_names_but_uncertain():
    named = name_levels([*[CERVICAL] * 5, *[THORACIC] * 12, *[LUMBAR] * 5], BOTH)
    assert named.levels[-17:] == column(12, 5)[-17:]
    assert not named.is_certain
