"""The application behind the page: it only reads the register."""

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, HTTPException, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader

from app.service.records import RunRecord
from app.service.register import Register

_LATEST = 50


def health_app(is_ready: Callable[[], bool]) -> FastAPI:
    """Return an application that says whether we live and whether we work, nothing else."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz(response: Response) -> dict[str, str]:
        if is_ready():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready"}

    return app


def add_runs(app: FastAPI, register: Register) -> None:
    """Add the runs and their pictures: only where nobody but this machine can look."""
    # A page of the web must not reach us through a name that it resolves to this machine.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    folder = Path(__file__).parent / "templates"
    template = Environment(loader=FileSystemLoader(folder), autoescape=True).get_template(
        "runs.html"
    )

    @app.get("/", response_class=HTMLResponse)
    def runs() -> str:
        latest = list(register.runs())[-_LATEST:]
        return template.render(runs=[_row(register, record) for record in reversed(latest)])

    @app.get("/runs/{run_id}/pictures/{name}")
    def picture(run_id: str, name: str) -> FileResponse:
        if name not in _pictures(register, run_id):
            raise HTTPException(404)
        return FileResponse(register.run_folder(run_id) / "pictures" / name)


def _row(register: Register, record: RunRecord) -> dict[str, object]:
    outcome = register.outcome(record.run_id)
    return {
        "run_id": record.run_id,
        "analysis_time": record.analysis_time,
        "instances": len(record.instances),
        "state": outcome.state if outcome else "running",
        "code": outcome.code if outcome else None,
        "deliveries": {
            name: register.receipt(record.run_id, name).is_complete for name in record.destinations
        },
        "pictures": _pictures(register, record.run_id),
    }


def _pictures(register: Register, run_id: str) -> list[str]:
    try:
        folder = register.run_folder(run_id) / "pictures"
    except ValueError:
        return []
    return sorted(path.name for path in folder.glob("*.png"))
