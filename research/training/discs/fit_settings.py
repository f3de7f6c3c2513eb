"""How a disc network is fitted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to train; P2's appendix is not public: these are ours (docs/adr/0098).

    Attributes
    ----------
    warmup_epochs : over which the learning rate rises, before it falls as a cosine
    average_decay : share of the running average of the weights that a step keeps
    baseline_weight : of a second loss while training: a layer that does not ship reads the
        baseline grade from the same features, for the course starts from what is there
    ordinal_width : grades over which a target fades to either side by 1 / e; 0 is the grade alone
    largest_turn_deg, largest_scaling : of an augmented region, see `turned`
    """

    epochs: int = 30
    learning_rate: float = 5e-4
    weight_decay: float = 1e-4
    batch_size: int = 64
    warmup_epochs: float = 1.0
    largest_gradient: float = 5.0
    average_decay: float = 0.995
    baseline_weight: float = 0.5
    ordinal_width: float = 0.0
    largest_turn_deg: float = 0.0
    largest_scaling: float = 0.0
    seed: int = 0
