"""The rows of writing: every kind is written, and what writes less is no result."""

from dataclasses import replace

import pytest

from bench.writing import SEGMENTS, whole_spine, written
from spine.reporting.kinds import Kind

pytestmark = pytest.mark.slow


def test_every_kind_of_object_of_forty_segments_is_written(tmp_path):
    findings = whole_spine(tmp_path / "study")

    assert len(set(findings.segmentation.labels.data.ravel().tolist())) == 1 + SEGMENTS
    assert written(findings, frozenset(Kind), tmp_path).cpu_s > 0


def test_a_kind_that_is_not_written_is_no_figure(tmp_path):
    findings = whole_spine(tmp_path / "study")
    without_heat = replace(findings, age=replace(findings.age, heat=None))

    with pytest.raises(AssertionError, match="not written: heat-map"):
        written(without_heat, frozenset({Kind.REPORT, Kind.HEAT_MAP}), tmp_path)
