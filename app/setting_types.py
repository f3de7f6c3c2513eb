"""What the settings are made of."""

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _checked_ae_title(title: str) -> str:
    # PS3.5, table 6.2-1: at most 16 characters, no backslash, no control characters.
    if not 0 < len(title) <= 16 or not title.isascii() or not title.isprintable() or "\\" in title:
        raise ValueError("not an AE title")
    if title != title.strip():
        raise ValueError("an AE title has no spaces around it")
    return title


AETitle = Annotated[str, AfterValidator(_checked_ae_title)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Address = IPv4Address | IPv6Address
ProfileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
MemorySize = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")]


class Section(BaseModel):
    """A part of the settings; a key that nobody would read is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
