import dataclasses

from spine.findings_heat import LimitedValue
from spine.reporting import wording_heat


def test_shares_of_heat_are_said_with_their_limits(with_heat):
    heat = with_heat.age.heat
    assert wording_heat.shares(heat) == (
        "Outside the spine: 42%; limit 30%",
        "Above C2: not known; limit 10%",
    )
    free = dataclasses.replace(heat, above_c2=LimitedValue(0.02, None))
    assert wording_heat.shares(free)[1] == "Above C2: 2%; the model's card states no limit"


def test_resolution_of_the_heat_is_said_in_millimeters(with_heat):
    assert "29 mm from front to back and 29 mm high" in wording_heat.resolution(with_heat.age.heat)
