"""PDFs on their way to a model that reads text."""

import base64
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from cc_proxy.app.gateway.attachments import documents as attachments
from cc_proxy.app.translate.pdf import text_of

from .conftest import Gateway, Upstream

ANSWER = "The answer is 42."
MakePdf = Callable[..., bytes]


def document(data: bytes | str) -> dict[str, Any]:
    if isinstance(data, bytes):
        data = base64.b64encode(data).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return {"type": "document", "title": "paper.pdf", "source": source}


async def sent(gateway: Gateway, upstream: Upstream, *content: dict[str, Any]) -> str:
    status, answer, _ = await gateway.ask(messages=[{"role": "user", "content": list(content)}])
    assert status == 200, answer
    text: str = upstream.bodies[-1]["messages"][-1]["content"]
    return text


async def test_the_model_gets_the_text_of_each_page(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf
) -> None:
    text = await sent(gateway, upstream, document(make_pdf(ANSWER, "")))
    assert text == (
        "paper.pdf:\n[Page 1]\nThe answer is 42.\n\n"
        "[Page 2]\n[This page has no text; it may be a picture.]"
    )


async def test_a_pdf_inside_a_tool_result_is_read_too(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf
) -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [document(make_pdf(ANSWER))]}
    assert "The answer is 42." in await sent(gateway, upstream, result)


async def test_a_pdf_is_worked_out_once(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await sent(gateway, upstream, document(make_pdf(ANSWER)))

    def never(_data: str) -> str:
        raise AssertionError

    monkeypatch.setattr(attachments, "text_of", never)
    assert await sent(gateway, upstream, document(make_pdf(ANSWER))) == first


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


async def test_a_reader_that_breaks_in_any_way_does_not_fail_the_request(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_self: object) -> None:
        raise AttributeError("no such key")

    monkeypatch.setattr("pypdf.PdfReader.is_encrypted", property(breaks))
    text = await sent(gateway, upstream, document(make_pdf(ANSWER)))
    assert "is left out: it cannot be read (no such key)" in text


async def test_without_what_reads_pdfs_the_model_is_told_how_to_add_it(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)
    before = await sent(gateway, upstream, document(make_pdf(ANSWER)))
    assert "[A PDF was here and is left out: cc-proxy reads PDFs only with pypdf" in before
    assert "`pipx inject cc-proxy pypdf`" in before
    assert ANSWER not in before


async def test_a_pdf_that_takes_too_long_is_given_up_between_pages(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "PDF_SECONDS", -1.0)
    text = await sent(gateway, upstream, document(make_pdf(ANSWER)))
    assert "is left out: reading it takes too long" in text


async def test_the_documents_of_a_request_share_one_time(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[str] = []

    def slow(data: str, in_time: Callable[[], bool]) -> str:
        if in_time():
            began.append(data)
            time.sleep(0.2)
        return text_of(data, in_time)

    monkeypatch.setattr(attachments, "text_of", slow)
    monkeypatch.setattr(attachments, "ALL_PDFS_SECONDS", 0.3)
    documents = [document(make_pdf(f"Number {number}.")) for number in range(5)]
    text = await sent(gateway, upstream, *documents)
    assert len(began) == 2
    assert "Number 0." in text
    assert text.count("the documents of this request take more than 0.3 seconds") == 4
    # What is known costs no time, so the next turn gets further.
    again = await sent(gateway, upstream, *documents)
    assert "Number 0." in again
    assert "Number 1." in again
