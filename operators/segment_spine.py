"""Selected series in, named and measured spine out."""

from operators import sdk
from spine import pipeline
from spine.inference.models import Models


class SegmentSpineOperator(sdk.Operator):
    """Segment the spine, name and measure its levels.

    Ports
    -----
    selection : in, `spine.dicom.study.Selection`
    segmentation : out, `spine.findings.Segmentation` or `spine.errors.Refusal`
    """

    def __init__(
        self, fragment: sdk.Fragment, models: Models, settings: pipeline.ScienceSettings, name: str
    ) -> None:
        # Before super(): it calls setup().
        self._models = models
        self._settings = settings
        super().__init__(fragment, name=name)

    def setup(self, spec: sdk.OperatorSpec) -> None:
        spec.input("selection")
        spec.output("segmentation")

    def compute(
        self,
        op_input: sdk.InputContext,
        op_output: sdk.OutputContext,
        _context: sdk.ExecutionContext,
    ) -> None:
        selection = op_input.receive("selection")
        segmentation = pipeline.segment(selection, self._models, self._settings)
        op_output.emit(segmentation, "segmentation")
