"""What answers in front of Ollama, told by its header or its page."""

import pytest

from cc_proxy.app.chat.errors import GatewayError
from cc_proxy.app.upstreams.ollama.refusals import refused

# Pages as these programs send them; Caddy sends none.
NGINX = (
    b"<html>\r\n<head><title>504 Gateway Time-out</title></head><hr><center>nginx</center></html>"
)
HAPROXY = (
    b"<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>"
)


@pytest.mark.parametrize(
    ("status", "software", "body", "message", "advice"),
    [
        (504, "nginx/1.26.2", NGINX, "nginx in front of Ollama did not wait", "proxy_read_timeout"),
        (504, "openresty", NGINX, "nginx in front", "proxy_read_timeout"),
        (504, "", HAPROXY, "HAProxy in front of Ollama did not wait", "timeout server 1h"),
        (524, "cloudflare", b"<!DOCTYPE html>", "Cloudflare in front", "100 seconds"),
        (504, "Caddy", b"", "Caddy in front", "response_header_timeout"),
        (504, "Apache/2.4", b"<html>", "Apache in front", "ProxyTimeout"),
        (504, "awselb/2.0", b"<html>", "An AWS load balancer in front", "idle_timeout"),
        (504, "", b"Gateway Timeout", "A gateway in front of Ollama", "nginx proxy_read_timeout"),
        (413, "nginx", b"<html>", "takes no request as large", "client_max_body_size"),
        (413, "cloudflare", b"<html>", "takes no request as large", "100 MB"),
        (413, "tinyproxy/1.11", b"", "takes no request as large", "client_max_body_size"),
    ],
)
def test_a_limit_of_a_gateway_is_named_with_what_lifts_it(
    status: int, software: str, body: bytes, message: str, advice: str
) -> None:
    error = refused(status, body, software)
    assert isinstance(error, GatewayError)
    assert error.is_lasting
    assert message in error.message
    assert f"({status})" in error.message
    assert advice in error.advice
    assert error.hint == error.advice


@pytest.mark.parametrize("status", [502, 503, 521])
def test_a_gateway_that_does_not_reach_ollama_may_do_so_soon(status: int) -> None:
    error = refused(status, b"<html><title>Bad Gateway</title>", "nginx")
    assert isinstance(error, GatewayError)
    assert not error.is_lasting
    assert "does not reach it" in error.message
    assert "Bad Gateway" in error.message


@pytest.mark.parametrize("status", [500, 401, 404, 503, 504])
def test_what_ollama_says_itself_is_no_gateway_s(status: int) -> None:
    assert not isinstance(refused(status, b'{"error":"no"}', "nginx"), GatewayError)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_other_errors_of_a_web_server_stay_what_they_are(status: int) -> None:
    error = refused(status, b"<html><title>Forbidden</title>", "nginx")
    assert not isinstance(error, GatewayError)
    assert error.status == status
