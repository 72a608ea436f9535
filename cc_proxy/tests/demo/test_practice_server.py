"""The practice server as a proxy meets it: streams, queues, deaths, reloads and refusals."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from cc_proxy.app.practice.journal import Record
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.app.practice.model.speed import PracticeSpeed
from cc_proxy.app.practice.server import PracticeServer

from .conftest import BASH, Client, request, script

LONG = "word " * 2_000
SLOW = PracticeSpeed(generate_tokens_per_second=50)
WINDOW = {"num_ctx": 64}


def finished(number: int) -> Any:
    def check(record: Record) -> bool:
        return record.number == number and record.finished is not None

    return check


async def test_headers_come_only_with_the_first_token(client: Client) -> None:
    body = request(script({"stall": True}))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.session.post(client.url, json=body)
    record = await client.server.wait_for(finished(1))
    assert record.ended_by == "client closed"


async def test_each_chunk_of_http_is_one_line(server: PracticeServer) -> None:
    body = json.dumps(request(script({"text": "one two three"}))).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert b"application/x-ndjson" in head
    chunks = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        chunks.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    assert chunks.pop() == b""
    assert [chunk.count(b"\n") for chunk in chunks] == [1] * len(chunks)
    assert len(chunks) == 4


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_stops_the_generation(*, stream: bool) -> None:
    async with (
        PracticeServer(speed=SLOW) as server,
        aiohttp.ClientSession() as session,
    ):
        asking = asyncio.create_task(
            session.post(
                server.url + "/api/chat", json=request(script({"text": LONG}), stream=stream)
            )
        )
        await server.wait_for(lambda record: record.output_tokens > 2)
        if asking.done():
            asking.result().close()
        else:
            asking.cancel()
        record = await server.wait_for(finished(1))
        assert record.ended_by == "client closed"
        assert 2 < record.output_tokens < 2_000  # of all of them


async def test_requests_to_one_model_run_one_after_another() -> None:
    async with (
        PracticeServer(speed=SLOW) as server,
        aiohttp.ClientSession() as session,
    ):
        client = Client(server, session)
        await asyncio.gather(*(client.chat(script({"text": "one two three"})) for _ in range(3)))
        records = sorted(server.journal, key=lambda record: record.first_token or 0)
        for earlier, later in pairwise(records):
            assert earlier.finished is not None
            assert later.first_token is not None
            assert later.first_token > earlier.finished


async def test_too_many_waiting_requests_are_turned_away() -> None:
    async with (
        PracticeServer(max_pending=1) as server,
        aiohttp.ClientSession() as session,
    ):
        client = Client(server, session)
        held = [asyncio.create_task(client.chat(script({"stall": True}))) for _ in range(2)]
        await server.wait_for(lambda record: record.number == 2)
        refused = await client.chat("hi")
        assert (refused.status, refused.last) == (
            503,
            {"error": "server busy, please try again.  maximum pending requests exceeded"},
        )
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)


async def test_a_client_that_leaves_the_queue_gives_up_its_place(client: Client) -> None:
    holding = asyncio.create_task(client.chat(script({"stall": True})))
    await client.server.wait_for(lambda record: record.prompt_tokens > 0)
    waiting = asyncio.create_task(client.chat("hi"))
    await client.server.wait_for(lambda record: record.number == 2)
    waiting.cancel()
    assert (await client.server.wait_for(finished(2))).ended_by == "client closed"
    holding.cancel()
    assert (await client.chat("hi")).status == 200


async def test_the_runner_dies_in_mid_stream_and_is_loaded_again(client: Client) -> None:
    answer = await client.chat(script({"text": "so far", "die": True}))
    assert answer.status == 200
    assert answer.text == "so far"
    assert answer.last == {
        "error": "an error was encountered while running the model: unexpected EOF"
    }
    await client.chat("hi")
    died, after = client.server.journal
    assert died.ended_by == "died"
    assert (after.loaded, after.reused_tokens) == (True, 0)


async def test_a_runner_that_dies_before_the_first_token_is_a_500(client: Client) -> None:
    answer = await client.chat(script({"die": True}))
    assert answer.status == 500


async def test_a_cut_connection_has_no_end(client: Client) -> None:
    async with client.session.post(
        client.url, json=request(script({"text": "so far", "cut": True}))
    ) as response:
        with pytest.raises(aiohttp.ClientError):
            await response.read()
    assert (await client.server.wait_for(finished(1))).ended_by == "cut"


async def test_a_scripted_refusal_has_its_status_and_text(client: Client) -> None:
    refusal = {"status": 503, "text": "overloaded"}
    answer = await client.chat(script({"error": refusal}))
    assert (answer.status, answer.last) == (503, {"error": "overloaded"})


async def test_what_was_said_need_not_be_read_again(client: Client) -> None:
    first = script({"text": "A long answer. " * 20}, {"text": "ok"})
    said = {"role": "assistant", "content": "A long answer. " * 20}
    await client.chat(first)
    await client.chat(first, said, "go on")
    earlier, later = client.server.journal
    assert later.reused_tokens >= earlier.prompt_tokens + earlier.output_tokens // 2
    assert later.read_tokens == later.prompt_tokens - later.reused_tokens < 20


async def test_a_call_that_was_made_need_not_be_read_again(client: Client) -> None:
    call = {"name": "Bash", "arguments": {"b": "<&>", "a": 1, "command": "date" * 40}}
    prompt = script({"text": "Now.", "calls": [call]}, {"text": "ok"})
    made = {"role": "assistant", "content": "Now.", "tool_calls": [{"function": call}]}
    await client.chat(prompt, tools=[BASH])
    await client.chat(prompt, made, {"role": "tool", "content": "Sunday"}, tools=[BASH])
    assert client.server.journal[1].read_tokens < 30


@pytest.mark.parametrize("change", [{"options": {"num_ctx": 8000}}, {"shift": False}])
async def test_another_window_or_shift_loads_the_model_again(
    client: Client, change: dict[str, Any]
) -> None:
    await client.chat("hi", options={"num_ctx": 4096})
    await client.chat("hi", options={"num_ctx": 4096})
    await client.chat("hi", **({"options": {"num_ctx": 4096}} | change))
    cold, warm, changed = client.server.journal
    assert (cold.loaded, warm.loaded, changed.loaded) == (True, False, True)
    assert warm.read_tokens == 1
    assert changed.reused_tokens == 0


async def test_keep_alive_zero_unloads_the_model_afterwards(client: Client) -> None:
    await client.chat("hi", keep_alive=0)
    async with client.session.get(client.server.url + "/api/ps") as response:
        assert await response.json() == {"models": []}


async def test_durations_follow_what_was_really_read() -> None:
    speed = PracticeSpeed(load_seconds=0.01, prefill_tokens_per_second=5_000)
    async with PracticeServer(speed=speed) as server, aiohttp.ClientSession() as session:
        client = Client(server, session)
        prompt = "x" * 2_000
        cold, warm = await client.chat(prompt), await client.chat(prompt)
        assert cold.last["prompt_eval_count"] == warm.last["prompt_eval_count"] > 500
        assert cold.last["prompt_eval_duration"] > 100_000_000
        assert warm.last["prompt_eval_duration"] < 1_000_000
        assert cold.last["load_duration"] >= 10_000_000 > warm.last["load_duration"]


async def test_a_prompt_read_in_part_is_kept_in_part() -> None:
    speed = PracticeSpeed(prefill_tokens_per_second=1_000)
    async with PracticeServer(speed=speed) as server, aiohttp.ClientSession() as session:
        client = Client(server, session)
        asking = asyncio.create_task(client.chat("x" * 40_000))
        await server.wait_for(lambda record: record.prompt_tokens > 0)
        await asyncio.sleep(0.1)  # the time in which about a hundred tokens are read
        asking.cancel()
        given_up = await server.wait_for(finished(1))
        assert 50 < given_up.read_tokens < 5_000
        again = asyncio.create_task(client.chat("x" * 40_000))
        record = await server.wait_for(lambda r: r.number == 2 and r.prompt_tokens > 0)
        assert record.reused_tokens == given_up.read_tokens
        again.cancel()


async def test_an_overflow_tells_the_exact_sizes(client: Client) -> None:
    body = {"truncate": False, "options": WINDOW}
    answer = await client.chat("y" * 1_000, stream=False, **body)
    tokens = client.server.journal[0].prompt_tokens
    nested = json.loads(answer.last["error"])["error"]
    assert answer.status == 400
    assert (nested["n_prompt_tokens"], nested["n_ctx"]) == (len_in_tokens("y" * 1_000), 64)
    assert nested["message"].startswith(f"request ({nested['n_prompt_tokens']} tokens) exceeds")
    assert tokens == 0, "nothing was read"


def len_in_tokens(text: str) -> int:
    rendered = f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"
    return -(-len(rendered) // 4)


async def test_by_default_the_oldest_messages_are_dropped(client: Client) -> None:
    answer = await client.chat("old " * 100, "new", options=WINDOW)
    # Neighbours of one role become one turn, but they are dropped one by one.
    assert answer.last["prompt_eval_count"] == len_in_tokens("new")


async def test_by_default_a_single_long_message_is_cut_to_half_the_window(
    client: Client,
) -> None:
    answer = await client.chat("z" * 4_000, options=WINDOW)
    assert answer.last["prompt_eval_count"] == 4 + (64 - 4) // 2


async def test_without_shift_the_answer_ends_with_the_window() -> None:
    async with (
        PracticeServer(script=[{"text": LONG}]) as server,
        aiohttp.ClientSession() as session,
    ):
        answer = await Client(server, session).chat("hi", shift=False, options=WINDOW)
    assert answer.last["done_reason"] == "length"
    assert answer.last["prompt_eval_count"] + answer.last["eval_count"] == 64


async def test_with_shift_the_answer_goes_on(client: Client) -> None:
    answer = await client.chat(script({"text": LONG}), options={"num_ctx": 2048})
    assert answer.last["done_reason"] == "stop"
    assert answer.last["eval_count"] == 2_002


async def test_a_stop_string_ends_the_answer_before_it(client: Client) -> None:
    answer = await client.chat(script({"text": "one STOP two"}), options={"stop": ["STOP"]})
    assert (answer.text, answer.last["done_reason"]) == ("one ", "stop")


async def test_a_model_that_is_told_not_to_think_does_not(client: Client) -> None:
    turn = script({"thinking": "Hm.", "text": "Yes."})
    thinks = await client.chat(turn, model="practice-think")
    not_asked = await client.chat(turn, model="practice-think", think=False)
    cannot = await client.chat(turn)
    assert [line["message"].get("thinking", "") for line in thinks.lines] == ["Hm.", "", ""]
    for answer in (not_asked, cannot):
        assert all("thinking" not in line["message"] for line in answer.lines)


async def test_images_are_part_of_the_prompt_of_a_model_that_sees(client: Client) -> None:
    def with_image(data: str) -> dict[str, Any]:
        return {"role": "user", "content": "what?", "images": [data]}

    await client.chat(with_image("aaaa"), model="practice-vision")
    await client.chat(with_image("aaaa"), model="practice-vision")
    await client.chat(with_image("bbbb"), model="practice-vision")
    first, same, other = client.server.journal
    assert first.prompt_tokens > 256
    assert same.read_tokens == 1
    assert other.read_tokens > 250


async def test_without_tools_a_call_is_only_text(client: Client) -> None:
    answer = await client.chat(script({"calls": [{"name": "Bash", "arguments": {}}]}))
    assert answer.calls == []
    assert '<tool_call>\n{"name": "Bash", "arguments": {}}' in answer.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("evil.example:11434", 403),
        ("localhost:1", 200),
        ("LOCALHOST", 200),
        ("192.168.1.5:11434", 200),
        ("[::1]:11434", 200),
        ("host.docker.internal:11434", 200),
        ("a.localhost", 200),
        ("8.8.8.8", 403),
    ],
)
async def test_a_foreign_host_is_forbidden(client: Client, host: str, status: int) -> None:
    url = client.server.url + "/api/version"
    async with client.session.get(url, headers={"Host": host}) as response:
        assert response.status == status
        assert (await response.read() == b"") == (status == 403)


async def test_every_answer_says_that_it_is_practice(client: Client) -> None:
    async with client.session.get(client.server.url + "/api/nothing") as response:
        assert response.headers["X-Practice-Server"] == "1"
        assert "Server" not in response.headers


async def test_the_journal_can_be_read_over_http(client: Client) -> None:
    await client.chat("hi")
    url = client.server.url + "/practice/journal"
    async with client.session.get(url) as response:
        records = (await response.json())["records"]
    assert [record["path"] for record in records] == ["/api/chat"]
    assert records[0]["body"]["messages"][0]["content"] == "hi"
    assert records[0]["ended_by"] == "done"
    async with client.session.get(url, params={"bodies": "0"}) as response:
        assert "body" not in (await response.json())["records"][0]


async def test_waiting_for_what_never_comes_says_what_came(client: Client) -> None:
    await client.chat("hi")
    with pytest.raises(TimeoutError, match="POST /api/chat 200 done"):
        await client.server.wait_for(lambda record: record.path == "/no", timeout_seconds=0.01)


async def test_an_observer_sees_a_request_arrive_answer_and_end() -> None:
    seen: list[str] = []

    def observe(record: Record) -> None:
        began = "answering" if record.first_token else "waiting"
        seen.append("ended" if record.finished else began)

    async with PracticeServer(observer=observe) as server, aiohttp.ClientSession() as session:
        await Client(server, session).chat("hi")
    assert [*dict.fromkeys(seen)] == ["waiting", "answering", "ended"]


async def test_a_server_that_stops_ends_its_answers() -> None:
    async with aiohttp.ClientSession() as session:
        async with PracticeServer() as server:
            asking = asyncio.create_task(Client(server, session).chat(script({"stall": True})))
            await server.wait_for(lambda record: record.prompt_tokens > 0)
        assert server.journal[0].ended_by == "server stopped"
        with pytest.raises(aiohttp.ClientError):
            await asking


async def test_a_port_in_use_is_an_os_error(server: PracticeServer) -> None:
    with pytest.raises(OSError, match=str(server.port)):
        await PracticeServer(server.port).start()


async def test_another_model_can_be_given() -> None:
    models = [PracticeModel("mine:7b", context=1_000)]
    async with PracticeServer(models=models) as server, aiohttp.ClientSession() as session:
        client = Client(server, session)
        assert (await client.chat("hi", model="mine:7b")).status == 200
        assert (await client.chat("hi")).status == 404


WRONG = [
    ({"stream": "yes"}, 400, "cannot unmarshal string into Go struct field ChatRequest.stream"),
    ({"tools": {}}, 400, "cannot unmarshal object into Go struct field ChatRequest.tools of type"),
    ({"keep_alive": "soon"}, 400, 'time: invalid duration "soon"'),
    ({"keep_alive": "5"}, 400, 'time: missing unit in duration "5"'),
    ({"think": 3}, 400, "think must be a boolean or string"),
    ({"options": {"num_ctx": "big"}}, 500, 'option "num_ctx" must be of type integer'),
    ({"options": {"stop": "x"}}, 500, 'option "stop" must be of type array'),
    ({"options": {"stop": [1]}}, 500, 'option "stop" must be of an array of strings'),
    ({"model": "a b"}, 400, "invalid model name"),
]


@pytest.mark.parametrize(("body", "status", "text"), WRONG)
async def test_wrong_types_are_refused_in_ollamas_words(
    client: Client, body: dict[str, Any], status: int, text: str
) -> None:
    answer = await client.chat("hi", **body)
    assert answer.status == status
    assert text in answer.last["error"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"model": "practice", "messages": [{"role": "us', "unexpected EOF"),
        ("nonsense", "invalid character 'n' looking for beginning of value"),
        ("[]", "json: cannot unmarshal array into Go value of type api.ChatRequest"),
        pytest.param("[" * 100_000, "exceeded max depth", id="deep"),
    ],
)
async def test_bad_json_is_refused_in_gos_words(client: Client, body: str, text: str) -> None:
    async with client.session.post(client.url, data=body) as response:
        assert (response.status, await response.json()) == (400, {"error": text})
