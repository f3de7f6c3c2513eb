"""The commands for whoever looks after the service. Heavy imports wait inside them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.exit_status import ExitStatus, exit_status
from app.options import Config, say
from app.reasons import Reason

if TYPE_CHECKING:
    from app.service.register import Register
    from app.settings import Settings

service_app = typer.Typer()

RunId = Annotated[str, typer.Argument(help="Name of the run, as `status` shows it.")]
Acceptance = Annotated[
    bool,
    typer.Option(
        "--acceptance",
        help="Send a synthetic study through a temporary instance and compare with the release.",
    ),
]
Record = Annotated[
    bool,
    typer.Option("--record", help="With --acceptance: write the release's table instead."),
]


@service_app.command()
def status(
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Runs that are done, too.")] = False,
) -> None:
    """Show queues, failures, what is held, and how far each run is; reads the disk.

    Example: python -m app status --config site.yaml
    """
    import json

    from app.settings import load_settings
    from app.status import status_json, status_lines

    settings = load_settings(config)
    if as_json:
        say(json.dumps(status_json(settings), indent=2))
        return
    for line in status_lines(settings, everything=everything):
        say(line)


@service_app.command()
def retry(
    run_id: RunId,
    config: Config = None,
    destination: Annotated[
        str | None,
        typer.Option(help="Only to this destination; all that lack something if absent."),
    ] = None,
) -> None:
    """Analyze a failed or quarantined run again, or deliver at once what is missing.

    Example: python -m app retry 1.2.840.99.7.1 --destination pacs --config site.yaml
    """
    from app.operations import retry as ask_again

    register = _register(_settings(config))
    ask_again(register, run_id, destination)
    say(f"{run_id}: asked for{_when(register)}")


@service_app.command()
def stat(
    name: Annotated[str, typer.Argument(help="A run, or the UID of a study still arriving.")],
    config: Config = None,
) -> None:
    """Let a run, or a study that is still arriving, go before the others.

    Example: python -m app stat 1.2.840.99.7.1 --config site.yaml
    """
    from app.operations import hasten

    register = _register(_settings(config))
    hasten(register, name)
    say(f"{name}: goes first{_when(register)}")


@service_app.command()
def hold(
    run_id: RunId,
    config: Config = None,
    release: Annotated[bool, typer.Option("--release", help="Send it after all.")] = False,
) -> None:
    """Send nothing more of a run until it is released.

    Example: python -m app hold 1.2.840.99.7.1 --config site.yaml
    """
    from app.operations import hold_run, release_run

    register = _register(_settings(config))
    if release:
        release_run(register, run_id)
        say(f"{run_id}: released{_when(register)}")
        return
    hold_run(register, run_id)
    say(f"{run_id}: held")


@service_app.command()
def recall(
    model: Annotated[
        list[str], typer.Option(help="NAME, or NAME@VERSION; repeat for more than one.")
    ],
    config: Config = None,
    reject: Annotated[
        Reason | None, typer.Option(help="Take all of them back, for this reason; needs --yes.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm --reject.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """List every result that a model has a part in, where it went, and take all of them back.

    A recalled run is sent to nobody any more and is no earlier report of its patient. Where a
    destination takes rejection notes (its setting rejection_notes, IHE IOCM), it gets one on
    all that it has of the run: patient-safety obliges it to hide them, quality leaves it to
    the site whether it does.

    Example: python -m app recall --model age-dcnn@0.2.0 --config site.yaml

    Example: python -m app recall --model age-dcnn@0.2.0 --reject patient-safety --yes
    """
    from app.recalling import ModelName, listing, results_of, unknown_line, unknown_runs
    from app.recalling import recall as recall_results

    register = _register(_settings(config))
    results = results_of(register, [ModelName.parse(text) for text in model])
    if reject is None or not yes:
        for line in listing(results, unknown_runs(register), as_json=as_json):
            say(line)
        if reject is not None:
            raise typer.BadParameter("nothing was done: confirm with --yes", param_hint="--reject")
        return
    runs = recall_results(register, results, reject)
    for run_id in unknown_runs(register):
        say(unknown_line(run_id))
    say(f"{len(runs)} runs recalled{_when(register)}; see how far it is: the same without --reject")


@service_app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Tar file to write; must not exist.")],
    config: Config = None,
) -> None:
    """Write studies, runs, receipts and the database into one file, while the service runs.

    Example: python -m app backup /mnt/backup/spinemap-monday.tar --config site.yaml
    """
    from app.operations import is_served
    from app.service.backup import back_up

    register = _register(_settings(config))
    content = back_up(register, file, was_served=is_served(register))
    say(f"{content.files} files in {file}")


@service_app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    config: Config = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Hold nothing: the other instance did nothing since.")
    ] = False,
) -> None:
    """Fill an empty storage root from a backup.

    What was not delivered when the backup was made is held where a service ran at that time,
    since it may have delivered it afterwards: `status` shows it, `hold --release` sends it.

    Example: python -m app restore /mnt/backup/spinemap-monday.tar --config site.yaml
    """
    from app.service.restoring import restore as restore_into

    register = _register(_settings(config))
    with register.hold(unfinished_restore=True):
        content = restore_into(register, file, hold_open=False if resume else None)
    say(f"{content.files} files restored to {register.root}")


@service_app.command()
def check(config: Config = None, acceptance: Acceptance = False, record: Record = False) -> None:
    """Say what is wrong with settings, disk, clock, models, ports and destinations.

    Example: python -m app check --config site.yaml

    Exit status: that of the first thing that is wrong, as of `run`.
    """
    if record and not acceptance:
        raise typer.BadParameter("goes with --acceptance", param_hint="--record")
    settings = _settings(config)
    if acceptance:
        from app.acceptance import accept, record_table

        record_table(settings, say) if record else accept(settings, say)
        return
    from app.check import checks

    worst = ExitStatus.SUCCESS
    for item in checks(settings):
        say(item.line)
        if item.error is not None and worst is ExitStatus.SUCCESS:
            worst = exit_status(item.error)
    raise typer.Exit(worst)


def _settings(config: Path | None) -> "Settings":
    from app.settings import load_settings

    return load_settings(config)


def _register(settings: "Settings") -> "Register":
    from app.service.register import Register

    return Register(settings.storage.root)


def _when(register: "Register") -> str:
    from app.operations import is_served

    return "" if is_served(register) else "; no service runs: at its next start"
