"""The series to analyze: rules refuse, points rank, decoding decides."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from spine.dicom.confidentiality import no_values_in_logs
from spine.dicom.frames import frames_from_instance
from spine.dicom.rules import Objection, RuleSettings, not_an_mr_image, objections
from spine.dicom.scoring import Score, score
from spine.dicom.stacks import Stack, split_stacks
from spine.dicom.study import FramePlane, Selection, Series, SeriesDecision, Study
from spine.dicom.volume import VolumeLimits, volume_from_frames
from spine.errors import Code, GeometryError, Refusal, UnsuitableSeriesError
from spine.imaging.volume import Volume


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """What makes a candidate, and what its volume must satisfy."""

    rules: RuleSettings = field(default_factory=RuleSettings)
    volume: VolumeLimits = field(default_factory=VolumeLimits)


@dataclass(frozen=True, slots=True, eq=False)
class _Assessment:
    """A stack of a series, judged: a candidate has no objections, anything else no score."""

    series: Series
    frames: Stack
    objections: tuple[Objection, ...]
    score: Score | None

    @property
    def points(self) -> float:
        return 0.0 if self.score is None else self.score.points


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """A candidate with its volume, or with the defect that it has none for."""

    candidate: _Assessment
    volume: Volume | None
    planes: tuple[FramePlane, ...]
    defect: Objection | None


def select(study: Study, settings: SelectionSettings) -> Selection:
    """Choose the best sagittal T2 stack of a study and decode it.

    Candidates are tried from the best downward. Where one cannot be made into a volume its
    decision takes the code and the next is tried; where none can, the best one's defect is
    the refusal.
    """
    with no_values_in_logs():
        return _select(study, settings)


def _select(study: Study, settings: SelectionSettings) -> Selection:
    assessments = {
        series.series_instance_uid: _assess(series, settings.rules) for series in study.series
    }
    attempts = list(_attempts(_ranked(assessments.values()), settings.volume))
    decisions = tuple(_decision(uid, found, attempts) for uid, found in assessments.items())
    if not attempts:
        return Selection(study, None, (), None, decisions, _no_candidate(decisions))
    chosen = attempts[-1] if attempts[-1].defect is None else attempts[0]
    refusal = None if chosen.defect is None else Refusal(*chosen.defect, subject="study")
    return Selection(
        study, chosen.candidate.series, chosen.planes, chosen.volume, decisions, refusal
    )


def _assess(series: Series, settings: RuleSettings) -> list[_Assessment]:
    """Judge each stack of a series, most promising first."""
    firsts = [next(frames_from_instance(instance)) for instance in series.instances]
    images = [frame for frame in firsts if not_an_mr_image((frame,), settings) is None]
    if not images:
        return [_Assessment(series, (), tuple(objections(tuple(firsts), settings)), None)]
    frames = [each for image in images for each in frames_from_instance(image.instance)]
    found = [
        _Assessment(series, stack, against, None if against else score(stack))
        for stack in split_stacks(frames)
        for against in [tuple(objections(stack, settings))]
    ]
    return sorted(found, key=lambda item: (-item.points, len(item.objections)))


def _ranked(groups: Iterable[list[_Assessment]]) -> list[_Assessment]:
    candidates = [item for group in groups for item in group if not item.objections]
    return sorted(candidates, key=lambda item: (-item.points, item.series.series_instance_uid))


def _attempts(candidates: Iterable[_Assessment], limits: VolumeLimits) -> Iterator[_Attempt]:
    """Decode candidates until one succeeds, which is the last attempt then."""
    for candidate in candidates:
        try:
            volume, planes = volume_from_frames(candidate.frames, limits)
        except (UnsuitableSeriesError, GeometryError) as error:
            planes = tuple(frame.plane for frame in candidate.frames if frame.plane is not None)
            yield _Attempt(candidate, None, planes, (error.code, error.reason))
        else:
            yield _Attempt(candidate, volume, planes, None)
            return


def _decision(uid: str, found: list[_Assessment], attempts: list[_Attempt]) -> SeriesDecision:
    """Say of a series what was decided by its best stack."""
    best = found[0]
    if best.score is None:
        codes, reasons = zip(*best.objections, strict=True)
        return SeriesDecision(uid, 0.0, False, codes, reasons)
    of_series = [attempt for attempt in attempts if attempt.candidate in found]
    defects = [attempt.defect for attempt in of_series if attempt.defect is not None]
    is_taken = len(defects) < len(of_series)
    if is_taken:
        return SeriesDecision(uid, best.points, True, (), best.score.reasons)
    if defects:
        code, reason = defects[0]
        return SeriesDecision(uid, best.points, False, (code,), (*best.score.reasons, reason))
    return SeriesDecision(
        uid, best.points, False, (), (*best.score.reasons, "another series scored higher")
    )


def _no_candidate(decisions: Iterable[SeriesDecision]) -> Refusal:
    """Say why there is no candidate: each series' first objection, like ones counted."""
    counts = Counter(f"{decision.codes[0]}: {decision.reasons[0]}" for decision in decisions)
    reasons = "; ".join(
        sentence if count == 1 else f"{sentence} ({count} series)"
        for sentence, count in counts.items()
    )
    return Refusal(
        Code.NO_CANDIDATE, f"no sagittal T2-weighted MR series of the spine ({reasons})", "study"
    )
