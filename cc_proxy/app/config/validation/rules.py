"""The rules for each setting: from a value's text to the value, or RefusedValueError."""

import ipaddress
import re
from collections.abc import Collection
from typing import get_args

from cc_proxy.app.config.errors import RefusedValueError as RefusedValueError  # noqa: PLC0414 - exported, for commands
from cc_proxy.app.config.settings import (
    Affinity,
    ClaudeProfile,
    LogFormat,
    LogLevel,
    ReasoningField,
    SearchProvider,
    UpstreamKind,
)

LARGEST_PORT = 65535
SHORTEST_CLIENT_KEY = 16  # these are for other machines, where a short one can be guessed
SMALLEST_WINDOW = 2048
LARGEST_WINDOW = 9999 * 1024
MOST_SEARCH_RESULTS = 10  # the most that Ollama's web search gives
SMALLEST_IMAGE_LIMIT = 1024
LARGEST_IMAGE_LIMIT = 100 * 1024 * 1024

_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")  # int() of thousands of digits is slow, then an error
_KIBI = re.compile(r"([0-9]{1,18})[kK]")
_SIZE = re.compile(r"([0-9]{1,18})(KiB|MiB)")
_SIZE_UNITS = {"KiB": 1024, "MiB": 1024 * 1024}
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_HOST_AND_PORT = re.compile(r"(\[.*\]|[^:]+):[0-9]+")
_CLIENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,63}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_UPSTREAM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
OWN_FIELDS = frozenset({"model", "messages", "stream", "stream_options", "tools"})
_HEADER_TOKEN = re.compile(r"[!-~]+")  # the characters of an HTTP header: printable, no space


def is_host_name(text: str) -> bool:
    """Tell whether text is a DNS name or an IPv4 address as far as its characters go."""
    return _HOST_NAME.fullmatch(text) is not None


def is_ipv6(text: str) -> bool:
    """Tell whether text, without brackets, is an IPv6 address."""
    try:
        return ipaddress.ip_address(text).version == 6  # noqa: PLR2004 - the 6 of IPv6
    except ValueError:
        return False


def host(text: str) -> str:
    """Return an address to bind to; IPv6 may come in brackets and goes without."""
    bare = text.removeprefix("[").removesuffix("]") if text.startswith("[") else text
    if is_ipv6(bare) or (bare == text and is_host_name(text)):
        return bare
    if _HOST_AND_PORT.fullmatch(text):
        raise RefusedValueError(fix="the port has a setting of its own: leave it out here")
    if "://" in text:
        raise RefusedValueError(fix="leave out the scheme: a host is not a URL")
    if text == "*":
        raise RefusedValueError(fix="write 0.0.0.0 to listen on every address")
    raise RefusedValueError


def allowed_hosts(text: str) -> tuple[str, ...]:
    """Return host names from a list with commas; `*.example.com` is every name below one."""
    names = tuple(name.strip().lower() for name in text.split(","))
    for name in names:
        if "://" in name:
            raise RefusedValueError(fix="leave out the scheme: a host is not a URL")
        if _HOST_AND_PORT.fullmatch(name):
            raise RefusedValueError(fix="leave out the port: the name counts with every port")
        if not is_host_name(name.removeprefix("*.")):
            raise RefusedValueError
    return names


def port(text: str) -> int:
    """Return a TCP port; 0 stands for any free one."""
    number = _whole_number(text)
    if number > LARGEST_PORT:
        raise RefusedValueError
    return number


def header_token(text: str) -> str:
    """Return a secret that can go into an HTTP header as it is."""
    if not _HEADER_TOKEN.fullmatch(text):
        found = "a space, or a character that is not printable ASCII" if text else "empty text"
        raise RefusedValueError(found=found)
    return text


def client_name(text: str) -> str:
    """Return the name of a person or a program with a key of its own."""
    if not _CLIENT_NAME.fullmatch(text):
        raise RefusedValueError
    return text


def client_key(text: str) -> str:
    """Return a key for other machines: a header token that is not short."""
    if len(header_token(text)) < SHORTEST_CLIENT_KEY:
        raise RefusedValueError(
            found=f"{len(text)} characters", fix="make one: cc-proxy config key NAME"
        )
    return text


def sha256(text: str) -> str:
    """Return the hexadecimal digits of a SHA-256, in lower case."""
    if not _SHA256.fullmatch(text):
        raise RefusedValueError(
            found=f"{len(text)} characters",
            fix="make a key, and its SHA-256: cc-proxy config key NAME",
        )
    return text.lower()


def in_flight(text: str) -> int:
    """Return how many requests may run at once."""
    number = _whole_number(text)
    if number < 1:
        raise RefusedValueError(fix="to take the key away, remove its entry")
    return number


def log_level(text: str) -> str:
    """Return one of the level names, spelled exactly."""
    if text not in get_args(LogLevel):
        near = {"warn": "warning", "err": "error", "trace": "debug"}.get(text.lower(), text.lower())
        fix = f"write {near}" if near in get_args(LogLevel) else None
        raise RefusedValueError(fix=fix)
    return text


def log_format(text: str) -> str:
    """Return one of the names of forms, spelled exactly."""
    if text not in get_args(LogFormat):
        fix = f"write {text.lower()}" if text.lower() in get_args(LogFormat) else None
        raise RefusedValueError(fix=fix)
    return text


def window(text: str) -> int:
    """Return a context window in tokens; `64k` is 64 times 1024."""
    kibi = _KIBI.fullmatch(text)
    tokens = int(kibi[1]) * 1024 if kibi else _whole_number(text)
    if not SMALLEST_WINDOW <= tokens <= LARGEST_WINDOW:
        raise RefusedValueError
    return tokens


def window_or_auto(text: str) -> int | None:
    """Return a context window in tokens, or None for `auto`."""
    return None if text == "auto" else window(text)


def search_provider(text: str) -> str:
    """Return one of the names of search providers, spelled exactly."""
    if text not in get_args(SearchProvider):
        near = text.lower()
        raise RefusedValueError(fix=f"write {near}" if near in get_args(SearchProvider) else None)
    return text


def claude_profile(text: str) -> str:
    """Return one of the names of profiles, spelled exactly."""
    if text not in get_args(ClaudeProfile):
        near = text.lower()
        raise RefusedValueError(fix=f"write {near}" if near in get_args(ClaudeProfile) else None)
    return text


def search_results(text: str) -> int:
    """Return how many results a search may give."""
    number = _whole_number(text)
    if not 1 <= number <= MOST_SEARCH_RESULTS:
        raise RefusedValueError
    return number


def yes_or_no(text: str) -> bool:
    """Return true or false, from every spelling that YAML has for them."""
    if text.lower() in ("true", "yes", "on"):
        return True
    if text.lower() in ("false", "no", "off"):
        return False
    raise RefusedValueError


def image_limit(text: str) -> int:
    """Return a size in bytes; `10MiB` is 10 times 1024 times 1024."""
    sized = _SIZE.fullmatch(text)
    size = int(sized[1]) * _SIZE_UNITS[sized[2]] if sized else _whole_number(text)
    if not SMALLEST_IMAGE_LIMIT <= size <= LARGEST_IMAGE_LIMIT:
        raise RefusedValueError
    return size


def alias_name(text: str) -> str:
    """Return a name, or a pattern with `*`, that clients ask for."""
    if not text or re.search(r"\s", text):
        raise RefusedValueError
    return text


def model_name(text: str) -> str:
    """Return the name of exactly one model."""
    if "*" in text:
        raise RefusedValueError(fix="name one model; `ollama list` shows what is there")
    return alias_name(text)


def upstream_name(text: str) -> str:
    """Return a name for a server, the part before the slash in `vllm/qwen3`."""
    if not _UPSTREAM_NAME.fullmatch(text):
        raise RefusedValueError
    if text == "ollama":
        raise RefusedValueError(fix="that server has the section ollama; choose another name")
    return text


def upstream_kind(text: str) -> str:
    """Return one of the kinds of servers, spelled exactly."""
    return _one_of(get_args(UpstreamKind), text)


def affinity(text: str) -> str:
    """Return one of the ways to place requests on hosts, spelled exactly."""
    return _one_of(get_args(Affinity), text)


def reasoning_field(text: str) -> str:
    """Return one of the names of fields, spelled exactly."""
    return _one_of(get_args(ReasoningField), text)


def _one_of(words: Collection[str], text: str) -> str:
    if text not in words:
        near = text.lower()
        raise RefusedValueError(fix=f"write {near}" if near in words else None)
    return text


def command(text: str) -> str:
    """Return a command name or a path to a program."""
    if not text.strip() or not text.isprintable():
        raise RefusedValueError
    return text


def _whole_number(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise RefusedValueError
    return int(text)


def body_field(text: str) -> str:
    """Return the name of a field that extra_body may have."""
    if not text or text in OWN_FIELDS:
        raise RefusedValueError(fix="leave it out: cc-proxy sets it in each request")
    return text
