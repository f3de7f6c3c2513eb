"""What kind of thing an instance is, by its SOP class."""

# Results, ours or another's, coming back into their study must not start it again:
# segmentations, structured reports, secondary captures, PDF, presentation states, key objects,
# parametric maps.
_RESULT_SOP_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.66.",
    "1.2.840.10008.5.1.4.1.1.88.",
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.104.",
    "1.2.840.10008.5.1.4.1.1.11.",
    "1.2.840.10008.5.1.4.1.1.30",
)

_KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"

# MR, Enhanced MR, Enhanced MR Color and Legacy Converted Enhanced MR Image Storage.
_MR_SOP_CLASSES = frozenset(f"1.2.840.10008.5.1.4.1.1.4{end}" for end in ("", ".1", ".3", ".4"))


def is_result(sop_class: str) -> bool:
    """Tell whether an instance is something said about a study rather than an image of it."""
    return sop_class.startswith(_RESULT_SOP_CLASSES)


def is_key_object_selection(sop_class: str) -> bool:
    """Tell whether an instance may be a rejection note."""
    return sop_class == _KEY_OBJECT_SELECTION


def is_mr(sop_class: str) -> bool:
    """Tell whether an instance is an MR image, the only kind that is analyzed."""
    return sop_class in _MR_SOP_CLASSES
