"""Frame planes read from headers by the standard, apart from the code under test."""

from dataclasses import replace

import numpy as np
from pydicom import Dataset

from spine.dicom.study import FramePlane


def frames_from_files(headers: list) -> tuple[FramePlane, ...]:
    """Classic headers to planes by PS3.3 C.7.6.2.1.1, LPS turned into RAS."""
    planes = []
    for header in headers:
        row_direction = np.array(header.ImageOrientationPatient[:3], dtype=float)
        column_direction = np.array(header.ImageOrientationPatient[3:], dtype=float)
        down, across = (float(value) for value in header.PixelSpacing)
        lps = np.eye(4)
        lps[:3, 0] = row_direction * across
        lps[:3, 1] = column_direction * down
        lps[:3, 2] = np.cross(row_direction, column_direction)
        lps[:3, 3] = np.array(header.ImagePositionPatient, dtype=float)
        affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps
        planes.append(
            FramePlane(
                str(header.SOPClassUID),
                str(header.SOPInstanceUID),
                None,
                affine,
                int(header.Rows),
                int(header.Columns),
            )
        )
    return tuple(planes)


def enhanced_frames(header: Dataset) -> tuple[FramePlane, ...]:
    flat = []
    for group in header.PerFrameFunctionalGroupsSequence:
        frame = Dataset()
        groups = (group, header.SharedFunctionalGroupsSequence[0])
        for keyword in (
            "PlanePositionSequence",
            "PlaneOrientationSequence",
            "PixelMeasuresSequence",
        ):
            holder = next(item for item in groups if keyword in item)
            frame.update(holder[keyword].value[0])
        frame.SOPClassUID, frame.SOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
        frame.Rows, frame.Columns = header.Rows, header.Columns
        flat.append(frame)
    planes = frames_from_files(flat)
    return tuple(replace(plane, frame_number=n) for n, plane in enumerate(planes, start=1))
