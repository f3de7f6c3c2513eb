"""Segmented spine in, spine age out."""

from operators import sdk
from spine import pipeline
from spine.inference.models import Models


class EstimateAgeOperator(sdk.Operator):
    """Estimate spine age (P1).

    Ports
    -----
    selection : in, `spine.dicom.study.Selection`
    segmentation : in, `spine.findings.Segmentation` or `spine.errors.Refusal`
    age : out, `spine.findings.AgeEstimate` or `spine.errors.Refusal`
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
        spec.output("age")

    def compute(
        self,
        op_input: sdk.InputContext,
        op_output: sdk.OutputContext,
        _context: sdk.ExecutionContext,
    ) -> None:
        selection = op_input.receive("selection")
        segmentation = op_input.receive("segmentation")
        age = pipeline.estimate_age(selection, segmentation, self._models, self._settings)
        op_output.emit(age, "age")
