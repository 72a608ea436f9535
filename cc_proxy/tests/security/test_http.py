"""Requests that are wrong as HTTP, byte by byte: each a clear 4xx or a clean close."""

import asyncio
import contextlib
import gzip
import json

import pytest

from cc_proxy.app.gateway.http.limits import Limits
from cc_proxy.tests.gateway.conftest import KEY, body

from .conftest import Door, read_answer, request

GOOD = json.dumps(body()).encode()
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BOMB = gzip.compress(b" " * 5_000_000, mtime=0)
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)


async def test_a_correct_request_is_answered(door: Door) -> None:
    answer = await door.ask()
    assert answer.status == 200
    assert json.loads(answer.body)["content"][0]["text"] == "Hello"


async def test_a_body_in_chunks_is_answered(door: Door) -> None:
    answer = await door.ask("POST", "/v1/messages", "Transfer-Encoding: chunked", data=CHUNKED)
    assert answer.status == 200


async def test_no_answer_tells_what_it_is_made_of(door: Door) -> None:
    wrong = await door.send(b"nonsense\r\n\r\n")
    for answer in (wrong, *[await door.ask("GET", at, key=None) for at in ("/", "/x", "/health")]):
        assert answer.headers["server"] == "cc-proxy"
        assert b"aiohttp" not in answer.body
    stream = await door.ask(data=json.dumps(body(stream=True)).encode())
    assert (stream.status, stream.headers["server"]) == (200, "cc-proxy")


UNREADABLE = {
    "length_and_chunks": request(
        "POST", "/v1/messages", f"Content-Length: {len(GOOD)}", "Transfer-Encoding: chunked"
    ),
    "two_lengths": request("POST", "/v1/messages", "Content-Length: 4", "Content-Length: 5"),
    "two_equal_lengths": request("POST", "/v1/messages", "Content-Length: 4", "Content-Length: 4"),
    "a_list_of_lengths": request("POST", "/v1/messages", "Content-Length: 4, 4"),
    "a_signed_length": request("POST", "/v1/messages", "Content-Length: +4"),
    "a_negative_length": request("POST", "/v1/messages", "Content-Length: -1"),
    "a_length_in_hexadecimal": request("POST", "/v1/messages", "Content-Length: 0x10"),
    "an_endless_length": request("POST", "/v1/messages", "Content-Length: " + "9" * 40),
    "a_coding_after_chunked": request("POST", "/v1/messages", "Transfer-Encoding: chunked, gzip"),
    "an_unknown_coding": request("POST", "/v1/messages", "Transfer-Encoding: xchunked"),
    "a_space_before_a_colon": request("POST", "/v1/messages", "Content-Length : 4"),
    "a_folded_header": request("POST", "/v1/messages", "x-a: b\r\n c: d"),
    "a_bare_line_feed": request("GET", "/", key=None).replace(b"\r\n", b"\n"),
    "a_bare_carriage_return": request("GET", "/", "x-a: b\rc: d", key=None),
    "a_nul_in_a_header": request("GET", "/", "x-a: b\0c", key=None),
    "a_header_without_a_name": request("GET", "/", ": b", key=None),
    "a_header_without_a_colon": request("GET", "/", "hello", key=None),
    "a_space_in_the_target": request("GET", "/v1/ models"),
    "http_2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http_9": b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
    "http_0_9": b"GET /\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "nonsense": b"\xff\xfe hello\r\n\r\n",
    "no_method": b" / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
}
MISPLACED = {
    "a_method_no_one_knows": b"BREW / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "connect": request("CONNECT", "127.0.0.1:80"),
    "another_proxy_s_request": request("GET", "http://127.0.0.1/"),
    "another_host_s_request": request("GET", "http://evil.example/"),
    "the_target_star": request("OPTIONS", "*"),
    "two_hosts": request("GET", "/", "Host: evil.example", key=None),
    "no_host": request("GET", "/", host=None),
}
CHUNKS = {
    "a_chunk_of_no_size": request(
        "POST", "/v1/messages", "Transfer-Encoding: chunked", data=b"zz\r\nhello\r\n0\r\n\r\n"
    ),
    "a_chunk_longer_than_it_says": request(
        "POST", "/v1/messages", "Transfer-Encoding: chunked", data=b"2\r\nhello\r\n0\r\n\r\n"
    ),
    "a_chunk_of_huge_size": request(
        "POST", "/v1/messages", "Transfer-Encoding: chunked", data=b"f" * 20 + b"\r\n{}\r\n"
    ),
}


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_is_no_request_is_a_400_and_nothing_behind_it_is_read(
    door: Door, sent: bytes
) -> None:
    answer, rest = await door.to_the_end(sent + SMUGGLED)
    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"
    assert KEY not in answer.body.decode()
    assert rest == b""
    assert door.upstream.bodies == []


@pytest.mark.parametrize("sent", MISPLACED.values(), ids=MISPLACED.keys())
async def test_a_request_that_is_not_for_this_proxy_is_refused(door: Door, sent: bytes) -> None:
    answer = await door.send(sent)
    assert answer.status in (400, 401, 405), answer
    assert answer.error["type"] in ("invalid_request_error", "authentication_error")


@pytest.mark.parametrize("sent", CHUNKS.values(), ids=CHUNKS.keys())
async def test_a_body_in_wrong_chunks_is_a_400_and_nothing_behind_it_is_read(
    door: Door, sent: bytes
) -> None:
    answer, rest = await door.to_the_end(sent + SMUGGLED)
    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"
    assert b"smuggled" not in rest
    assert door.upstream.bodies == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "GET", "QUERY"])
async def test_a_method_that_is_not_there_is_a_405(door: Door, method: str) -> None:
    answer = await door.ask(method, "/v1/messages")
    assert answer.status in (400, 405)
    assert answer.error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/",
        "/../../etc/passwd",
        "/v1/messages/../../health",
        "/v1/%2e%2e/health",
        "/%00",
        "/%ff%fe",
        "/" + "a" * 8000,
        "/v1/messages;x=y",
        "/v1//messages",
        "/V1/MESSAGES",
        "/?" + "a=b&" * 1500,
        "/v1/models/" + "%20" * 500,
        "/v1/models/..%2f..%2fapi%2ftags",
    ],
)
async def test_an_odd_target_is_answered_in_the_api_s_form(door: Door, target: str) -> None:
    answer = await door.ask("GET", target)
    if answer.status != 200:
        assert answer.status in (400, 404, 405), answer
        assert answer.error["type"] in ("not_found_error", "invalid_request_error")


@pytest.mark.parametrize(
    "headers",
    [["x-a: " + "a" * 9000], [f"x-{n}: a" for n in range(200)], ["x" * 9000 + ": a"]],
    ids=["one_long_value", "many", "one_long_name"],
)
async def test_headers_that_are_too_large_or_too_many_are_refused(
    door: Door, headers: list[str]
) -> None:
    answer, rest = await door.to_the_end(request("GET", "/", *headers))
    assert answer.status in (400, 431)
    assert answer.error["type"] == "invalid_request_error"
    assert "aaaa" not in answer.body.decode()
    assert rest == b""


async def test_a_line_that_never_ends_is_cut_off(door: Door) -> None:
    answer = await door.send(b"GET /" + b"a" * 100_000)
    assert answer.status == 431


async def test_http_1_0_is_answered_and_closed(door: Door) -> None:
    answer = await door.send(request("GET", "/", host=None, key=None, version="HTTP/1.0"))
    assert (answer.status, answer.body) == (200, b"cc-proxy is running\n")
    answer = await door.send(request(version="HTTP/1.0"))
    assert answer.status == 200
    assert json.loads(answer.body)["type"] == "message"


@pytest.mark.parametrize("version", ["HTTP/0.9", "HTTP/2.0", "HTTP/1.2"])
async def test_another_version_of_http_is_a_400_and_nothing_behind_it_is_read(
    door: Door, version: str
) -> None:
    answer, rest = await door.to_the_end(request("GET", "/", key=None, version=version) + SMUGGLED)
    assert (answer.status, answer.version, rest) == (400, "HTTP/1.1", b"")
    answer = await door.send(request("GET", "/", key=None, version=version))
    assert (answer.status, answer.version) == (400, "HTTP/1.1")


@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/"), ("POST", "/v1/messages"), ("GET", "/nowhere")]
)
async def test_another_expectation_than_100_continue_is_an_error_of_the_api(
    door: Door, method: str, target: str
) -> None:
    answer = await door.ask(method, target, "Expect: a miracle")
    assert answer.status == 417
    assert answer.error["type"] == "invalid_request_error"
    assert answer.error["message"].endswith("found 'a miracle'.")
    assert answer.headers["server"] == "cc-proxy"


@pytest.mark.parametrize("coding", ["gzip, chunked", "chunked, chunked", "identity", "deflate"])
async def test_another_coding_than_chunked_is_a_400_and_nothing_behind_it_is_read(
    door: Door, coding: str
) -> None:
    sent = request("POST", "/v1/messages", f"Transfer-Encoding: {coding}", data=CHUNKED)
    answer, rest = await door.to_the_end(sent + SMUGGLED)
    assert answer.status == 400
    assert b"smuggled" not in rest
    assert door.upstream.bodies == []


async def test_a_stream_over_http_1_0_has_an_end_also_with_keep_alive(door: Door) -> None:
    data = json.dumps(body(stream=True)).encode()
    sent = request("POST", "/v1/messages", "Connection: keep-alive", data=data, version="HTTP/1.0")
    answer, rest = await door.to_the_end(sent)
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert b"message_stop" in rest


async def test_what_stands_behind_an_upgrade_is_answered(door: Door) -> None:
    async with door.connected() as (reader, writer):
        asked = request("GET", "/", "Upgrade: websocket", "Connection: upgrade")
        writer.write(asked + request("GET", "/nothing") + request("GET", "/nothing"))
        answers = [(await read_answer(reader)).status for _ in range(3)]
    assert answers == [200, 404, 404]


async def test_requests_in_one_go_are_answered_one_after_the_other(door: Door) -> None:
    async with door.connected() as (reader, writer):
        writer.write(request() + request("GET", "/nothing") + request("GET", "/", key=None))
        answers = [await read_answer(reader) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 404, 200]


@pytest.mark.parametrize("good", [1, 3, 40])
async def test_what_precedes_garbage_is_answered_and_then_comes_a_400(
    door: Door, good: int
) -> None:
    async with door.connected() as (reader, writer):
        writer.write(request("GET", "/", key=None) * (good - 1) + request() + b"\xff\r\n\r\n")
        answers = [await read_answer(reader) for _ in range(good + 1)]
        assert await reader.read() == b""
    assert [answer.status for answer in answers] == [200] * good + [400]
    assert answers[-1].error["type"] == "invalid_request_error"


async def test_what_follows_a_body_that_came_late_is_answered(door: Door) -> None:
    head, mark, data = request().partition(b"\r\n\r\n")
    async with door.connected() as (reader, writer):
        # aiohttp's parser counts such requests as unanswered: 32 of them, and it stops.
        for _ in range(33):
            writer.write(head + mark)
            await asyncio.sleep(0.001)
            writer.write(data + request("GET", "/nothing"))
            assert [(await read_answer(reader)).status for _ in range(2)] == [200, 404]


async def test_a_thousand_requests_in_one_go_do_not_pile_up(door: Door) -> None:
    async with door.connected() as (reader, writer):
        writer.write(request("GET", "/", key=None) * 1000)
        for _ in range(1000):
            assert (await read_answer(reader)).status == 200


async def test_a_client_that_asks_whether_to_go_on_is_told_so(door: Door) -> None:
    async with door.connected() as (reader, writer):
        head = f"Content-Length: {len(GOOD)}"
        writer.write(request("POST", "/v1/messages", "Expect: 100-continue", head, data=b""))
        assert (await read_answer(reader)).status == 100
        writer.write(GOOD)
        assert (await read_answer(reader)).status == 200


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "rot13"])
async def test_a_compressed_body_is_refused_and_not_unpacked(door: Door, coding: str) -> None:
    answer = await door.ask("POST", "/v1/messages", f"Content-Encoding: {coding}", data=BOMB)
    assert answer.status == 415
    assert "not compressed" in answer.error["message"]


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "?"])
async def test_a_content_type_that_is_wrong_changes_nothing(door: Door, kind: str) -> None:
    assert (await door.ask("POST", "/v1/messages", f"Content-Type: {kind}")).status == 200


class TestLimits:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(
            connections=8, header_seconds=0.3, body_bytes=1024 * 1024, body_seconds=1.5,
            idle_seconds=0.3, keyless_connections=4, keyless_idle_seconds=0.3,
            keyless_bytes=600_000, all_bodies_bytes=5 * 512 * 1024,
        )  # fmt: skip

    async def test_a_body_up_to_the_limit_is_read(self, door: Door) -> None:
        answer = await door.ask(data=GOOD.ljust(1024 * 1024))
        assert answer.status == 200

    async def test_a_body_above_the_limit_is_refused_before_it_is_read(self, door: Door) -> None:
        head = f"Content-Length: {1024 * 1024 + 1}"
        answer = await door.ask("POST", "/v1/messages", head, data=b" ")
        assert answer.status == 413
        assert answer.error == {
            "type": "request_too_large",
            "message": "The request is larger than 1 MiB.",
        }

    async def test_chunks_above_the_limit_are_refused(self, door: Door) -> None:
        chunks = (b"10000\r\n" + b" " * 65536 + b"\r\n") * 20
        answer = await door.ask("POST", "/v1/messages", "Transfer-Encoding: chunked", data=chunks)
        assert answer.status == 413

    async def test_bodies_of_others_that_fill_the_room_are_a_529(self, door: Door) -> None:
        # Each of them waits for its last byte.
        head = request("POST", "/v1/messages", f"Content-Length: {1024 * 1024}", data=b"")
        others = [await asyncio.open_connection(door.host, door.port) for _ in range(2)]
        for _, writer in others:
            writer.write(head + b" " * (1024 * 1024 - 1))
            await writer.drain()
        answer = await door.ask(data=GOOD.ljust(1024 * 1024))
        assert answer.status == 529, answer
        assert "holds 2.5 MiB of requests" in answer.error["message"]
        for reader, writer in others:
            assert (await read_answer(reader)).status == 408
            writer.close()
        assert (await door.ask()).status == 200

    async def test_a_body_that_never_ends_is_a_408(self, door: Door) -> None:
        answer = await door.ask("POST", "/v1/messages", "Content-Length: 100", data=b"{")
        assert answer.status == 408
        assert "1.5 seconds" in answer.error["message"]

    @pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nx-a: b\r\nx-"])
    async def test_headers_that_never_end_are_cut_off(self, door: Door, sent: bytes) -> None:
        answer = await door.send(sent)
        assert answer.status == 0

    async def test_a_connection_that_is_not_used_again_is_closed(self, door: Door) -> None:
        async with door.connected() as (reader, writer):
            writer.write(request("GET", "/", key=None))
            assert (await read_answer(reader)).status == 200
            assert await asyncio.wait_for(reader.read(), 60) == b""

    async def test_connections_above_the_limit_are_told_so_and_the_others_stay(
        self, door: Door
    ) -> None:
        # Each of them has shown the key and asks for something that does not come.
        head = request("POST", "/v1/messages", "Content-Length: 100", data=b"")
        others = [await asyncio.open_connection(door.host, door.port) for _ in range(8)]
        for _, writer in others:
            writer.write(head)
        await asyncio.sleep(0.2)
        answer = await door.send(b"")
        assert answer.status == 529
        assert json.loads(answer.body)["error"]["type"] == "overloaded_error"
        assert int(answer.headers["retry-after"]) > 0
        for reader, writer in others:
            assert (await read_answer(reader)).status == 408
            writer.close()

    async def test_idle_connections_without_the_key_shut_nobody_out(self, door: Door) -> None:
        idle = []
        for _ in range(40):
            reader, writer = await asyncio.open_connection(door.host, door.port)
            writer.write(request("GET", "/", key=None))
            idle.append((reader, writer))
            assert (await door.ask()).status == 200
        for _, writer in idle:
            writer.close()

    async def test_a_connection_without_the_key_is_closed_soon(self, door: Door) -> None:
        async with door.connected() as (reader, writer):
            writer.write(request("GET", "/", key=None))
            assert (await read_answer(reader)).status == 200
            assert await asyncio.wait_for(reader.read(), 60) == b""

    async def test_after_a_401_nothing_more_is_read(self, door: Door) -> None:
        async with door.connected() as (reader, writer):
            head = "Content-Length: 60000000"
            writer.write(request("POST", "/v1/messages", head, data=b" ", key=None))
            answer = await read_answer(reader)
            assert (answer.status, answer.headers["connection"]) == (401, "close")
            sent = 0
            with contextlib.suppress(ConnectionError):
                while sent < 60_000_000:
                    writer.write(b" " * 100_000)
                    await writer.drain()
                    sent += 100_000
            assert sent < 30_000_000

    async def test_a_large_body_with_a_wrong_key_gets_its_401(self, door: Door) -> None:
        answer = await door.ask(data=GOOD.ljust(150_000), key="wrong")
        assert answer.status == 401
