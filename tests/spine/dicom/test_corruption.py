import numpy as np
import pytest

from phantom.write_study import write_study
from spine.dicom.elements import file_meta_of, items_of, text_of, value_of
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.selection import SelectionSettings, select
from spine.errors import InputError

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("enhanced", [False, True])
def test_corrupted_headers_are_answered_by_code(tmp_path, series, enhanced):
    rng = np.random.default_rng(11)
    path = write_study([series(enhanced=enhanced)], tmp_path).paths[0][0]
    content = path.read_bytes()
    for other in set(tmp_path.iterdir()) - {path}:
        other.unlink()

    for _ in range(150):
        spoilt = bytearray(content)
        for place in rng.integers(128, min(len(content), 2400), 4):
            spoilt[place] = rng.integers(256)
        path.write_bytes(bytes(spoilt))
        try:
            result = select(load(tmp_path, LoadingSettings()), SelectionSettings())
        except InputError:
            continue
        assert (result.volume is None) == (result.refusal is not None)


def test_values_that_do_not_convert_count_as_missing(edited):
    folder = edited()
    path = next(folder.iterdir())
    content = path.read_bytes().replace(b"\x08\x00\x60\x00CS", b"\x08\x00\x60\x00ZZ")
    path.write_bytes(content)
    study = load(folder, LoadingSettings())
    header = next(item.header for item in study.series[0].instances if item.path == path)

    assert value_of(header, "Modality") is None
    assert text_of(header, "Modality") == ""
    assert text_of(header, "Manufacturer") == "SIEMENS"
    assert items_of(header, "Manufacturer") == ()
    assert text_of(file_meta_of(header), "TransferSyntaxUID") != ""
