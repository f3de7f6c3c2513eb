import numpy as np
import pytest

from phantom.protocols import coarser
from phantom.rendering import render
from research.cohort import SubjectRecord, write_subject
from research.measurements import Data
from research.validation.age import chain, kinds
from research.validation.age.outcomes import Outcome, read_outcomes
from research.validation.age.service import ServiceCase, service_rows
from research.worlds.age import Part, scans, seeds
from research.worlds.age_kinds import DISEASES, Kind, Rendered
from spine.errors import Code, Refusal
from spine.imaging.volume import Volume
from spine.inference.models import Models


@pytest.fixture(scope="module")
def scan():
    return next(scans(Part.TEST, seeds(Part.TEST)[0]))


@pytest.fixture(scope="module")
def rendered(scan):
    protocol = coarser(scan.protocol, 3.6)
    found = render(scan.subject, protocol, np.random.default_rng(0), sub_slices=1)
    return Rendered(scan.subject, protocol, found.volume, found.labels)


@pytest.fixture
def models():
    """None whose networks may be asked."""
    missing = Refusal(Code.MODEL_MISSING, "No spine age model is installed.", "age")
    return Models(segmentation=None, age=missing, discs={})


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.T1_WEIGHTED, Code.NO_CANDIDATE),
        (Kind.FEW_SLICES, Code.TOO_FEW_SLICES),
        (Kind.EMPTY_MASK, Code.TOO_FEW_VERTEBRAE),
    ],
)
def test_what_needs_no_network_is_refused_before_one_is_asked(kind, code, rendered, scan, models):
    found = kinds.judge(kind, rendered, scan, models)

    assert found.code == code
    assert (found.kind, found.case, found.uncorrected_years) == (kind, scan.name, None)


def test_the_plain_study_behind_those_is_a_candidate(rendered, scan, tmp_path):
    """Without it, a fault of the writer would pass for a refusal of T1."""
    from phantom.write_study import one_series, write_study
    from spine import pipeline

    write_study([one_series(rendered.volume, scan.protocol)], tmp_path)
    found = pipeline.select(pipeline.load(tmp_path, chain.SETTINGS), chain.SETTINGS)

    assert found.refusal is None
    assert found.volume.data.shape == rendered.volume.data.shape


def test_ages_of_the_header_are_judged_behind_one_segmentation(rendered, scan, models, monkeypatch):
    asked, ages = [], []
    nothing = Refusal(Code.TOO_FEW_VERTEBRAE, "none", "study")
    monkeypatch.setattr(chain, "segment", lambda *given: asked.append(given) or nothing)
    monkeypatch.setattr(chain, "estimate", lambda _, age, __: ages.append(age) or nothing)
    wanted = [Kind.PLAIN, Kind.AGE_12, Kind.AGE_90, Kind.AGE_UNKNOWN]

    found = list(kinds._outcomes(wanted, rendered, scan, models))

    assert [one.kind for one in found] == wanted
    assert len(asked) == 1
    assert ages == [scan.subject.age_years, 12.0, 90.0, None]


def test_a_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    """Two subjects of each part; an executor of this process runs what is missing."""

    class Here:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return False

        map = staticmethod(map)

    ran = []

    def outcomes_of(wanted, _, scan, __):
        ran.extend((kind, scan.name) for kind in wanted)
        return [Outcome(kind, scan.name, "", 50.0, 23, 0.1) for kind in wanted]

    monkeypatch.setattr(kinds, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(kinds, "rendered_scan", lambda *_: None)
    monkeypatch.setattr(kinds, "_outcomes", outcomes_of)
    monkeypatch.setattr(chain, "models_of", lambda _: None)
    plan = kinds.KindsPlan(tmp_path, tmp_path / "kinds.csv", None, cases=2)

    first = kinds.run_kinds(plan)
    whole = list(ran)
    plan.outcomes.write_text("".join(plan.outcomes.read_text().splitlines(keepends=True)[:-3]))
    ran.clear()
    again = kinds.run_kinds(plan)

    # Two test subjects of every kind that is no disease, two diseased ones.
    assert len(whole) == len(set(whole)) == 2 * (len(Kind) - len(DISEASES)) + 2
    assert len(ran) == 3
    assert set(again) == set(first) == set(read_outcomes(plan.outcomes))


def test_a_scan_on_disk_is_read_and_not_rendered(scan, rendered, tmp_path):
    record = SubjectRecord(scan.name, scan.subject.age_years, scan.subject.sex, {})
    marked = Volume(rendered.volume.data + 1000, rendered.volume.affine)
    write_subject(tmp_path, record, marked, rendered.labels)

    found = kinds.rendered_scan(scan, tmp_path)

    np.testing.assert_allclose(found.volume.data, marked.data)
    np.testing.assert_array_equal(found.labels.data, rendered.labels.data)


def test_the_service_must_agree_with_the_table_on_true_labels_alone():
    cases = [
        ServiceCase("a", 50.0, 50.0004, 51.0, ""),
        ServiceCase("b", 60.0, 59.9998, 58.0, ""),
        ServiceCase("c", 60.0, 60.0, None, "LEVEL_GAP"),
    ]

    most, mean, spread, refused = service_rows(cases, Data.SYNTHETIC)

    assert most.value == pytest.approx(4e-4)
    assert (most.target, most.met, most.n) == (1e-3, True, 3)
    assert mean.value == pytest.approx(-0.5)
    # Differences of +1 and -2.
    assert spread.value == pytest.approx(np.sqrt(4.5))
    assert refused.value == 1
    assert service_rows([], Data.SYNTHETIC)[0].met is False
