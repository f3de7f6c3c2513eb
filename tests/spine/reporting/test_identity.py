import dataclasses
from datetime import timedelta, timezone

import pytest

from spine.dicom.identifiers import is_uid
from spine.dicom.study import Prior
from spine.errors import Caution, Code
from spine.findings import Baseline
from spine.reporting.identity import Identity, ObjectKind

SR = ObjectKind.STRUCTURED_REPORT


def report_uid(findings, references, run) -> str:
    return Identity(findings, references, run).instance_uid(SR, "tid1500", 1)


def test_same_run_gives_same_identifiers_and_they_are_valid(findings, references, run):
    uid = report_uid(findings, references, run)
    assert uid == report_uid(findings, references, run)
    assert is_uid(uid)
    assert uid.startswith("2.25.")


def test_kind_encoding_and_number_tell_objects_apart(findings, references, run):
    identity = Identity(findings, references, run)
    uids = {
        identity.instance_uid(kind, encoding, number)
        for kind in ObjectKind
        for encoding in ("binary", "labelmap")
        for number in (1, 2)
    } | {identity.series_uid(kind, number) for kind in ObjectKind for number in (1, 2)}
    assert len(uids) == 3 * 2 * len(ObjectKind)


@pytest.mark.parametrize(
    "change",
    [
        {"settings_hash": "e" * 64},
        {"code_version": "0.1.1"},
        {"analysis_time": None},
    ],
)
def test_each_part_of_the_run_changes_the_identifiers(change, findings, references, run):
    if "analysis_time" in change:
        change = {"analysis_time": run.analysis_time + timedelta(seconds=1)}
    other = dataclasses.replace(run, **change)
    assert report_uid(findings, references, other) != report_uid(findings, references, run)


def test_where_a_run_writes_and_what_it_is_called_changes_nothing(
    findings, references, run, tmp_path
):
    other = dataclasses.replace(run, output=tmp_path / "elsewhere", run_id="1.2.3.4")
    assert report_uid(findings, references, other) == report_uid(findings, references, run)


def test_the_moment_counts_not_its_time_zone(findings, references, run):
    tokyo = run.analysis_time.astimezone(timezone(timedelta(hours=9)))
    other = dataclasses.replace(run, analysis_time=tokyo)
    assert report_uid(findings, references, other) == report_uid(findings, references, run)


def test_another_card_changes_the_identifiers(findings, references, run):
    changed = (dataclasses.replace(references[0], card_sha256="f" * 64), *references[1:])
    assert report_uid(findings, changed, run) != report_uid(findings, references, run)


def test_another_baseline_grade_changes_the_identifiers(findings, references, run):
    disc = findings.discs[0]
    first = dataclasses.replace(disc.forecasts[0], baseline=Baseline(3, "baseline table"))
    changed = dataclasses.replace(disc, forecasts=(first, *disc.forecasts[1:]))
    other = dataclasses.replace(findings, discs=(changed, *findings.discs[1:]))
    assert report_uid(other, references, run) != report_uid(findings, references, run)


def test_a_prior_and_a_missing_instance_change_the_identifiers(findings, references, run):
    selection = findings.selection
    with_prior = dataclasses.replace(selection.study, priors=(Prior("1.2.3", "1.2"),))
    fewer = dataclasses.replace(selection.series, instances=selection.series.instances[1:])
    uids = {
        report_uid(dataclasses.replace(findings, selection=changed), references, run)
        for changed in (
            selection,
            dataclasses.replace(selection, study=with_prior),
            dataclasses.replace(selection, series=fewer),
        )
    }
    assert len(uids) == 3


def test_a_caution_that_is_printed_changes_the_identifiers(findings, references, run):
    study = findings.selection.study
    warned = dataclasses.replace(study, cautions=(Caution(Code.TRUNCATED, "One file."),))
    other = dataclasses.replace(
        findings, selection=dataclasses.replace(findings.selection, study=warned)
    )
    assert report_uid(other, references, run) != report_uid(findings, references, run)


def test_order_of_instances_changes_nothing(findings, references, run):
    selection = findings.selection
    series = dataclasses.replace(
        selection.series, instances=tuple(reversed(selection.series.instances))
    )
    other = dataclasses.replace(findings, selection=dataclasses.replace(selection, series=series))
    assert report_uid(other, references, run) == report_uid(findings, references, run)


def test_tracking_follows_the_patient_and_the_structure_over_runs(findings, references, run):
    later = dataclasses.replace(run, analysis_time=run.analysis_time + timedelta(days=900))
    now = Identity(findings, references, run)
    then = Identity(findings, references, later)
    assert now.tracking_uid("L4/L5") == then.tracking_uid("L4/L5")
    assert now.tracking_uid("L4/L5") != now.tracking_uid("L3/L4")
