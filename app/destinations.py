"""The settings of a destination: one section for each kind, and the route it means."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AnyHttpUrl, Discriminator, Field, Tag, model_validator

from app.service.delivery.folder import Folder
from app.service.delivery.routes import CommitmentRule, OverdueRule, Route
from app.setting_types import AETitle, Seconds, Section
from pacs.sender import Destination
from pacs.stow import StowService
from spine.reporting.kinds import DEFAULT_KINDS, Kind, in_order

_Port = Annotated[int, Field(ge=1, le=65535)]


class QuerySection(Section):
    """Who answers C-FIND for a destination."""

    host: str
    port: _Port
    ae_title: AETitle


class _DestinationSection(Section):
    """What every destination has.

    Attributes
    ----------
    objects : the kinds of objects it gets; a run writes whatever one of its destinations does
    verify_patient : whether the patient of its study is compared before anything is sent
    query : whom to ask for that
    calling_ae_title : our own
    rejection_notes : whether recalled results are withdrawn there by notes of IHE IOCM
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    objects: Annotated[tuple[Kind, ...], Field(min_length=1)] = tuple(in_order(DEFAULT_KINDS))
    query: QuerySection | None = None
    calling_ae_title: AETitle = "SPINEMAP"
    timeout_s: Seconds = 30.0
    overdue_after_attempts: Annotated[int, Field(ge=1)] = 10
    overdue_after_hours: Annotated[float, Field(gt=0)] = 1.0
    rejection_notes: bool = False

    def _route(
        self,
        target: Destination | StowService | Folder,
        query: Destination | None,
        commitment: CommitmentRule | None = None,
    ) -> Route:
        overdue = OverdueRule(self.overdue_after_attempts, self.overdue_after_hours)
        kinds = frozenset(self.objects)
        return Route(target, kinds, query, commitment, overdue, self.rejection_notes)

    def _queried(self) -> Destination | None:
        query, ours = self.query, self.calling_ae_title
        if query is None:
            return None
        return Destination(query.host, query.port, query.ae_title, ours, self.timeout_s)


class DicomSection(_DestinationSection):
    """An application entity; it answers C-FIND itself, unless `query` names another."""

    kind: Literal["dicom"] = "dicom"
    host: str
    port: _Port
    ae_title: AETitle
    verify_patient: bool = True
    commitment: bool | Literal["auto"] = "auto"
    commitment_timeout_s: Seconds = 3600.0
    commitment_wait_s: Annotated[float, Field(ge=0, le=60)] = 5.0

    def to_destination(self) -> Destination:
        """Return the sender's own settings."""
        return Destination(
            self.host, self.port, self.ae_title, self.calling_ae_title, self.timeout_s
        )

    def to_route(self) -> Route:
        """Return the delivery's own settings."""
        target = self.to_destination()
        query = (self._queried() or target) if self.verify_patient else None
        return self._route(target, query, self._commitment())

    def _commitment(self) -> CommitmentRule | None:
        if self.commitment is False:
            return None
        is_required = self.commitment is True
        return CommitmentRule(is_required, self.commitment_timeout_s, self.commitment_wait_s)


class _QueriedElsewhere(_DestinationSection):
    """A destination that answers no C-FIND itself."""

    verify_patient: bool = False

    @model_validator(mode="after")
    def _require_query(self) -> Self:
        if self.verify_patient and self.query is None:
            raise ValueError("verify_patient needs query: who answers C-FIND")
        return self

    def _verified(self) -> Destination | None:
        return self._queried() if self.verify_patient else None


class StowSection(_QueriedElsewhere):
    """A DICOMweb service."""

    kind: Literal["stow"]
    url: AnyHttpUrl
    ca_file: Path | None = None
    token_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _require_safe_secrets(self) -> Self:
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file belong together")
        if self.token_file and self.user:
            raise ValueError("either token_file or user, not both")
        if self.url.username or self.url.password or self.url.query or self.url.fragment:
            raise ValueError("url: neither user, password, query nor fragment")
        is_open = self.url.scheme == "http" and self.url.host not in ("127.0.0.1", "localhost")
        if is_open and (self.token_file or self.user):
            raise ValueError("a secret is sent over https only")
        return self

    def to_route(self) -> Route:
        """Return the delivery's own settings."""
        service = StowService(
            str(self.url),
            self.ca_file,
            self.token_file,
            self.user,
            self.password_file,
            self.timeout_s,
        )
        return self._route(service, self._verified())


class FolderSection(_QueriedElsewhere):
    """A folder, which must be there."""

    kind: Literal["folder"]
    path: Path

    def to_route(self) -> Route:
        """Return the delivery's own settings."""
        return self._route(Folder(self.path), self._verified())


def _kind(entry: Any) -> Any:
    # What is not said is C-STORE, as in version 0.1.
    return entry.get("kind", "dicom") if isinstance(entry, dict) else getattr(entry, "kind", None)


DestinationSection = Annotated[
    Annotated[DicomSection, Tag("dicom")]
    | Annotated[StowSection, Tag("stow")]
    | Annotated[FolderSection, Tag("folder")],
    Discriminator(_kind),
]
