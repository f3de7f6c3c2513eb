"""Folder of instances in, study out."""

from pathlib import Path

from operators.sdk import (
    CountCondition,
    ExecutionContext,
    Fragment,
    InputContext,
    Operator,
    OperatorSpec,
    OutputContext,
)
from spine import pipeline


class LoadStudyOperator(Operator):
    """Read one study's headers; runs once a graph.

    Ports
    -----
    study : out, `spine.dicom.study.Study`
    """

    def __init__(
        self, fragment: Fragment, folder: Path, settings: pipeline.ScienceSettings, name: str
    ) -> None:
        # Before super(): it calls setup().
        self._folder = folder
        self._settings = settings
        super().__init__(fragment, CountCondition(fragment, 1), name=name)

    def setup(self, spec: OperatorSpec) -> None:
        spec.output("study")

    def compute(
        self, _op_input: InputContext, op_output: OutputContext, _context: ExecutionContext
    ) -> None:
        op_output.emit(pipeline.load(self._folder, self._settings), "study")
