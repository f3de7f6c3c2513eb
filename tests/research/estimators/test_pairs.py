from collections import Counter

from research.estimators.pairs import PairList, condition_pairs, severities
from research.estimators.vocabulary import Condition, Severity


def test_every_list_has_twenty_pairs_and_its_own_missing_severe():
    lists = {which: set(condition_pairs(which)) for which in PairList}

    assert {len(pairs) for pairs in lists.values()} == {20}
    everything = set.union(*lists.values())
    missing = {which: everything - pairs for which, pairs in lists.items()}
    assert all(len(pairs) == 1 for pairs in missing.values())
    assert len({next(iter(pairs)).condition for pairs in missing.values()}) == 4
    assert {next(iter(pairs)).severity for pairs in missing.values()} == {Severity.SEVERE}


def test_the_shipped_list_has_the_pairs_of_the_papers_tables():
    counts = Counter(pair.condition for pair in condition_pairs())

    assert [counts[condition] for condition in Condition] == [3, 3, 3, 3, 2, 4, 1, 1]
    assert severities(Condition.DESICCATION)[-1] is Severity.NEAR_COMPLETE
