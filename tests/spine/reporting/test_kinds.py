import pytest

from spine.reporting.kinds import DEFAULT_KINDS, Kind, in_order, kind_of

STORAGE = "1.2.840.10008.5.1.4.1.1."


@pytest.mark.parametrize(
    ("sop_class", "file_name", "kind"),
    [
        ("66.4", "1-segmentation-vertebrae.dcm", Kind.SEGMENTATION),
        ("66.7", "5-label-map.dcm", Kind.LABEL_MAP),
        ("30", "9-heat-map-older.dcm", Kind.HEAT_MAP),
        ("88.34", "6-structured-report.dcm", Kind.REPORT),
        ("88.33", "6-structured-report.dcm", Kind.REPORT),
        ("88.22", "7-text-report.dcm", Kind.TEXT_REPORT),
        ("104.1", "6-document.dcm", Kind.DOCUMENT),
        ("7", "5-secondary-capture.dcm", Kind.PICTURE),
        ("7", "12-key-picture-3.dcm", Kind.KEY_PICTURES),
        ("7", "", Kind.PICTURE),
        ("7.4", "of-another-version.dcm", Kind.PICTURE),
    ],
)
def test_kind_follows_from_the_sop_class_and_among_captures_from_the_file(
    sop_class, file_name, kind
):
    assert kind_of(STORAGE + sop_class, file_name) is kind


def test_defaults_are_what_most_archives_show_and_reports_come_last():
    assert in_order(DEFAULT_KINDS) == [Kind.SEGMENTATION, Kind.PICTURE, Kind.REPORT]
    assert in_order(set(Kind))[-2:] == [Kind.REPORT, Kind.TEXT_REPORT]
