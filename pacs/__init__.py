"""The DICOM network: receiving and sending, knowing nothing of the rest."""
