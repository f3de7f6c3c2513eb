"""The series to analyze: rules refuse, points rank, decoding decides."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from spine.dicom.confidentiality import no_values_in_logs
from spine.dicom.frames import frames_from_instance
from spine.dicom.joined import joined_caution, refused_caution, volume_from_stations
from spine.dicom.rules import Objection, RuleSettings, not_an_mr_image, objections
from spine.dicom.scoring import Score, points_of_stations, score
from spine.dicom.stacks import Stack, split_stacks
from spine.dicom.stations import StationSettings, find_stations
from spine.dicom.study import FramePlane, Selection, Series, SeriesDecision, Station, Study
from spine.dicom.volume import VolumeLimits, volume_from_frames
from spine.errors import Caution, Code, GeometryError, Refusal, UnsuitableSeriesError
from spine.imaging.volume import Volume


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """What makes a candidate, what its volume must satisfy, and when stations are joined."""

    rules: RuleSettings = field(default_factory=RuleSettings)
    volume: VolumeLimits = field(default_factory=VolumeLimits)
    stations: StationSettings = field(default_factory=StationSettings)


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
class _Candidate:
    """One stack, or stations to be joined, head to foot."""

    parts: tuple[_Assessment, ...]
    points: float

    @property
    def lead(self) -> Series:
        """The series whose discs are looked at first: the lumbar station lies lowest."""
        return self.parts[-1].series


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """A candidate with its volume, or with the defect that it has none for.

    Attributes
    ----------
    planes : of each part
    """

    candidate: _Candidate
    volume: Volume | None
    planes: tuple[tuple[FramePlane, ...], ...]
    defect: Objection | None
    caution: Caution | None = None

    @property
    def is_joined(self) -> bool:
        return len(self.candidate.parts) > 1


def select(study: Study, settings: SelectionSettings) -> Selection:
    """Choose the best sagittal T2 stack of a study, or stations to join, and decode it.

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
    ranked = _ranked(assessments.values(), settings.stations)
    attempts = list(_attempts(ranked, settings))
    decisions = tuple(_decision(uid, found, attempts) for uid, found in assessments.items())
    if not attempts:
        return Selection(study, None, (), None, decisions, _no_candidate(decisions))
    chosen = attempts[-1]
    if chosen.defect is not None:
        chosen = next(attempt for attempt in attempts if not attempt.is_joined)
    return _selection(study, chosen, attempts, decisions)


def _selection(
    study: Study,
    chosen: _Attempt,
    attempts: list[_Attempt],
    decisions: tuple[SeriesDecision, ...],
) -> Selection:
    stations = tuple(
        Station(part.series, planes)
        for part, planes in zip(chosen.candidate.parts, chosen.planes, strict=True)
    )
    return Selection(
        study,
        chosen.candidate.lead,
        tuple(plane for planes in chosen.planes for plane in planes),
        chosen.volume,
        decisions,
        None if chosen.defect is None else Refusal(*chosen.defect, subject="study"),
        stations if chosen.is_joined else (),
        tuple(attempt.caution for attempt in attempts if attempt.caution is not None),
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


def _ranked(groups: Iterable[list[_Assessment]], settings: StationSettings) -> list[_Candidate]:
    """Return every stack, and stations to join if there are any, from the best downward."""
    single = [item for group in groups for item in group if not item.objections]
    candidates = [_Candidate((item,), item.points) for item in single]
    by_frame = {id(item.frames[0]): item for item in single}
    stations = find_stations([item.frames for item in single], settings)
    if stations:
        parts = tuple(by_frame[id(stack[0])] for stack in stations)
        # A chain that is worth joining comes before each of its stations.
        best_part = max(part.points for part in parts)
        candidates.append(_Candidate(parts, max(points_of_stations(stations), best_part + 1)))
    return sorted(candidates, key=lambda item: (-item.points, item.lead.series_instance_uid))


def _attempts(candidates: Iterable[_Candidate], settings: SelectionSettings) -> Iterator[_Attempt]:
    """Decode candidates until one succeeds, which is the last attempt then."""
    for candidate in candidates:
        stacks = [part.frames for part in candidate.parts]
        count = len(stacks)
        try:
            if count > 1:
                volume, planes = volume_from_stations(stacks, settings.volume, settings.stations)
            else:
                volume, only = volume_from_frames(stacks[0], settings.volume)
                planes = (only,)
        except (UnsuitableSeriesError, GeometryError) as error:
            planes = tuple(
                tuple(frame.plane for frame in stack if frame.plane is not None) for stack in stacks
            )
            caution = refused_caution(error) if count > 1 else None
            yield _Attempt(candidate, None, planes, (error.code, error.reason), caution)
        else:
            caution = joined_caution(count) if count > 1 else None
            yield _Attempt(candidate, volume, planes, None, caution)
            return


def _decision(uid: str, found: list[_Assessment], attempts: list[_Attempt]) -> SeriesDecision:
    """Say of a series what was decided by its best stack."""
    best = found[0]
    if best.score is None:
        codes, reasons = zip(*best.objections, strict=True)
        return SeriesDecision(uid, 0.0, False, codes, reasons)
    tried = [item for item in attempts if any(part in found for part in item.candidate.parts)]
    defects = [_defect(item) for item in tried if item.defect is not None]
    reasons = (*best.score.reasons, *(reason for _, reason in defects))
    taken = next((item for item in tried if item.defect is None), None)
    if taken is not None:
        together = len(taken.candidate.parts)
        joined = (f"joined with {together - 1} more",) if taken.is_joined else ()
        return SeriesDecision(uid, best.points, True, (), (*reasons, *joined))
    if not defects:
        reasons = (*reasons, "another series scored higher")
    return SeriesDecision(uid, best.points, False, tuple(code for code, _ in defects[:1]), reasons)


def _defect(attempt: _Attempt) -> Objection:
    code, reason = attempt.defect or (Code.INTERNAL, "")
    return code, f"not joined with others: {reason}" if attempt.is_joined else reason


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
