"""The application behind the page: it only reads the register."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from fastapi import FastAPI, HTTPException, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.service.metrics import Sources, registry
from app.service.register import Register
from app.service.views import RunView, Snapshot

_LATEST = 50


def health_app(sources: Sources) -> FastAPI:
    """Return an application with health and metrics, which name no study."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    metrics = registry(sources)

    @app.get("/healthz")
    def healthz(response: Response) -> dict[str, object]:
        return _answer(response, "ok", sources.health.living())

    @app.get("/readyz")
    def readyz(response: Response) -> dict[str, object]:
        return _answer(response, "ready", sources.health.readiness())

    @app.get("/metrics")
    def prometheus() -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return app


def add_runs(app: FastAPI, sources: Sources) -> None:
    """Add the runs and their pictures: only where nobody but this machine can look."""
    # A page of the web must not reach us through a name that it resolves to this machine.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    folder = Path(__file__).parent / "templates"
    template = Environment(loader=FileSystemLoader(folder), autoescape=True).get_template(
        "runs.html"
    )
    register = sources.overview.register

    @app.get("/", response_class=HTMLResponse)
    def runs() -> str:
        return template.render(_content(sources))

    @app.get("/runs/{run_id}/pictures/{name}")
    def picture(run_id: str, name: str) -> FileResponse:
        if name not in _pictures(register, run_id):
            raise HTTPException(404)
        return FileResponse(register.run_folder(run_id) / "pictures" / name)


def _answer(response: Response, word: str, conditions: Mapping[str, bool]) -> dict[str, object]:
    is_well = all(conditions.values())
    response.status_code = 200 if is_well else 503
    return {"status": word if is_well else f"not {word}", **conditions}


def _content(sources: Sources) -> dict[str, object]:
    snapshot = sources.overview.snapshot()
    latest = sorted(snapshot.runs, key=lambda run: run.analysis_time)[-_LATEST:]
    disk = sources.disk
    return {
        "runs": [
            (run, _pictures(sources.overview.register, run.run_id)) for run in reversed(latest)
        ],
        "in_need": [run for run in snapshot.runs if needs_somebody(run)][-_LATEST:],
        "queues": dict.fromkeys(sources.queues, 0) | snapshot.workflows.queue_lengths(),
        "destinations": list(_destinations(sources, snapshot)),
        "arriving": sources.studies_arriving(),
        "conditions": sources.health.living() | sources.health.readiness(),
        "free_gb": disk.free_bytes() / 1e9,
        "reserve_gb": disk.reserve_bytes / 1e9,
        "total": len(snapshot.runs),
    }


def needs_somebody(run: RunView) -> bool:
    """Tell whether a run waits for a person."""
    return run.state in ("failed", "quarantined") or run.waits_for_a_person


def _destinations(sources: Sources, snapshot: Snapshot) -> Iterator[dict[str, object]]:
    ages, waiting = snapshot.oldest_undelivered_s(), snapshot.undelivered()
    # A destination that was taken out of the settings may still be owed something.
    for name in sorted({*sources.destinations, *ages}):
        yield {"name": name, "waiting": waiting[name], "oldest_s": ages.get(name)}


def _pictures(register: Register, run_id: str) -> list[str]:
    try:
        folder = register.run_folder(run_id) / "pictures"
    except ValueError:
        return []
    return sorted(path.name for path in folder.glob("*.png"))
