"""Folder of instances in, study out."""

from operators import sdk
from spine import pipeline
from spine.dicom.loading import StudySource


class LoadStudyOperator(sdk.Operator):
    """Read one study's headers; runs once a graph.

    Ports
    -----
    study : out, `spine.dicom.study.Study`
    """

    def __init__(
        self,
        fragment: sdk.Fragment,
        source: StudySource,
        settings: pipeline.ScienceSettings,
        name: str,
    ) -> None:
        # Before super(): it calls setup().
        self._source = source
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
        op_output.emit(pipeline.load(self._source, self._settings), "study")
