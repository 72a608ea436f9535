"""The parser on which the refusal of unclear requests stands."""

from cc_proxy.tests.cli.conftest import Home


def test_without_the_parser_in_c_it_does_not_start_and_says_why(home: Home) -> None:
    error = home.json("start", AIOHTTP_NO_EXTENSIONS="1").error
    assert error["code"] == "no_http_parser"
    assert "AIOHTTP_NO_EXTENSIONS" in error["hint"]
