"""What an SDK request holds reaches the model, or is said to be left out."""

import base64
import re
from typing import Any

import anthropic
import pytest

from .answers import ENABLED, TOOLS
from .clients import Json, asked, script
from .stack import Practice

pytestmark = pytest.mark.xdist_group("python-sdk")

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 16).decode()
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
CACHE = {"cache_control": {"type": "ephemeral"}}
ASK = script({"text": "Seen."})


def pdf(words: str) -> str:
    """Return a PDF of one page in base64."""
    content = f"BT /F1 24 Tf 72 720 Td ({words}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 612 792]>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n"
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    return base64.b64encode(out).decode()


@pytest.fixture
def sent(client: anthropic.Anthropic, practice: Practice, mark: int) -> Any:
    """Send a request; return the body that reached the model."""

    def send(**fields: Any) -> Json:
        request = asked({"text": "Seen."}) | fields
        client.messages.create(**request)
        (record,) = practice.chats(mark)
        body: Json = record.body
        return body

    return send


def user(*blocks: Json) -> list[Json]:
    return [{"role": "user", "content": [*blocks, {"type": "text", "text": ASK}]}]


@pytest.mark.parametrize(
    "system",
    [
        "Be kind.\n\nBe brief.",
        [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be brief."}],
        [{"type": "text", "text": "Be kind.", **CACHE}, {"type": "text", "text": "Be brief."}],
    ],
    ids=["a string", "blocks", "blocks with cache marks"],
)
def test_the_system_prompt_arrives_alike_in_every_form(sent: Any, system: Any) -> None:
    assert sent(system=system)["messages"][0] == {
        "role": "system",
        "content": "Be kind.\n\nBe brief.",
    }


@pytest.mark.parametrize("content", [ASK, [{"type": "text", "text": ASK, **CACHE}]])
def test_a_message_arrives_alike_as_a_string_and_as_a_block(sent: Any, content: Any) -> None:
    body = sent(messages=[{"role": "user", "content": content}])
    assert body["messages"] == [{"role": "user", "content": ASK}]


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        # This version of the SDK no longer knows these, the API and other clients do.
        ({"extra_body": {"temperature": 0.25}}, {"temperature": 0.25}),
        ({"extra_body": {"top_p": 0.9}}, {"top_p": 0.9}),
        ({"extra_body": {"top_k": 7}}, {"top_k": 7}),
        ({"max_tokens": 77}, {"num_predict": 77}),
    ],
    ids=["temperature", "top_p", "top_k", "max_tokens"],
)
def test_a_sampling_parameter_arrives(sent: Any, fields: Json, options: Json) -> None:
    got = sent(**fields)["options"]
    assert {name: got[name] for name in options} == options


@pytest.mark.parametrize(
    ("thinking", "think"),
    [
        (ENABLED, True),
        ({"type": "adaptive"}, True),
        ({"type": "disabled"}, False),
        (None, False),
    ],
    ids=["enabled", "adaptive", "disabled", "absent"],
)
def test_thinking_is_asked_for_as_the_client_says(sent: Any, thinking: Any, think: Any) -> None:
    fields = {"thinking": thinking} if thinking else {}
    assert sent(model="practice-think", **fields)["think"] is think


def test_a_model_that_cannot_think_is_not_asked_to(sent: Any) -> None:
    assert "think" not in sent(thinking=ENABLED)


@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": {"user_id": "someone"}},
        {"service_tier": "auto"},
        {"container": "container_1"},
        {"inference_geo": "eu"},
        {"output_config": {"effort": "high"}},
        {"extra_body": {"a_field_of_tomorrow": {"deep": [1]}}},
        {"extra_body": {"context_management": {"edits": []}}},
        {"extra_headers": {"anthropic-beta": "a-beta-of-tomorrow-2031-01-01"}},
        {"extra_headers": {"x-some-header": "1", "anthropic-version": "2031-01-01"}},
        {"extra_query": {"beta": "true"}},
    ],
    ids=lambda fields: " ".join(str(value) for value in fields.values())[:50],
)
def test_what_a_local_model_has_no_use_for_is_accepted(sent: Any, fields: Json) -> None:
    assert sent(**fields)["messages"] == [{"role": "user", "content": ASK}]


def test_an_image_reaches_a_model_that_sees(sent: Any) -> None:
    (message,) = sent(model="practice-vision", messages=user(IMAGE))["messages"]
    assert message["images"] == [PNG]


def test_an_image_is_said_to_be_left_out_for_a_model_that_does_not_see(sent: Any) -> None:
    (message,) = sent(messages=user(IMAGE))["messages"]
    assert "images" not in message
    assert "An image was here; this model cannot see images." in message["content"]


def test_an_image_by_its_address_is_not_fetched_unless_configured(sent: Any) -> None:
    image = {"type": "image", "source": {"type": "url", "url": "http://127.0.0.1:9/a.png"}}
    (message,) = sent(model="practice-vision", messages=user(image))["messages"]
    assert "An image was here" in message["content"]


def test_a_text_document_reaches_the_model(sent: Any) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "The moon is far."}
    document = {"type": "document", "title": "Moon", "source": source}
    (message,) = sent(messages=user(document))["messages"]
    assert message["content"].startswith("Moon:\nThe moon is far.")


def test_the_text_of_a_pdf_reaches_the_model(sent: Any) -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": pdf("The moon is far")}
    (message,) = sent(messages=user({"type": "document", "source": source}))["messages"]
    assert "The moon is far" in message["content"]


def test_a_damaged_pdf_is_said_to_be_left_out(sent: Any) -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "aGVsbG8="}
    (message,) = sent(messages=user({"type": "document", "source": source}))["messages"]
    assert "A PDF was here and is left out" in message["content"]


@pytest.mark.parametrize(
    "content", ["The moon is far.", [{"type": "text", "text": "The moon is far."}]]
)
def test_a_document_made_of_blocks_reaches_the_model(sent: Any, content: Any) -> None:
    document = {"type": "document", "source": {"type": "content", "content": content}}
    (message,) = sent(messages=user(document))["messages"]
    assert "The moon is far." in message["content"]


def test_a_search_result_reaches_the_model_with_its_source(sent: Any) -> None:
    found = {
        "type": "search_result",
        "source": "https://moon.test/far",
        "title": "Moon",
        "content": [{"type": "text", "text": "The moon is far."}],
        "citations": {"enabled": True},
    }
    (message,) = sent(messages=user(found))["messages"]
    for words in ("Moon", "The moon is far.", "https://moon.test/far"):
        assert words in message["content"]


# ---- Tool results -------------------------------------------------------------------------


def use(name: str, number: int, **given: Any) -> Json:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": given}


def result(number: int, content: Any, **more: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": content, **more}


def after(uses: list[Json], *results: Json) -> Json:
    """Return a request in which calls have been answered."""
    return {
        "tools": TOOLS,
        "messages": [
            {"role": "user", "content": script({"text": "Called."}, {"text": "Seen."})},
            {"role": "assistant", "content": uses},
            {"role": "user", "content": [*results]},
        ],
    }


@pytest.mark.parametrize(
    "content",
    ["the words", [{"type": "text", "text": "the words"}]],
    ids=["a string", "blocks"],
)
def test_a_result_reaches_the_model_as_the_answer_to_its_call(sent: Any, content: Any) -> None:
    body = sent(**after([use("Read", 1, path="a")], result(1, content)))
    *_, said, told = body["messages"]
    assert said["tool_calls"][0]["function"] == {"name": "Read", "arguments": {"path": "a"}}
    assert told == {
        "role": "tool",
        "content": "the words",
        "tool_name": "Read",
        # An id that every template takes, in place of the client's.
        "tool_call_id": said["tool_calls"][0]["id"],
    }
    assert re.fullmatch(r"[0-9A-Za-z]{9}", told["tool_call_id"])


def test_results_out_of_order_are_matched_by_id(sent: Any) -> None:
    uses = [use("Read", 1, path="a"), use("get_weather", 2, city="Rome")]
    body = sent(**after(uses, result(2, "sunny"), result(1, "the words")))
    told = [(m["tool_name"], m["content"]) for m in body["messages"] if m["role"] == "tool"]
    assert told == [("Read", "the words"), ("get_weather", "sunny")]


@pytest.mark.parametrize("failed", [True, False])
def test_a_result_that_is_an_error_is_told_to_be_one(sent: Any, *, failed: bool) -> None:
    body = sent(**after([use("Read", 1)], result(1, "no such file", is_error=failed)))
    told = body["messages"][-1]["content"]
    assert "no such file" in told
    assert ("error" in told) == failed


@pytest.mark.parametrize("model", ["practice-vision", "practice"])
def test_an_image_in_a_result_is_seen_or_said_to_be_there(sent: Any, model: str) -> None:
    content = [{"type": "text", "text": "a picture"}, IMAGE]
    told = sent(model=model, **after([use("Read", 1)], result(1, content)))["messages"][-1]
    assert told["content"].startswith("a picture")
    if model == "practice-vision":
        assert told["images"] == [PNG]
    else:
        assert "An image was here" in told["content"]


def test_a_result_without_content_is_an_empty_one(sent: Any) -> None:
    empty = {"type": "tool_result", "tool_use_id": "toolu_1"}
    told = sent(**after([use("Read", 1)], empty))["messages"][-1]
    assert (told["role"], told.get("content", "")) == ("tool", "")


def test_words_beside_a_result_follow_it(sent: Any) -> None:
    words = {"type": "text", "text": "And be quick."}
    body = sent(**after([use("Read", 1)], result(1, "the words"), words))
    assert [m["role"] for m in body["messages"][-2:]] == ["tool", "user"]
    assert body["messages"][-1]["content"] == "And be quick."


def test_thinking_in_the_history_goes_back_to_the_model(sent: Any) -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "signed"}
    redacted = {"type": "redacted_thinking", "data": "c2VjcmV0"}
    body = sent(
        model="practice-think",
        **after([thought, redacted, use("Read", 1)], result(1, "x")),
    )
    assert body["messages"][1]["thinking"] == "Hm."


def test_the_message_of_an_answer_can_be_sent_back_as_it_is(
    client: anthropic.Anthropic, practice: Practice, mark: int
) -> None:
    turns = [
        {"thinking": "Hm.", "text": "Look:", "calls": [{"name": "Read", "arguments": {"b": 1}}]},
        {"text": "Done."},
    ]
    messages: list[Any] = [{"role": "user", "content": script(*turns)}]
    request = {"model": "practice-think", "max_tokens": 500, "tools": TOOLS, "thinking": ENABLED}
    first = client.messages.create(**request, messages=messages)  # type: ignore[call-overload]
    messages.append({"role": "assistant", "content": first.content})
    used = first.content[-1].id
    answer = {"type": "tool_result", "tool_use_id": used, "content": "words"}
    messages.append({"role": "user", "content": [answer]})
    second = client.messages.create(**request, messages=messages)  # type: ignore[call-overload]
    assert second.content[-1].text == "Done."
    before, now = practice.chats(mark)
    assert now.body["messages"][: len(before.body["messages"])] == before.body["messages"]
    assert now.reused_tokens >= before.prompt_tokens - 1


def test_prefill_is_continued(sent: Any) -> None:
    messages = [{"role": "user", "content": ASK}, {"role": "assistant", "content": "It was"}]
    assert sent(messages=messages)["messages"][-1] == {"role": "assistant", "content": "It was"}


def test_deferred_tools_come_after_the_others(sent: Any) -> None:
    deferred = {**TOOLS[0], "defer_loading": True}
    names = [t["function"]["name"] for t in sent(tools=[deferred, TOOLS[1]])["tools"]]
    assert names[0] == "get_weather"
