"""The commands about models: ``python -m app models``."""

from typing import Annotated

import typer

from app.options import Config, ModelFolder, say

models_app = typer.Typer(help="Which models are there, and which are approved.")


@models_app.command("list")
def list_models(config: Config = None, models: ModelFolder = None) -> None:
    """List the models in a folder with their evidence and whether they are approved.

    Example: python -m app models list -m models
    """
    from app.approval import model_lines
    from app.settings import load_settings

    settings = load_settings(config)
    for line in model_lines(models or settings.models.folder, settings):
        say(line)


@models_app.command()
def approve(
    name: Annotated[str, typer.Argument(help="Folder of the model.")],
    config: Config = None,
    models: ModelFolder = None,
) -> None:
    """Print the entry that approves a model, for `models: approved:` of site.yaml; writes nothing.

    Example: python -m app models approve age-dcnn -m models
    """
    from app.approval import approval_entry
    from app.settings import load_settings

    settings = load_settings(config)
    say(approval_entry((models or settings.models.folder) / name))
