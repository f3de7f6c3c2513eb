"""Study in, selected series out."""

from operators import sdk
from spine import pipeline


class SelectSeriesOperator(sdk.Operator):
    """Choose and decode the series to analyze.

    Ports
    -----
    study : in, `spine.dicom.study.Study`
    selection : out, `spine.dicom.study.Selection`
    """

    def __init__(
        self, fragment: sdk.Fragment, settings: pipeline.ScienceSettings, name: str
    ) -> None:
        # Before super(): it calls setup().
        self._settings = settings
        super().__init__(fragment, name=name)

    def setup(self, spec: sdk.OperatorSpec) -> None:
        spec.input("study")
        spec.output("selection")

    def compute(
        self,
        op_input: sdk.InputContext,
        op_output: sdk.OutputContext,
        _context: sdk.ExecutionContext,
    ) -> None:
        selection = pipeline.select(op_input.receive("study"), self._settings)
        op_output.emit(selection, "selection")
