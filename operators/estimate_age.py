"""Segmented spine in, spine age out."""

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


class EstimateAgeOperator(Operator):
    """Estimate spine age (P1).

    Ports
    -----
    selection : in, `spine.dicom.study.Selection`
    segmentation : in, `spine.findings.Segmentation` or `spine.errors.Refusal`
    age : out, `spine.findings.AgeEstimate` or `spine.errors.Refusal`
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
        spec.output("age")

    def compute(
        self, op_input: InputContext, op_output: OutputContext, _context: ExecutionContext
    ) -> None:
        selection = op_input.receive("selection")
        segmentation = op_input.receive("segmentation")
        age = pipeline.estimate_age(selection, segmentation, self._models, self._settings)
        op_output.emit(age, "age")
