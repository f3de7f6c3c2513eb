"""Segmented spine in, the lumbar discs' grades in five years out."""

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


class PredictProgressionOperator(Operator):
    """Predict every lumbar disc's progression (P2).

    Ports
    -----
    selection : in, `spine.dicom.study.Selection`
    segmentation : in, `spine.findings.Segmentation` or `spine.errors.Refusal`
    discs : out, tuple of `spine.findings.DiscAssessment` or `spine.errors.Refusal`
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
        spec.input("segmentation")
        spec.output("discs")

    def compute(
        self, op_input: InputContext, op_output: OutputContext, _context: ExecutionContext
    ) -> None:
        selection = op_input.receive("selection")
        segmentation = op_input.receive("segmentation")
        discs = pipeline.predict_progression(selection, segmentation, self._models, self._settings)
        op_output.emit(discs, "discs")
