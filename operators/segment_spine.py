"""Selected series in, named and measured spine out."""

from operators.sdk import (
    ExecutionContext,
    Fragment,
    InputContext,
    Operator,
    OperatorSpec,
    OutputContext,
)
from spine import pipeline
from spine.inference.models import Models


class SegmentSpineOperator(Operator):
    """Segment the spine, name and measure its levels.

    Ports
    -----
    selection : in, `spine.dicom.study.Selection`
    segmentation : out, `spine.findings.Segmentation` or `spine.errors.Refusal`
    """

    def __init__(
        self, fragment: Fragment, models: Models, settings: pipeline.ScienceSettings, name: str
    ) -> None:
        # Before super(): it calls setup().
        self._models = models
        self._settings = settings
        super().__init__(fragment, name=name)

    def setup(self, spec: OperatorSpec) -> None:
        spec.input("selection")
        spec.output("segmentation")

    def compute(
        self, op_input: InputContext, op_output: OutputContext, _context: ExecutionContext
    ) -> None:
        selection = op_input.receive("selection")
        segmentation = pipeline.segment(selection, self._models, self._settings)
        op_output.emit(segmentation, "segmentation")
