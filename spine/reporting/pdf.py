"""Pages as a PDF: the picture of each, and its words under it, unseen, to be searched and copied.

Written with the low-level writer of Pillow, whose own way to save a PDF keeps no words.
"""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO

from PIL.PdfParser import IndirectReference, PdfDict, PdfName, PdfParser

from spine.reporting.drawing import Line, Page

# An A4 sheet across, in points of 1/72 inch; the page keeps its own proportions.
_WIDTH_POINTS = 842.0
_FONT = "Helvetica"
# What no character of Helvetica is wider than, in parts of its size: unseen words need not fit
# well, but what reaches beyond the page is not found.
_WIDEST, _CAPITAL, _OTHER = 1.0, 0.8, 0.6
# What the encoding of a standard font lacks, as plain words say it.
_PLAIN = str.maketrans({"→": "->", "≥": ">=", "≤": "<=", "\N{MINUS SIGN}": "-"})


def pdf_from_pages(pages: Sequence[Page], title: str, moment: datetime) -> bytes:
    """Write pages into a document that is dated at a moment.

    Equal pages, title and moment give equal bytes.
    """
    buffer = BytesIO()
    with PdfParser(f=buffer, mode="w+b") as pdf:
        pdf.info.update({"Title": title, "CreationDate": moment.astimezone(UTC).timetuple()})
        pdf.start_writing()
        pdf.write_header()
        references = [pdf.next_object_id(0) for _ in pages]
        pdf.pages.extend(references)
        pdf.write_catalog()
        font = pdf.write_obj(None, **_font())
        for page, reference in zip(pages, references, strict=True):
            _write_page(pdf, page, reference, font)
        pdf.write_xref_and_trailer()
        # A reader that takes the last byte for padding then loses a line end (docs/readers.md).
        return buffer.getvalue() + b"\n"


def _font() -> dict[str, PdfName]:
    return {
        "Type": PdfName("Font"),
        "Subtype": PdfName("Type1"),
        "BaseFont": PdfName(_FONT),
        "Encoding": PdfName("WinAnsiEncoding"),
    }


def _write_page(
    pdf: PdfParser, page: Page, reference: IndirectReference, font: IndirectReference
) -> None:
    pixels = page.pixels
    height, width = pixels.shape[:2]
    scale = _WIDTH_POINTS / width
    image = pdf.write_obj(
        None,
        stream=zlib.compress(pixels.tobytes()),
        Type=PdfName("XObject"),
        Subtype=PdfName("Image"),
        Width=width,
        Height=height,
        ColorSpace=PdfName("DeviceRGB"),
        BitsPerComponent=8,
        Filter=PdfName("FlateDecode"),
    )
    words = "\n".join(_hidden(line, height) for line in page.lines)
    content = (
        f"{scale:.6f} 0 0 {scale:.6f} 0 0 cm\n"
        f"q {width} 0 0 {height} 0 0 cm /page Do Q\n"
        f"BT 3 Tr\n{words}\nET\n"
    )
    stream = pdf.write_obj(None, stream=content.encode("cp1252", errors="replace"))
    resources = PdfDict(XObject=PdfDict(page=image), Font=PdfDict(words=font))
    box = [0, 0, _WIDTH_POINTS, round(height * scale, 3)]
    pdf.write_page(reference, Resources=resources, MediaBox=box, Contents=stream)


def _hidden(line: Line, height: int) -> str:
    """Set a line where it is drawn, as wide as it is drawn; y runs upward in a PDF."""
    words = line.words.translate(_PLAIN)
    left, top, right, bottom = line.box
    size = max(1.0, bottom - top)
    stretch = 100 * (right - left) / max(1.0, size * sum(map(_width, words)))
    escaped = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return (
        f"/words {size:.1f} Tf {stretch:.1f} Tz "
        f"1 0 0 1 {left:.1f} {height - bottom:.1f} Tm ({escaped}) Tj"
    )


def _width(character: str) -> float:
    if character in "mwMW@%…":
        return _WIDEST
    return _CAPITAL if character.isupper() else _OTHER
