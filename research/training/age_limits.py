"""What is usual for an age network: limits of heat and of features, put on its card."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf
from tqdm import tqdm

from research.cohort import SubjectRecord, read_images
from research.export import write_model
from spine.age.cells import Box, share_above_c2, share_outside_spine
from spine.age.heat import LastBlock, grad_cam
from spine.age.novelty import feature_distance
from spine.inference.age import compile_age_network
from spine.inference.backends import Backend, Hardware
from spine.inference.cards import CARD_FILE, card_from_json
from spine.inference.features import FEATURES_FILE, FeatureCloud, FeatureLimit, bytes_from_cloud
from spine.inference.models import HeatLimits
from spine.inference.weights import WEIGHTS_FILE, load_weights
from spine.networks.age_dcnn import AgeDCNN
from spine.preprocessing.age import AgeSpec, age_input

# Of validation cases at most so many may lie above a limit (docs/adr/0028).
EXCEEDING_SHARE = 0.01
# With two, the shrunk covariance is still singular.
_LEAST_TRAINING_CASES = 3

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """Some subjects of a cohort."""

    cohort: Path
    records: tuple[SubjectRecord, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """How a network looked at cases, one row a case.

    Attributes
    ----------
    features : shape (cases, features)
    outside_spine, above_c2 : shares of heat, shape (cases,); NaN where not known
    """

    features: Rows
    outside_spine: Rows
    above_c2: Rows


def limit_age(folder: Path, training: Rows, validation: Part) -> str:
    """Fix the limits of an exported age model, and write its card anew; return the new hash.

    Parameters
    ----------
    folder : of the model; its weights stay as they are
    training : features of what it has learned from, one row a case
    validation : what it has not
    """
    card = card_from_json((folder / CARD_FILE).read_bytes())
    weights = (folder / WEIGHTS_FILE).read_bytes()
    spec, network = card.input, AgeDCNN()
    if not isinstance(spec, AgeSpec):
        raise ValueError(f"{card.name} is no age model")
    load_weights(network, weights)
    unseen = look(network, validation, spec)
    cloud = fit_features(training, unseen.features)
    facts = card.model_dump(exclude={"files", "heat_limits", "feature_limit"}, exclude_none=True)
    return write_model(
        folder.parent,
        {WEIGHTS_FILE: weights, FEATURES_FILE: bytes_from_cloud(cloud)},
        **facts,
        heat_limits=asdict(fit_heat_limits(unseen)),
        feature_limit=asdict(cloud.limit),
    )


def look(network: AgeDCNN, part: Part, spec: AgeSpec) -> Looks:
    """Run a network as the service does, and keep its features and its shares of heat."""
    if not part.records:
        raise ValueError(f"no cases to look at in {part.cohort}")
    served, rows = compile_age_network(network, spec.network_shape, Hardware(Backend.OPENVINO)), []
    for record in tqdm(part.records, desc="looks", mininterval=5):
        volume, labels = read_images(part.cohort, record)
        spine = age_input(volume, labels, spec)
        last = LastBlock(served.block(spine), served.head)
        heat, box = np.abs(grad_cam(last)), Box(spine, labels, spec)
        shares = share_outside_spine(heat, box), share_above_c2(heat, box)
        rows.append((served.head.features(last.map), *(np.nan if s is None else s for s in shares)))
    features, outside, above = zip(*rows, strict=True)
    return Looks(np.array(features, np.float64), np.array(outside), np.array(above))


def fit_features(training: Rows, validation: Rows) -> FeatureCloud:
    """Fit mean and covariance of training features, and the limit on validation features.

    The covariance is shrunk towards a multiple of the identity, so that features that hardly
    vary, or never fire, leave it invertible.

    Parameters
    ----------
    training, validation : shape (cases, features)

    Raises
    ------
    ValueError
        With fewer than three training cases.

    Source
    ------
    Ledoit and Wolf, J Multivariate Anal 2004 88:365.
    """
    if len(training) < _LEAST_TRAINING_CASES:
        raise ValueError(f"features of {len(training)} training cases: no spread to measure")
    fitted = LedoitWolf().fit(training)
    # |W d|^2 = d' L L' d, with the precision L L'.
    whitening = np.linalg.cholesky(fitted.precision_).T.astype(np.float32)
    mean = fitted.location_.astype(np.float32)
    counts = len(training), len(validation)
    free = FeatureCloud(mean, whitening, FeatureLimit(np.inf, *counts))
    distances = [feature_distance(row.astype(np.float32), free) for row in validation]
    limit = FeatureLimit(limit_of(np.array(distances)), *counts)
    return FeatureCloud(mean, whitening, limit)


def fit_heat_limits(looks: Looks) -> HeatLimits:
    """Fix the limits of both shares on validation cases."""
    return HeatLimits(
        limit_of(looks.outside_spine), limit_of(looks.above_c2, default=1.0), len(looks.features)
    )


def limit_of(values: Rows, default: float | None = None) -> float:
    """Return the lowest of the values that at most `EXCEEDING_SHARE` of them exceed.

    Parameters
    ----------
    values : NaN is left out
    default : where no value is known; without one that is an error
    """
    known = np.sort(values[~np.isnan(values)])
    if not known.size:
        if default is None:
            raise ValueError("a limit needs cases")
        return default
    return float(known[known.size - 1 - int(EXCEEDING_SHARE * known.size)])
