"""More than text: pictures, documents, and what else the client asks for."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Stage, call

pytestmark = pytest.mark.claude

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAA"
    "AElFTkSuQmCC"
)


def use_model(stage: Stage, model: str) -> None:
    stage.configure(f"aliases: {{default: {model}}}")


async def read(stage: Stage, path: Path) -> str:
    await stage.ask(f"Read {path.name}.", turns=[call("Read", file_path=str(path)), {"text": "."}])
    return json.dumps(stage.chats()[-1].body["messages"])


async def test_a_model_that_sees_gets_the_picture_that_was_read(stage: Stage) -> None:
    use_model(stage, "practice-vision")
    path = stage.project / "dot.png"
    path.write_bytes(PNG)
    assert '"images": ["' in await read(stage, path)


async def test_a_model_that_does_not_see_is_told_of_the_picture(stage: Stage) -> None:
    path = stage.project / "dot.png"
    path.write_bytes(PNG)
    assert "An image was here; this model cannot see images." in await read(stage, path)
    assert "left out on purpose: image (the model has no vision)" in stage.log()


async def test_a_pdf_that_was_read_reaches_the_model_as_text(
    stage: Stage, make_pdf: Callable[..., bytes]
) -> None:
    path = stage.project / "paper.pdf"
    path.write_bytes(make_pdf("A heron stands in the reed."))
    assert "A heron stands in the reed." in await read(stage, path)


async def test_side_requests_are_answered_with_nonessential_traffic_on(stage: Stage) -> None:
    stage.more_environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "0"
    out = await stage.ask("Good morning.", turns=[{"text": "Good morning to you."}])
    assert "Good morning to you." in out
    assert "status=5" not in stage.log()
