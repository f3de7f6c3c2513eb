"""Commands of the segmentation model: its cohorts, its training, its figures."""

from pathlib import Path
from typing import Annotated

import typer

from research.cli_errors import told
from research.labeled.errors import LabeledDataError

TEST_COHORT = Path("build/cohorts/segmentation-unseen")
TEST_SUBJECTS = 200
# Apart from every training cohort's.
TEST_SEED = 590_000
FIGURES = Path("build/validate-segmentation.json")

Cohort = Annotated[Path, typer.Argument(help="Folder of the cohort.")]
Run = Annotated[Path, typer.Argument(help="Folder of prepared cases, checkpoints and curves.")]
Fold = Annotated[
    int, typer.Option(min=0, help="Whose patients are held out; as many as there are folds: none.")
]
Models = Annotated[Path, typer.Option("--models", "-m", help="Folder of all models.")]


def cohort(
    folder: Cohort,
    subjects: Annotated[int, typer.Option(min=1, help="Number of subjects.")] = 320,
    seed: Annotated[int, typer.Option(help="First seed.")] = 500_000,
) -> None:
    """Render randomized whole-spine, lumbar and cervical views, for `train segmentation`.

    Example: python -m research cohort segmentation build/cohorts/segmentation
    """
    from research.worlds.segmentation import render_segmentation_cohort

    render_segmentation_cohort(folder, range(seed, seed + subjects))


def train(
    run: Run,
    config: Annotated[Path, typer.Option(help="What to train on, and for how long (YAML).")],
    fold: Fold,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Train one fold of one net with nnU-Net, going on from its newest checkpoint.

    Example: python -m research train segmentation build/runs/segmentation
    --config research/training/segmentation/configs/fine.yaml --fold 0
    """
    from research.training.segmentation.config import read_config
    from research.training.segmentation.training import train as train_fold

    with told(LabeledDataError):
        typer.echo(train_fold(read_config(config), run, fold, threads))


def export(
    version: Annotated[str, typer.Option(help="Of the model, such as 0.3.0.")],
    run: Annotated[
        Path | None, typer.Argument(help="Folder of checkpoints; none with --from-nnunet.")
    ] = None,
    fold: Annotated[
        str | None, typer.Option(help="Which fold; of a stock folder 0 by default, or `all`.")
    ] = None,
    models: Models = Path("models"),
    figures: Annotated[
        Path | None, typer.Option(help="What `validate segmentation` wrote, for the card.")
    ] = None,
    from_nnunet: Annotated[
        Path | None,
        typer.Option(help="Stock nnU-Net v2 instead: its folder TRAINER__PLANS__CONFIGURATION."),
    ] = None,
    second_step: Annotated[
        Path | None, typer.Option(help="Such a folder of a net that sees what the first found.")
    ] = None,
    mapping: Annotated[
        str | None, typer.Option(help="What its labels are: name of a mapping, or its file.")
    ] = None,
) -> None:
    """Write the model folder of one fold of both nets, or of a stock nnU-Net from outside.

    Example: python -m research export segmentation build/runs/segmentation --fold 5
    --version 0.3.0 --figures build/validate-segmentation.json

    Example: python -m research export segmentation --from-nnunet step1/TRAINER__PLANS__3d_fullres
    --second-step step2/TRAINER__PLANS__3d_fullres --mapping totalspineseg --version 1.0.0
    """
    steps = [folder for folder in (from_nnunet, second_step) if folder is not None]
    is_stock = from_nnunet is not None and mapping is not None and run is figures is None
    if not is_stock and (run is None or fold is None or steps or mapping is not None):
        usage = "name a run and its --fold, or --from-nnunet with its --mapping"
        raise typer.BadParameter(usage)
    with told(LabeledDataError):
        if mapping is not None:
            typer.echo(_export_stock(steps, mapping, fold or "0", (models, version)))
        elif run is not None and fold is not None:
            typer.echo(_export_fold(run, fold, (models, version), figures))


def _export_fold(run: Path, fold: str, target: tuple[Path, str], figures: Path | None) -> str:
    """Export a fold of this project's own nets into the folder and the version named."""
    from research.measurements import read_measurements
    from research.training.segmentation.export import Trained
    from research.training.segmentation.export import export as export_fold

    if not fold.isdigit():
        raise ValueError(f"fold {fold} is no number")
    rows = read_measurements(figures) if figures else ()
    return export_fold(Trained(run, int(fold)), *target, rows)


def _export_stock(steps: list[Path], mapping: str, fold: str, target: tuple[Path, str]) -> str:
    """Export nets from outside into the folder and the version named."""
    from research.labeled.mapping_file import load_mapping
    from research.stock.export import export_stock
    from research.stock.folders import read_stock_folder

    folders = [read_stock_folder(path, fold) for path in steps]
    return export_stock(folders, load_mapping(mapping), *target)


def validate(
    models: Models = Path("models"),
    folds: Annotated[
        Path, typer.Option(help="Exported folds: `fold-0` and so on, each a folder of models.")
    ] = Path("build/folds/segmentation"),
    real_data: Annotated[
        Path | None, typer.Option(help="Real lumbar volumes with labels (merged SPIDER).")
    ] = None,
    test: Annotated[
        Path, typer.Option(help="Rendered views not trained on; what is missing is rendered.")
    ] = TEST_COHORT,
    subjects: Annotated[
        int, typer.Option(help="How many subjects, two views each.")
    ] = TEST_SUBJECTS,
) -> None:
    """Measure the model on phantoms and its folds on real patients, each out of fold.

    Also writes build/validate-segmentation.json and .md, and pictures of the worst patients to
    build/validate-segmentation.

    Example: python -m research validate segmentation --real-data ../shared/data/spider_t2space
    """
    from research.measurements import tabulate
    from research.validation.segmentation.validation import Inputs
    from research.validation.segmentation.validation import validate as measure
    from research.worlds.unseen import render_unseen

    render_unseen(test, range(TEST_SEED, TEST_SEED + subjects))
    with told(LabeledDataError):
        typer.echo(tabulate(measure(models, Inputs(test, folds, real_data))))
