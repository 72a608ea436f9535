"""Tools that a server ran, as they stand in the history, and what the model is told of them."""

import base64
from typing import Any

import msgspec
import pytest

from cc_proxy.app.anthropic.requests import Block, Message, MessagesRequest
from cc_proxy.app.translate.request.content import ContentReader
from cc_proxy.app.translate.request.conversation import conversation
from cc_proxy.app.translate.web_search.offer import offer, query_in, query_of_side_request
from cc_proxy.app.translate.web_search.search_results import (
    SearchResults,
    result_blocks,
    result_text,
)

USE = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}


def result(content: Any, call_id: str = "srvtoolu_1") -> dict[str, Any]:
    return {"type": "web_search_tool_result", "tool_use_id": call_id, "content": content}


def page(**fields: Any) -> dict[str, Any]:
    return {"type": "web_search_result", "title": "T", "url": "https://a.example"} | fields


def turns(*content: dict[str, Any], reader: ContentReader | None = None) -> list[dict[str, Any]]:
    messages = decoded([{"role": "assistant", "content": list(content)}])
    done = conversation("", messages, reader or ContentReader(vision=False))
    return [msgspec.json.decode(msgspec.json.encode(turn)) for turn in done]


def decoded(messages: list[dict[str, Any]]) -> list[Message]:
    return msgspec.json.decode(msgspec.json.encode(messages), type=list[Message])


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def test_each_round_of_a_search_is_a_turn_of_its_own() -> None:
    content = [text("One."), USE, result([page()]), text("Two.")]
    done = turns(*content)
    assert [turn["role"] for turn in done] == ["assistant", "tool", "assistant"]
    assert (done[0]["content"], done[2]["content"]) == ("One.", "Two.")
    assert done[0]["tool_calls"][0]["id"] == done[1]["tool_call_id"] == "srvtoolu_1"


def test_two_searches_of_one_round_stay_together() -> None:
    other = USE | {"id": "srvtoolu_2"}
    done = turns(USE, other, result([]), result([], "srvtoolu_2"), text("So."))
    assert [len(turn.get("tool_calls", [])) for turn in done] == [2, 0, 0, 0]
    assert [turn["role"] for turn in done] == ["assistant", "tool", "tool", "assistant"]


def test_a_beginning_of_the_content_renders_to_a_beginning_of_the_turns() -> None:
    content = [text("One."), USE, result([page()]), text("Two."), USE, result([]), text("End.")]
    whole = turns(*content)
    for end in (3, 6):
        part = turns(*content[:end])
        assert whole[: len(part)] == part


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "Nothing was found."),
        ([page(page_age="May 2026")], "1. T\nURL: https://a.example\nAge: May 2026"),
        (
            [page(), page(title="U")],
            "1. T\nURL: https://a.example\n\n2. U\nURL: https://a.example",
        ),
        (
            {"type": "web_search_tool_result_error", "error_code": "too_many_requests"},
            "The search service refuses more searches for now. Go on without them.",
        ),
        (
            {"type": "web_search_tool_result_error", "error_code": "new_code"},
            "The web search failed: new_code.",
        ),
    ],
)
def test_a_search_result_is_told_in_words(content: Any, words: str) -> None:
    assert turns(USE, result(content))[1]["content"] == words


def test_what_was_found_comes_back_as_it_went_out() -> None:
    found = [SearchResults("About\n cats", "https://a.example", "  Cats — 猫 sleep.\n", "2026")]
    (block,) = result_blocks(found, 1000)
    sent = [msgspec.to_builtins(block)]
    assert turns(USE, result(sent))[1]["content"] == (
        "1. About cats\nURL: https://a.example\nAge: 2026\nCats — 猫 sleep."
    )


@pytest.mark.parametrize(
    "closed",
    ["EqgfCioIARgBIiQ3Y", "cc-proxy:%%%", "cc-proxy:" + base64.b64encode(b"\xff").decode()],
)
def test_what_another_server_closed_is_left_out_and_named(closed: str) -> None:
    reader = ContentReader(vision=False)
    done = turns(USE, result([page(encrypted_content=closed)]), reader=reader)
    assert done[1]["content"] == "1. T\nURL: https://a.example"
    assert reader.dropped == {"text of a search result that another server encrypted": 1}


def test_long_texts_share_the_room() -> None:
    found = [SearchResults("t", "https://a.example", "猫" * 500) for _ in range(4)]
    for block in result_blocks(found, 400):
        raw = base64.b64decode(block.encrypted_content.removeprefix("cc-proxy:")).decode()
        assert raw == "猫" * 100 + " […]"


def test_the_result_of_another_server_tool_reaches_the_model() -> None:
    use = {
        "type": "server_tool_use",
        "id": "srvtoolu_9",
        "name": "web_fetch",
        "input": {"url": "u"},
    }
    page = {"type": "text", "media_type": "text/plain", "data": "Cats sleep."}
    document = {"type": "document", "title": "Cats", "source": page}
    content = {"type": "web_fetch_result", "url": "u", "retrieved_at": "2026", "content": document}
    block = {"type": "web_fetch_tool_result", "tool_use_id": "srvtoolu_9", "content": content}
    done = turns(use, block)
    assert done[1]["tool_name"] == "web_fetch"
    assert done[1]["content"] == "URL: u\nRetrieved: 2026\nCats:\nCats sleep."


RAN = {"stdout": "42\n", "stderr": "", "return_code": 0, "content": []}
VIEW = {"content": "a\nb", "file_type": "text"}


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("code_execution_result", RAN, "42\n\nExit code: 0"),
        (
            "bash_code_execution_result",
            RAN | {"stderr": "no", "return_code": 2, "content": [{"file_id": "f"}]},
            "42\n\nstderr:\nno\n[Files made: 1; they are not here.]\nExit code: 2",
        ),
        (
            "encrypted_code_execution_result",
            {"encrypted_stdout": "Eqg", "stderr": "", "return_code": 0, "content": []},
            "[The output is encrypted.]\nExit code: 0",
        ),
        ("text_editor_code_execution_view_result", VIEW, "a\nb"),
        (
            "text_editor_code_execution_view_result",
            VIEW | {"num_lines": 2, "start_line": 5, "total_lines": 9},
            "Lines 5 to 6 of 9:\na\nb",
        ),
        (
            "text_editor_code_execution_create_result",
            {"is_file_update": False},
            "The file was created.",
        ),
        (
            "text_editor_code_execution_create_result",
            {"is_file_update": True},
            "The file was updated.",
        ),
        (
            "text_editor_code_execution_str_replace_result",
            {"lines": ["-a", "+b"], "old_start": 1},
            "The file was edited.\n-a\n+b",
        ),
        (
            "tool_search_tool_search_result",
            {"tool_references": [{"type": "tool_reference", "tool_name": "Read"}]},
            "The tool Read can be used now.",
        ),
        ("tool_search_tool_search_result", {"tool_references": []}, "No tool was found."),
        ("advisor_result", {"text": "Test it.", "stop_reason": None}, "Test it."),
        ("advisor_redacted_result", {"encrypted_content": "Eqg"}, "[The advice is encrypted.]"),
        ("advisor_tool_result_error", {"error_code": "overloaded"}, "The tool failed: overloaded."),
        (
            "text_editor_code_execution_tool_result_error",
            {"error_code": "file_not_found", "error_message": "No a.txt."},
            "The tool failed: file_not_found. No a.txt.",
        ),
        ("of_tomorrow", {"a": "b", "c": [1]}, "a: b\nc: [1]"),
        ("code_execution_result", {"return_code": "none"}, "return_code: none"),
    ],
)
def test_a_result_of_another_server_is_told_in_words(kind: str, fields: Any, words: str) -> None:
    use = USE | {"id": "srvtoolu_9", "name": "any"}
    block = {"type": "any_tool_result", "tool_use_id": "srvtoolu_9"}
    done = turns(use, block | {"content": fields | {"type": kind}})
    assert done[1]["content"] == words


def test_what_another_server_s_code_encrypted_is_named_as_dropped() -> None:
    reader = ContentReader(vision=False)
    content = {"type": "advisor_redacted_result", "encrypted_content": "Eqg"}
    turns(USE, result(content) | {"type": "advisor_tool_result"}, reader=reader)
    assert reader.dropped == {"advice that another server encrypted": 1}


def test_a_result_of_the_client_finds_its_place_behind_the_servers() -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {}}
    answer = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "file"}
    messages = decoded(
        [
            {"role": "assistant", "content": [call, USE, result([])]},
            {"role": "user", "content": [answer, text("and?")]},
        ]
    )
    done = conversation("", messages, ContentReader(vision=False))
    assert [turn.role for turn in done] == ["assistant", "tool", "tool", "user"]
    assert [turn.tool_name for turn in done] == ["", "web_search", "Read", ""]


@pytest.mark.parametrize("content", ["words", None])
def test_a_malformed_result_is_no_fault(content: Any) -> None:
    block = Block(type="web_search_tool_result", tool_use_id="x", content=content)
    assert result_text(block, ContentReader(vision=False))


def asked(*messages: dict[str, Any]) -> MessagesRequest:
    return msgspec.convert({"model": "m", "messages": list(messages)}, MessagesRequest)


@pytest.mark.parametrize(
    ("messages", "query"),
    [
        ([{"role": "user", "content": "Perform a web search for the query: a b"}], "a b"),
        ([{"role": "user", "content": "Perform a web search for the query: a\nb \n"}], "a\nb"),
        (
            [
                {"role": "user", "content": "Perform a web search for the query: a"},
                {"role": "system", "content": "Today."},
            ],
            "a",
        ),
        ([{"role": "user", "content": "Perform a web search for the query: "}], None),
        (
            [{"role": "user", "content": f"Perform a web search for the query:{' ' * 100_000}"}],
            None,
        ),
        ([{"role": "user", "content": "Please perform a web search for the query: a"}], None),
        (
            [
                {"role": "user", "content": "Perform a web search for the query: a"},
                {"role": "assistant", "content": "Done."},
            ],
            None,
        ),
        ([{"role": "user", "content": [{"type": "image"}]}], None),
        ([], None),
    ],
)
def test_the_side_request_of_claude_code_is_known(
    messages: list[dict[str, Any]], query: str | None
) -> None:
    assert query_of_side_request(asked(*messages)) == query


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        (b'{"query": " a "}', "a"),
        (b'{"query": ""}', None),
        (b'{"query": ["a"]}', None),
        (b"{}", None),
        (b"[]", None),
        (b"{", None),
    ],
)
def test_a_query_is_read_from_the_arguments(arguments: bytes, query: str | None) -> None:
    assert query_in(arguments) == query


@pytest.mark.parametrize(
    "tools",
    [
        b"null",
        b"[]",
        b'[{"name": "web_search", "input_schema": {}}]',
        b'[{"name": "x", "description": "web_search_20250305", "input_schema": {}}]',
        b'{"type": "web_search_1"}',
    ],
)
def test_other_tools_are_left_alone(tools: bytes) -> None:
    assert offer(tools) is None


def test_an_offer_keeps_the_other_tools_as_they_came() -> None:
    read = b'{"name":"Read","input_schema":{"b":1,"a":2}}'
    found = offer(b"[" + read + b',{"type":"web_search_1","name":"web_search","max_uses":2}]')
    assert found is not None
    assert found.search.most_searches == 2
    assert not found.alone
    assert bytes(found.tools).startswith(b"[" + read + b',{"name":"web_search"')


def test_what_a_provider_sends_is_cut() -> None:
    long = SearchResults(
        title="t " * 3_000_000, url="https://a.example", text="x" * 99, age="y" * 500
    )
    far = SearchResults(title="t", url="https://a.example/" + "a" * 2000)
    (block,) = result_blocks([long, far], 50)
    assert len(block.title) < 310
    assert len(block.page_age or "") < 110
    assert len(block.encrypted_content) < 120
