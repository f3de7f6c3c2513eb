"""The command line: ``python -m app``. Heavy imports wait inside the commands."""

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from app.cli_models import models_app
from app.cli_service import service_app
from app.exit_status import ExitStatus, exit_status
from app.logs import LogFormat, log_to_stderr
from app.options import Config, ModelFolder, complain, say
from spine.errors import Code, InputError, SpineError

if TYPE_CHECKING:
    from app.service.server import Service
    from app.settings import Settings
    from pacs.sender import Destination

app = typer.Typer(
    name="spinemap",
    help="Spine age and disc progression from spine MR, beside a PACS. For research use only.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(service_app)
app.add_typer(models_app, name="models", no_args_is_help=True)

Address = Annotated[str, typer.Option("--to", help="HOST:PORT of the application entity.")]
Called = Annotated[str, typer.Option(help="AE title of the peer.")]
Calling = Annotated[str, typer.Option(help="Our AE title.")]


@app.command()
def run(
    source: Annotated[
        Path,
        typer.Option(
            "--input",
            "-i",
            envvar="HOLOSCAN_INPUT_PATH",
            help="Folder with one study.",
            readable=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            envvar="HOLOSCAN_OUTPUT_PATH",
            help="Folder for the results.",
            readable=False,
        ),
    ],
    models: ModelFolder = None,
    config: Config = None,
    analysis_time: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="Content date of every object, with its offset; now if not given.",
        ),
    ] = None,
) -> None:
    """Analyze one study: results.json, DICOM objects and pictures.

    Example: python -m app run -i study -o results -m models

    Exit status: 0 results written (refusals included), 2 settings or usage, 3 input,
    4 models, 5 internal.
    """
    from app.settings import load_settings

    settings = _with_models(load_settings(config), models)
    _require_input(source)
    from app.operations import require_writable, write_run_record

    # Before the models, which take seconds to load.
    require_writable(output)
    from app.analysis import load_analysis
    from app.service.profiles import DEFAULT

    kinds = settings.for_profile(DEFAULT).wanted_kinds()
    analysis = load_analysis(settings).writing_also(kinds)
    time = analysis_time or datetime.now(UTC).replace(microsecond=0)
    write_run_record(source, output, time)
    outcome = analysis.run(source, output, time)
    say(f"{len(outcome.written)} DICOM objects written to {output}")
    if outcome.code is not None:
        say(f"nothing to send: {outcome.code}")


@app.command()
def serve(
    config: Config = None,
    log_format: Annotated[
        LogFormat | None, typer.Option(help="Of standard error; that of the settings if absent.")
    ] = None,
) -> None:
    """Receive studies by C-STORE, analyze them, deliver the results; until SIGTERM.

    Example: python -m app serve --config site.yaml
    """
    from app.service import server
    from app.service.graph import graph_loader
    from app.settings import load_settings

    settings = load_settings(config)
    if log_format is not None:
        settings = settings.model_copy(update={"log_format": log_format})
    log_to_stderr(settings.log_format)
    status = server.serve(settings, graph_loader(settings), _announce)
    server.leave(status)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything made.")],
    models: ModelFolder = None,
) -> None:
    """Send a synthetic study to a served instance and receive the results.

    Example: python -m app demo -o build/demo
    """
    from app.demo import show

    show(output, models, say)


@app.command()
def send(
    folder: Annotated[Path, typer.Argument(help="Folder with DICOM files, searched deeply.")],
    to: Address,
    called: Called = "SPINEMAP",
    calling: Calling = "SPINEMAP",
) -> None:
    """Send every DICOM file of a folder by C-STORE, byte for byte.

    Example: python -m app send study --to 127.0.0.1:11112 --called SPINEMAP --calling PACS
    """
    from app.operations import dicom_files, send_all

    _require_input(folder)
    files = dicom_files(folder)
    if not files:
        raise InputError(Code.INPUT_EMPTY, "the folder holds no DICOM file")
    send_all(files, _destination(to, called, calling))
    say(f"{len(files)} instances stored by {called}")


@app.command()
def echo(to: Address, called: Called = "SPINEMAP", calling: Calling = "SPINEMAP") -> None:
    """Ask whether an application entity answers (C-ECHO).

    Example: python -m app echo --to 127.0.0.1:11112 --called SPINEMAP --calling PACS
    """
    from app.operations import echo as ask

    ask(_destination(to, called, calling))
    say(f"{called} answers")


@app.command()
def manifest(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the manifests.")],
    variant: Annotated[str, typer.Option(help="Of the image: cpu or gpu.")] = "cpu",
    models: ModelFolder = None,
    config: Config = None,
) -> None:
    """Write app.json and pkg.json, the manifests of the image.

    Example: python -m app manifest --output build/manifests
    """
    from app.manifest import Variant, write_manifests
    from app.settings import load_settings

    if variant not in list(Variant):
        raise typer.BadParameter("expected cpu or gpu", param_hint="--variant")
    write_manifests(_with_models(load_settings(config), models), Variant(variant), output)
    say(f"app.json and pkg.json written to {output}")


def main() -> NoReturn:
    """Run a command; an error becomes one line on stderr and an exit status."""
    # The SDK narrates every run of the graph; the worker inherits this.
    os.environ.setdefault("HOLOSCAN_LOG_LEVEL", "ERROR")
    # The first process of a container gets no signal that it has no handler for.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except SpineError as error:
        complain(str(error))
        sys.exit(exit_status(error))
    except Exception as error:  # noqa: BLE001 - the boundary of the process
        from app.service.worker_process import describe

        code, reason = describe(error)
        complain(f"{code}: {reason}")
        sys.exit(exit_status(error))
    sys.exit(ExitStatus.SUCCESS)


def _terminate(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


def _with_models(settings: "Settings", folder: Path | None) -> "Settings":
    """Return the settings with another folder of models, where one is given."""
    if folder is None:
        return settings
    section = settings.models.model_copy(update={"folder": folder})
    return settings.model_copy(update={"models": section})


def _require_input(folder: Path) -> None:
    """Check before the SDK does, which would exit with 2."""
    if not folder.is_dir():
        raise InputError(Code.INPUT_MISSING, "the input folder does not exist")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise InputError(Code.INPUT_MISSING, "the input folder cannot be read")
    if not any(folder.iterdir()):
        raise InputError(Code.INPUT_EMPTY, "the input folder is empty")


def _destination(address: str, called: str, calling: str) -> "Destination":
    from pacs.sender import Destination

    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise typer.BadParameter("expected HOST:PORT", param_hint="--to")
    return Destination(host, int(port), called, calling)


def _announce(service: "Service") -> None:
    say(f"ready: DICOM on port {service.listener.port}, page on port {service.web.port}")
