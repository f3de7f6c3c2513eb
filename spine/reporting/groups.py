"""Findings as groups of a measurement report: one group a result, also for what is refused.

OHIF 3.13 shows a group by its first number, which therefore is always something truly
measured and carries the point on the image; and it keeps only the comment once a reader
takes the result over, which therefore says everything (docs/adr/0041).
"""

from dataclasses import dataclass

from pydicom.sr.coding import Code

from spine.anatomy.geometry import DiscGeometry
from spine.anatomy.grades import Progression
from spine.anatomy.levels import DiscLevel
from spine.dicom import codes
from spine.errors import Refusal
from spine.findings import (
    AgeEstimate,
    DiscAssessment,
    Evidence,
    Findings,
    ModelReference,
    ScaleForecast,
    Segmentation,
)
from spine.reporting import wording
from spine.reporting.doubts import cautions
from spine.reporting.sources import Anchor, SourceSeries


@dataclass(frozen=True, slots=True)
class Number:
    """A measured or estimated value."""

    name: Code
    value: float
    unit: Code


@dataclass(frozen=True, slots=True)
class Group:
    """One result.

    Attributes
    ----------
    subject : ``"age"``, a disc level, ``"study"``
    sentence : what the reader shall know, without the prefix
    numbers : the first is truly measured and carries the anchor
    models : what the numbers come from, the most important first
    states : coded evaluations, name and value
    texts : evaluations that have no code: a refusal's code, the evidence
    """

    subject: str
    sentence: str
    finding: Code
    site: Code
    anchor: Anchor
    numbers: tuple[Number, ...]
    models: tuple[ModelReference, ...] = ()
    states: tuple[tuple[Code, Code], ...] = ()
    texts: tuple[tuple[Code, str], ...] = ()


def groups_from_findings(
    findings: Findings, source: SourceSeries, revision: int = 1
) -> tuple[Group, ...]:
    """Make the groups: the study if refused, doubtful or revised, the age, then each disc."""
    builder = _Builder(findings, source, revision)
    groups = [*builder.study(), builder.age(findings.age)]
    groups += [builder.disc(disc) for disc in findings.discs]
    return tuple(groups)


class _Builder:
    """Knows what was measured, and counts the groups that lie in the picture's margin."""

    def __init__(self, findings: Findings, source: SourceSeries, revision: int) -> None:
        self._revision = revision
        self._findings = findings
        self._source = source
        segmentation = findings.segmentation
        self._segmentation = segmentation if isinstance(segmentation, Segmentation) else None
        self._margin_lines = 0

    def study(self) -> list[Group]:
        found = [self._findings.selection.refusal, self._findings.segmentation]
        refusals = list(dict.fromkeys(item for item in found if isinstance(item, Refusal)))
        sentences = [wording.refusal_sentence(refusal) for refusal in refusals]
        if doubts := cautions(self._findings):
            sentences.append(wording.caution_comment(doubts))
        if self._revision > 1:
            sentences.insert(0, wording.revision_sentence(self._revision))
        if not sentences:
            return []
        texts = tuple(_refusal_text(refusal) for refusal in refusals)
        return [self._whole_spine("study", " ".join(sentences), codes.QUALITY_FINDING, texts)]

    def age(self, age: AgeEstimate | Refusal) -> Group:
        if isinstance(age, Refusal):
            sentence = wording.refusal_sentence(age)
            return self._whole_spine("age", sentence, codes.SPINE_AGE, (_refusal_text(age),))
        return Group(
            "age",
            wording.age_sentence(age),
            codes.SPINE_AGE,
            codes.SPINE,
            self._margin_anchor(),
            _age_numbers(age),
            (age.model, *self._segmenter()),
            texts=((codes.EVIDENCE, str(age.evidence)),),
        )

    def disc(self, disc: DiscAssessment | Refusal) -> Group:
        if isinstance(disc, Refusal):
            return self._refused_disc(disc)
        forecasts = [item for item in disc.forecasts if isinstance(item, ScaleForecast)]
        refusals = [item for item in disc.forecasts if isinstance(item, Refusal)]
        anchor, measured = self._measured(disc.level)
        texts = [_refusal_text(refusal) for refusal in refusals]
        if forecasts:
            evidence = Evidence.lowest(*(item.evidence for item in forecasts))
            texts.append((codes.EVIDENCE, str(evidence)))
        return Group(
            str(disc.level),
            wording.disc_sentence(disc),
            codes.INTERVERTEBRAL_DISC,
            codes.DISC_CODES[disc.level],
            anchor,
            (measured, *_risks(forecasts)),
            tuple(dict.fromkeys((*(item.model for item in forecasts), *self._segmenter()))),
            tuple(state for item in forecasts for state in _states(item)),
            tuple(texts),
        )

    def _refused_disc(self, refusal: Refusal) -> Group:
        level = _level_from_subject(refusal.subject)
        anchor, measured = self._measured(level)
        return Group(
            refusal.subject,
            wording.refusal_sentence(refusal),
            codes.INTERVERTEBRAL_DISC,
            codes.DISC_CODES[level] if level else codes.LUMBAR_SPINE,
            anchor,
            (measured,),
            self._segmenter(),
            texts=(_refusal_text(refusal),),
        )

    def _whole_spine(
        self, subject: str, sentence: str, finding: Code, texts: tuple[tuple[Code, str], ...]
    ) -> Group:
        number = self._count()
        anchor = self._margin_anchor()
        return Group(
            subject,
            sentence,
            finding,
            codes.SPINE,
            anchor,
            (number,),
            self._segmenter(),
            texts=texts,
        )

    def _segmenter(self) -> tuple[ModelReference, ...]:
        return () if self._segmentation is None else (self._segmentation.model,)

    def _measured(self, level: DiscLevel | None) -> tuple[Anchor, Number]:
        """Return a disc's center and height; where it was not found, what was counted instead."""
        disc = self._geometry(level)
        if disc is None or self._segmentation is None:
            return self._margin_anchor(), self._count()
        height = Number(codes.DISC_HEIGHT, disc.height_mm, codes.MILLIMETERS)
        return self._source.anchor_at(disc.frame.center), height

    def _geometry(self, level: DiscLevel | None) -> DiscGeometry | None:
        if level is None or self._segmentation is None:
            return None
        return self._segmentation.geometry.disc(level)

    def _count(self) -> Number:
        """Count vertebrae; where nothing was segmented, the frames received.

        Not a number without value: highdicom's reader fails on the whole report then.
        """
        if self._segmentation is None:
            return Number(codes.FRAME_COUNT, self._source.frame_count, codes.FRAMES)
        count = self._segmentation.quality.vertebra_count
        return Number(codes.VERTEBRA_COUNT, count, codes.VERTEBRAE)

    def _margin_anchor(self) -> Anchor:
        anchor = self._source.margin_anchor(self._margin_lines)
        self._margin_lines += 1
        return anchor


def _age_numbers(age: AgeEstimate) -> tuple[Number, ...]:
    return (
        Number(codes.SPINE_AGE, age.predicted_age_years, codes.YEARS),
        Number(codes.SPINE_AGE_GAP, age.age_gap_years, codes.YEARS),
        Number(codes.SUBJECT_AGE, age.chronological_age_years, codes.YEARS),
        Number(codes.SPINE_AGE_RAW, age.uncorrected_age_years, codes.YEARS),
    )


def _risks(forecasts: list[ScaleForecast]) -> tuple[Number, ...]:
    """Return probabilities in percent; a disc that cannot progress has none."""
    return tuple(
        Number(codes.RISK_CODES[item.scale], 100 * item.progression_probability, codes.PERCENT)
        for item in forecasts
        if item.progression_probability is not None
        and item.progression is not Progression.NOT_AT_RISK
    )


def _states(item: ScaleForecast) -> list[tuple[Code, Code]]:
    scale = item.scale
    states = [(codes.FORECAST_CODES[scale], codes.GRADE_CODES[scale, item.predicted_grade])]
    if item.baseline is not None:
        grade = codes.GRADE_CODES[scale, item.baseline.grade]
        states.insert(0, (codes.BASELINE_CODES[scale], grade))
    outcome = codes.PROGRESSION_STATE_CODES[item.progression]
    return [*states, (codes.PROGRESSION_CODES[scale], outcome)]


def _refusal_text(refusal: Refusal) -> tuple[Code, str]:
    return codes.REFUSAL, f"{refusal.subject}: {refusal.code}"


def _level_from_subject(subject: str) -> DiscLevel | None:
    name = subject.split(" ", 1)[0]
    return DiscLevel(name) if name in set(DiscLevel) else None
