import subprocess
import sys

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import CTImageStorage, EncapsulatedPDFStorage, ExplicitVRLittleEndian

from phantom.write_study import write_study

MEASURE = """
import sys
from pathlib import Path
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.selection import SelectionSettings, select

def peak_kib():
    # Not getrusage's: it begins with the peak of the process that forked this one.
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0])

before = peak_kib()
study = load(Path(sys.argv[1]), LoadingSettings())
result = select(study, SelectionSettings())
after = peak_kib()
print(sum(len(series.instances) for series in study.series), before, after, result.refusal is None)
"""


def irrelevant(dataset: Dataset, number: int, megabytes: float, folder) -> None:
    """Save a data set as a CT image, or as a document where it has no pixels."""
    is_image = "Rows" in dataset
    dataset.SOPClassUID = CTImageStorage if is_image else EncapsulatedPDFStorage
    dataset.SOPInstanceUID = f"1.2.3.{number}"
    dataset.SeriesInstanceUID = f"1.2.3.4.{number % 10}"
    dataset.Modality = "CT" if is_image else "DOC"
    content = bytes(int(megabytes * 2**20))
    if is_image:
        dataset.Rows = dataset.Columns = 256
        dataset.PixelData = content[: 2 * 256 * 256]
    else:
        dataset.EncapsulatedDocument = content
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(folder / f"{number}.dcm", enforce_file_format=True)


@pytest.mark.slow
def test_thousand_irrelevant_instances_stay_far_below_two_gigabytes(tmp_path, series):
    path = write_study([series()], tmp_path).paths[0][0]
    image, document = dcmread(path), dcmread(path, stop_before_pixels=True)
    del document.Rows
    for number in range(900):
        irrelevant(image, number, 0.125, tmp_path)
    for number in range(900, 1000):
        irrelevant(document, number, 8, tmp_path)

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True
    )

    count, before, after, is_taken = done.stdout.split()
    assert int(count) == 1007
    assert is_taken == "True"
    assert int(after) < 2 * 2**20  # KiB
    assert int(after) - int(before) < 200 * 2**10
    for file in tmp_path.iterdir():
        file.unlink()  # a gigabyte that pytest would keep
