"""Segmented spine in, the lumbar discs' grades in five years out."""

from operators import sdk
from spine import pipeline
from spine.inference.models import Models


class PredictProgressionOperator(sdk.Operator):
    """Predict every lumbar disc's progression (P2).

    Ports
    -----
    selection : in, `spine.dicom.study.Selection`
    segmentation : in, `spine.findings.Segmentation` or `spine.errors.Refusal`
    discs : out, tuple of `spine.findings.DiscAssessment` or `spine.errors.Refusal`
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
        spec.input("segmentation")
        spec.output("discs")

    def compute(
        self,
        op_input: sdk.InputContext,
        op_output: sdk.OutputContext,
        _context: sdk.ExecutionContext,
    ) -> None:
        selection = op_input.receive("selection")
        segmentation = op_input.receive("segmentation")
        discs = pipeline.predict_progression(selection, segmentation, self._models, self._settings)
        op_output.emit(discs, "discs")
