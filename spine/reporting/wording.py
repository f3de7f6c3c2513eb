"""Every sentence that a reader meets; of spine age, its heat and discs in `wording_age` and so on.

After a viewer has taken a result over ("hydrated" it), only the comment is left
of it: each comment therefore begins with what the result must not be used for.
"""

from collections.abc import Sequence
from datetime import datetime

from spine.anatomy.grades import Scale
from spine.errors import Caution, Refusal
from spine.findings import Evidence, ModelReference, Segmentation

RESEARCH_ONLY = "Research use only"
RESEARCH_NOTICE = "Research use only. Not a medical device; not for diagnosis or treatment."
DEMONSTRATION_NOTICE = "DEMONSTRATION MODEL – NOT FOR PATIENTS"
NOT_GIVEN = "not given"

REJECTION_SERIES = f"SpineMAP rejection note – {RESEARCH_ONLY}"
REJECTION_DESCRIPTION = "SpineMAP withdraws these results. Do not use them."

# The summary page.
PAGE_TITLE = "SpineMAP: spine age and disc progression"
AGE_HEADING = "Spine age"
NO_PICTURE = "No picture: the pixels could not be used."
REFUSALS_HEADING = "Not given, and why"
CAUTIONS_HEADING = "Cautions"

_FOUR_LETTERS = {
    "vertebrae": "Vert",
    "discs": "Disc",
    "canal and cord": "Cord",
    "ribs": "Ribs",
    "summary page": "Page",
    "measurement report": "Text",
    "label map": "LMap",
    "key pictures": "Keys",
    "heat map, older": "HtOl",
    "heat map, younger": "HtYo",
    "summary document": "Docu",
    "text report": "Read",
}


def comment_prefix(*, demonstration: bool) -> str:
    """Return the words that every comment begins with."""
    return "DEMO – NOT FOR PATIENTS" if demonstration else "RESEARCH"


def series_description(
    content: str, station: int | None = None, *, demonstration: bool, revision: int = 1
) -> str:
    """Describe a series in at most 64 bytes of UTF-8, which the two notices nearly fill.

    A revision is named where there is room: not beside both notices.

    Parameters
    ----------
    station : on whose images the series lies, counted from the head; None of one image series
    """
    number = "" if station is None else str(station)
    if demonstration:
        letters = _FOUR_LETTERS[content][: 4 - len(number)] + number
        return f"{letters} {DEMONSTRATION_NOTICE}. {RESEARCH_ONLY}"
    words = f"{content} {number}".rstrip()
    later = "" if revision == 1 else f", rev. {revision}"
    return f"SpineMAP {words}{later} – {RESEARCH_ONLY}"


def notices(*, demonstration: bool) -> tuple[str, ...]:
    """Return the notices that every object carries, the gravest first."""
    return (DEMONSTRATION_NOTICE, RESEARCH_NOTICE) if demonstration else (RESEARCH_NOTICE,)


def revision_words(revision: int) -> str:
    """Say beside a page's title that it replaces an earlier one; empty for a first result."""
    return "" if revision == 1 else f"revision {revision}, replaces revision {revision - 1}"


def document_title(revision: int, *, demonstration: bool) -> str:
    """Name the document where a list shows nothing but titles."""
    notice = f"{DEMONSTRATION_NOTICE}. {RESEARCH_ONLY}" if demonstration else RESEARCH_ONLY
    later = revision_words(revision)
    title = f"{PAGE_TITLE} · {later}" if later else PAGE_TITLE
    return f"{title} – {notice}"


def key_title(number: int, count: int) -> str:
    """Name a key picture by its slice, counted from the patient's left."""
    return f"SpineMAP: levels and discs, sagittal slice {number} of {count} from the left"


def revision_sentence(revision: int) -> str:
    """Say that this result replaces an earlier one about the same study, and why.

    Images may have come late, or have been rejected: either way others were analyzed.
    """
    return (
        f"Revision {revision}: replaces revision {revision - 1}, "
        "after which the images of the study changed."
    )


def refusal_sentence(refusal: Refusal) -> str:
    """Say what was not given, the code and the reason."""
    return f"{subject(refusal.subject)} {NOT_GIVEN}: {refusal.code}. {refusal.reason}"


def grouped_refusal(code: str, reason: str, subjects: Sequence[str]) -> str:
    """Say one reason once, for everything it kept back."""
    return f"{code}: {reason} ({', '.join(_shortened(subjects))})"


def _shortened(subjects: Sequence[str]) -> list[str]:
    """Name a disc once where all of its scales are listed."""
    words: list[str] = []
    for name in subjects:
        level = name.split(" ", 1)[0]
        whole = all(f"{level} {scale}" in subjects for scale in Scale)
        words.append(level if whole else subject(name))
    return list(dict.fromkeys(words))


def subject(name: str) -> str:
    """Name what a refusal is about."""
    return {"age": "spine age", "study": "analysis"}.get(name, name)


def caution_sentence(caution: Caution) -> str:
    """Say a doubt with its code."""
    return f"{caution.code}: {caution.reason}"


def caution_comment(cautions: Sequence[Caution]) -> str:
    """Say all doubts about the study in one comment."""
    return "cautions: " + " ".join(caution_sentence(caution) for caution in cautions)


def more_in_report(count: int, *, shown: int) -> str:
    """Say that the page has no room for the rest."""
    return f"{f'… and {count} more' if shown else count}, in the structured report."


def picture_caption(segmentation: Segmentation | Refusal) -> str:
    """Say what the slice shows, and how far its level names can be trusted."""
    if isinstance(segmentation, Refusal):
        return "Middle slice. A: anterior, P: posterior. Not segmented."
    caption = key_caption(segmentation)
    # Below the picture there is room for a doubt or for this.
    return f"Mid-sagittal. {caption}" if segmentation.quality.levels_certain else caption


def key_caption(segmentation: Segmentation) -> str:
    """Say how to read a slice, and how far its level names can be trusted."""
    doubt = "" if segmentation.quality.levels_certain else " LEVEL NAMES UNCERTAIN."
    count = segmentation.quality.vertebra_count
    return f"A: anterior, P: posterior. {count} vertebrae found.{doubt}"


def evidence_line(evidence: Evidence | None) -> str:
    """Say what the page's numbers rest on."""
    if evidence is None:
        return "No model's prediction is given on this page."
    words = {
        Evidence.SYNTHETIC: "not validated on patients, clinical performance unknown",
        Evidence.RETROSPECTIVE: "retrospective, patients not used in training",
        Evidence.PROSPECTIVE: "prospective",
    }
    return f"Evidence: {words[evidence]}."


def models_line(models: Sequence[ModelReference], code_version: str) -> str:
    """Name the software and every model with its version and evidence."""
    return f"SpineMAP {code_version}. Models: " + ", ".join(model_name(model) for model in models)


def model_name(model: ModelReference) -> str:
    """Name a model with its version and evidence."""
    return f"{model.name} {model.version} ({model.evidence})"


def evidence_of(model: ModelReference) -> str:
    """Say in at most 64 characters what a segmentation rests on."""
    return f"{RESEARCH_ONLY}; evidence of the model: {model.evidence}"


def analysis_line(moment: datetime) -> str:
    """Say when the analysis was made."""
    return f"Analyzed {moment:%Y-%m-%d %H:%M %Z}. Values and reasons in full: structured report."


def percent(probability: float) -> str:
    """Print a probability."""
    return f"{100 * probability:.0f}%"
