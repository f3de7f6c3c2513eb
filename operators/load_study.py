"""Folder of instances in, study out."""

from pathlib import Path

from operators import sdk
from spine import pipeline


class LoadStudyOperator(sdk.Operator):
    """Read one study's headers; runs once a graph.

    Ports
    -----
    study : out, `spine.dicom.study.Study`
    """

    def __init__(
        self, fragment: sdk.Fragment, folder: Path, settings: pipeline.ScienceSettings, name: str
    ) -> None:
        # Before super(): it calls setup().
        self._folder = folder
        self._settings = settings
        super().__init__(fragment, sdk.CountCondition(fragment, 1), name=name)

    def setup(self, spec: sdk.OperatorSpec) -> None:
        spec.output("study")

    def compute(
        self,
        _op_input: sdk.InputContext,
        op_output: sdk.OutputContext,
        _context: sdk.ExecutionContext,
    ) -> None:
        op_output.emit(pipeline.load(self._folder, self._settings), "study")
