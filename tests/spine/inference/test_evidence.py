import pytest

from spine.errors import Code
from spine.findings import Evidence
from spine.inference.evidence import withhold


@pytest.mark.parametrize("evidence", Evidence)
@pytest.mark.parametrize("minimum", Evidence)
def test_only_weaker_evidence_is_withheld(evidence, minimum):
    refusal = withhold(evidence, minimum, "age")

    assert (refusal is not None) == (evidence.rank < minimum.rank)
    if refusal is not None:
        assert refusal.code is Code.MODEL_NOT_VALIDATED
        assert refusal.subject == "age"
