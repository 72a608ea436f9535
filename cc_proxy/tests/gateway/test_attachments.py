"""PDFs on their way to a model that reads text."""

import base64
from typing import Any

import pytest

from cc_proxy.app.gateway import attachments

from .conftest import Gateway, Upstream

PAGE = b"BT /F1 12 Tf 20 100 Td (The answer is 42.) Tj ET"


def pdf(*pages: bytes) -> str:
    """Return a small PDF, base64, with one text operator stream a page."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, page in enumerate(pages):
        content = f"{5 + 2 * number} 0 R"
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents {content}"
            f"/Resources<</Font<</F1 3 0 R>>>>>>".encode(),
            b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return base64.b64encode(out).decode()


def document(data: str) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return {"type": "document", "title": "paper.pdf", "source": source}


async def sent(gateway: Gateway, upstream: Upstream, *content: dict[str, Any]) -> str:
    status, answer, _ = await gateway.ask(messages=[{"role": "user", "content": list(content)}])
    assert status == 200, answer
    text: str = upstream.bodies[-1]["messages"][-1]["content"]
    return text


async def test_the_model_gets_the_text_of_each_page(gateway: Gateway, upstream: Upstream) -> None:
    text = await sent(gateway, upstream, document(pdf(PAGE, b"")))
    assert text == (
        "paper.pdf:\n[Page 1]\nThe answer is 42.\n\n"
        "[Page 2]\n[This page has no text; it may be a picture.]"
    )


async def test_a_pdf_inside_a_tool_result_is_read_too(gateway: Gateway, upstream: Upstream) -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [document(pdf(PAGE))]}
    assert "The answer is 42." in await sent(gateway, upstream, result)


async def test_a_pdf_is_worked_out_once(
    gateway: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await sent(gateway, upstream, document(pdf(PAGE)))

    def never(_data: str) -> str:
        raise AssertionError

    monkeypatch.setattr(attachments, "text_of", never)
    assert await sent(gateway, upstream, document(pdf(PAGE))) == first


@pytest.mark.parametrize("data", ["", "bm90IGEgcGRm", "%%%"])
async def test_a_damaged_pdf_is_named_and_does_not_fail_the_request(
    gateway: Gateway, upstream: Upstream, data: str
) -> None:
    text = await sent(gateway, upstream, document(data))
    assert "[A PDF was here and is left out: it cannot be read" in text


async def test_a_plain_text_document_needs_no_reading(gateway: Gateway, upstream: Upstream) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "Words."}
    block = {"type": "document", "source": source}
    assert await sent(gateway, upstream, block) == "Document:\nWords."
