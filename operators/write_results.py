"""All findings in, results on disk."""

from collections.abc import Callable

from operators import sdk
from spine import pipeline
from spine.findings import Findings
from spine.inference.models import Models
from spine.reporting.writing import Outcome, RunContext


class WriteResultsOperator(sdk.Operator):
    """Write results.json, DICOM objects and pictures; the end of the graph.

    Ports
    -----
    selection, segmentation, age, discs : in, the fields of `spine.findings.Findings`

    The outcome goes to `on_outcome`, since the graph has no port to the outside.
    """

    def __init__(
        self,
        fragment: sdk.Fragment,
        models: Models,
        settings: pipeline.ScienceSettings,
        run: RunContext,
        on_outcome: Callable[[Outcome], None],
        name: str,
    ) -> None:
        # Before super(): it calls setup().
        self._models = models
        self._settings = settings
        self._run = run
        self._on_outcome = on_outcome
        super().__init__(fragment, name=name)

    def setup(self, spec: sdk.OperatorSpec) -> None:
        for port in _PORTS:
            spec.input(port)

    def compute(
        self,
        op_input: sdk.InputContext,
        _op_output: sdk.OutputContext,
        _context: sdk.ExecutionContext,
    ) -> None:
        findings = Findings(*(op_input.receive(port) for port in _PORTS))
        self._on_outcome(pipeline.write(findings, self._models, self._run, self._settings))


_PORTS = ("selection", "segmentation", "age", "discs")
