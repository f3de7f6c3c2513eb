"""Findings as groups of a measurement report: one group a result, also for what is refused.

OHIF 3.13 shows a group by its first number, which therefore is always something truly
measured and carries the point on the image; and it keeps only the comment once a reader
takes the result over, which therefore says everything (docs/adr/0041).
"""

from pydicom.sr.coding import Code

from spine.anatomy.geometry import DiscGeometry
from spine.anatomy.grades import Progression
from spine.anatomy.levels import DiscLevel
from spine.dicom import codes
from spine.errors import Code as RefusalCode
from spine.errors import Refusal
from spine.findings import (
    AgeEstimate,
    DiscAssessment,
    Findings,
    ModelReference,
    ScaleForecast,
    Segmentation,
)
from spine.reporting import disc_items, wording, wording_age, wording_course, wording_discs
from spine.reporting.course import EarlierStudy, course
from spine.reporting.doubts import cautions, models_of
from spine.reporting.group import Group, Number
from spine.reporting.sources import Anchor, SourceSeries

# Lines in the margin: of a group of four numbers, and the last that has room below it.
_TALL = 1.7
_LAST_MARGIN_LINE = 9.0


def groups_from_findings(
    findings: Findings, source: SourceSeries, revision: int = 1
) -> tuple[Group, ...]:
    """Make the groups: the study if refused, doubtful or revised, the age, each disc.

    Last, what reports on earlier studies say.
    """
    builder = _Builder(findings, source, revision)
    groups = [*builder.study(), builder.age(findings.age)]
    groups += [builder.disc(disc) for disc in findings.discs]
    return (*groups, *builder.earlier(course(findings).studies))


class _Builder:
    """Knows what was measured, and counts the groups that lie in the picture's margin."""

    def __init__(self, findings: Findings, source: SourceSeries, revision: int) -> None:
        self._revision = revision
        self._findings = findings
        self._source = source
        segmentation = findings.segmentation
        self._segmentation = segmentation if isinstance(segmentation, Segmentation) else None
        self._margin_lines = 0.0

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
            self._age_sentence(age),
            codes.SPINE_AGE,
            codes.SPINE,
            self._margin_anchor(_TALL),
            _age_numbers(age),
            (age.model, *self._segmenter()),
            texts=(*_age_texts(age), (codes.EVIDENCE, str(age.evidence))),
        )

    def _age_sentence(self, age: AgeEstimate) -> str:
        change = wording_course.change_sentence(course(self._findings), age)
        return " ".join(filter(None, (wording_age.age_sentence(age), change)))

    def earlier(self, studies: tuple[EarlierStudy, ...]) -> list[Group]:
        """Set what earlier reports say under names of its own, the oldest study first.

        The latest stand in the margin of the middle frame; what has no room there, where its
        text would lie over another's, on the first frames.
        """
        inner: list[Anchor] = []
        while len(inner) < len(studies) and self._margin_lines <= _LAST_MARGIN_LINE:
            inner.append(self._margin_anchor(_TALL))
        outer = map(self._source.outer_anchor, range(len(studies) - len(inner)))
        anchors = [*inner, *outer]
        return [_earlier(*item) for item in zip(studies, reversed(anchors), strict=True)]

    def disc(self, disc: DiscAssessment | Refusal) -> Group:
        if isinstance(disc, Refusal):
            return self._refused_disc(disc)
        forecasts = [item for item in disc.forecasts if isinstance(item, ScaleForecast)]
        refusals = [item for item in disc.forecasts if isinstance(item, Refusal)]
        anchor, measured = self._measured(disc.level)
        models = [model for item in forecasts for model in models_of(item)]
        return Group(
            str(disc.level),
            wording_discs.disc_sentence(disc),
            codes.INTERVERTEBRAL_DISC,
            codes.DISC_CODES[disc.level],
            anchor,
            (measured, *_risks(forecasts)),
            tuple(dict.fromkeys((*models, *self._segmenter()))),
            tuple(state for item in forecasts for state in disc_items.states(item)),
            (*map(_refusal_text, refusals), *disc_items.texts(forecasts)),
        )

    def _refused_disc(self, refusal: Refusal) -> Group:
        # A name that may be wrong is given as a word alone: no code, place or height under it.
        is_named = refusal.code is not RefusalCode.LEVEL_UNCERTAIN
        level = _level_from_subject(refusal.subject) if is_named else None
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

    def _margin_anchor(self, lines: float = 1.0) -> Anchor:
        """Return the next free point in the margin, for a group that takes so many lines."""
        anchor = self._source.margin_anchor(self._margin_lines)
        self._margin_lines += lines
        return anchor


def _age_numbers(age: AgeEstimate) -> tuple[Number, ...]:
    return (
        Number(codes.SPINE_AGE, age.predicted_age_years, codes.YEARS),
        Number(codes.SPINE_AGE_GAP, age.age_gap_years, codes.YEARS),
        Number(codes.SUBJECT_AGE, age.chronological_age_years, codes.YEARS),
        Number(codes.SPINE_AGE_RAW, age.uncorrected_age_years, codes.YEARS),
    )


def _earlier(study: EarlierStudy, anchor: Anchor) -> Group:
    return Group(
        f"earlier {study.prior.study_date}",
        wording_course.earlier_sentence(study),
        codes.EARLIER_STUDY,
        codes.SPINE,
        anchor,
        _earlier_numbers(study),
        texts=() if study.age is None else ((codes.EVIDENCE, study.age.evidence),),
        earlier=study,
    )


def _earlier_numbers(study: EarlierStudy) -> tuple[Number, ...]:
    """Return how long ago first: it is always known, and OHIF shows a group by it."""
    ago = Number(codes.EARLIER_YEARS, study.years_before, codes.YEARS)
    if study.age is None:
        return (ago,)
    return (
        ago,
        Number(codes.EARLIER_AGE, study.age.predicted_age_years, codes.YEARS),
        Number(codes.EARLIER_AGE_GAP, study.age.age_gap_years, codes.YEARS),
        Number(codes.EARLIER_SUBJECT, study.age.chronological_age_years, codes.YEARS),
    )


def _age_texts(age: AgeEstimate) -> tuple[tuple[Code, str], ...]:
    """Return what the model's error makes of it; as texts, since four numbers are the most."""
    if age.interval is None:
        return ()
    expected = f"{wording_age.expected_ages(age.interval)}: {wording_age.age_difference(age)}"
    return (
        (codes.SPINE_AGE_EXPECTED, expected),
        (codes.SPINE_AGE_PERCENTILE, wording_age.percentile_sentence(age.interval)),
    )


def _risks(forecasts: list[ScaleForecast]) -> tuple[Number, ...]:
    """Return probabilities in percent; a disc that cannot progress has none."""
    return tuple(
        Number(codes.RISK_CODES[item.scale], 100 * item.progression_probability, codes.PERCENT)
        for item in forecasts
        if item.progression_probability is not None
        and item.progression is not Progression.NOT_AT_RISK
    )


def _refusal_text(refusal: Refusal) -> tuple[Code, str]:
    return codes.REFUSAL, f"{refusal.subject}: {refusal.code}"


def _level_from_subject(subject: str) -> DiscLevel | None:
    name = subject.split(" ", 1)[0]
    return DiscLevel(name) if name in set(DiscLevel) else None
