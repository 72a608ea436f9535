"""PDFs on their way to a model that reads text."""

import asyncio
import base64
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from cc_proxy.app.gateway.attachments import documents as attachments
from cc_proxy.app.gateway.attachments import pdf_child
from cc_proxy.app.gateway.attachments.pdf_process import AT_ONCE, PdfReader, PdfTooSlowError
from cc_proxy.app.translate import pdf
from cc_proxy.app.translate.pdf import PdfText, UnreadablePdfError, text_of
from cc_proxy.tests.faults.stage import until

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

    async def never(_self: object, _data: str, _seconds: float, **_: bool) -> PdfText:
        raise AssertionError

    monkeypatch.setattr(PdfReader, "text", never)
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


def test_a_reader_that_breaks_is_told_without_what_it_quotes(
    make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_self: object) -> None:
        raise AttributeError("words of the document")

    monkeypatch.setattr("pypdf.PdfReader.is_encrypted", property(breaks))
    with pytest.raises(UnreadablePdfError, match=r"^it cannot be read \(AttributeError\)$"):
        text_of(base64.b64encode(make_pdf(ANSWER)))


def test_a_text_that_is_too_long_is_cut(make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MAX_TEXT_CHARS", 40)
    text = text_of(base64.b64encode(make_pdf(ANSWER, ANSWER, ANSWER)))
    assert text.text == (
        f"[Page 1]\n{ANSWER}\n\n[Page 2]\nThe a\n\n[The rest is left out: the text is too long.]"
    )


async def test_without_what_reads_pdfs_the_model_is_told_how_to_add_it(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)
    before = await sent(gateway, upstream, document(make_pdf(ANSWER)))
    assert "[A PDF was here and is left out: cc-proxy reads PDFs only with pypdf" in before
    assert "`cc-proxy doctor` shows the command that adds it" in before
    assert ANSWER not in before


async def test_a_pdf_that_takes_too_long_is_given_up_and_its_process_ends(
    gateway: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "PDF_SECONDS", 1.0)
    text = await sent(gateway, upstream, document(slow_pdf()))
    assert "is left out: reading it takes too long" in text
    assert readers() == []


async def test_the_documents_of_a_request_share_one_time(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed: list[float] = []
    read = PdfReader.text

    async def slow(self: PdfReader, data: str, seconds: float, **_: bool) -> PdfText:
        allowed.append(seconds)
        if len(allowed) > 2:
            raise PdfTooSlowError
        return await read(self, data, seconds=300)

    monkeypatch.setattr(PdfReader, "text", slow)
    monkeypatch.setattr(attachments, "ALL_PDFS_SECONDS", 20.0)
    documents = [document(make_pdf(f"Number {number}.")) for number in range(5)]
    text = await sent(gateway, upstream, *documents)
    assert allowed == sorted(allowed, reverse=True)
    assert max(allowed) <= 20
    assert "Number 1." in text
    assert text.count("the documents of this request take more than 20 seconds") == 3
    # What is known costs no time, so the next turn gets further.
    monkeypatch.setattr(PdfReader, "text", read)
    assert "Number 4." in await sent(gateway, upstream, *documents)


@pytest.mark.posix_only("a list of processes by ps")
async def test_who_leaves_ends_the_processes_that_read_for_them(gateway: Gateway) -> None:
    asked = [{"role": "user", "content": [document(slow_pdf())]}]
    leaving = [asyncio.create_task(gateway.ask(messages=asked)) for _ in range(8)]
    await until(lambda: len(readers()) == AT_ONCE)
    for task in leaving:
        task.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    await until(lambda: readers() == [])
    # What looks up names of hosts has its threads.
    assert await asyncio.get_running_loop().getaddrinfo("localhost", 80)


@pytest.mark.posix_only("a signal that kills")
def test_a_reader_ends_when_the_proxy_is_killed() -> None:
    data = base64.b64encode(slow_pdf())
    command = [sys.executable, "-m", pdf_child.__name__, "60"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdin is not None
        reader.stdin.write(b"%d\n%b" % (len(data), data))
        reader.stdin.close()
        assert reader.wait(timeout=300) == 1


def test_the_pages_that_are_too_many_are_left_out(
    make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "MAX_PAGES", 1)
    text = text_of(base64.b64encode(make_pdf(ANSWER, ANSWER, ANSWER)))
    assert text.text == f"[Page 1]\n{ANSWER}\n\n[2 further pages are left out.]"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_reader_has_a_limit_of_memory() -> None:
    code = (
        f"from {pdf_child.__name__} import _limit, MAX_MEMORY_BYTES\n_limit(60)\n"
        "try:\n    bytearray(MAX_MEMORY_BYTES)\nexcept MemoryError:\n    print('limited')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "limited\n"


async def test_a_reader_has_no_key_in_its_environment(
    gateway: Gateway, upstream: Upstream, make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC_PROXY_AUTH_KEY", "a-secret")
    given: dict[str, str] = {}
    start = asyncio.create_subprocess_exec

    async def noting(*command: str, env: dict[str, str], **more: Any) -> Any:
        given.update(env)
        return await start(*command, env=env, **more)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noting)
    assert ANSWER in await sent(gateway, upstream, document(make_pdf(ANSWER)))
    assert given
    assert "a-secret" not in given.values()


def slow_pdf() -> bytes:
    """Return a PDF of some kilobytes that takes minutes to read."""
    content = zlib.compress(b"BT /F1 12 Tf " + b"(a) Tj 0 0 Td " * 450_000 + b"ET", 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F1 3 0 R>>>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(content), content),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%btrailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return out + end % (table, len(out))


def readers() -> list[str]:
    """Return the processes of this one that read a PDF."""
    command = ["ps", "-ww", "-eo", "ppid,args"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    mine = (line for line in lines if line.split()[0] == str(os.getpid()))
    return [line for line in mine if pdf_child.__name__ in line]
