"""Ollama's address, from every spelling that Ollama itself understands, as one base URL.

The spellings are those of `OLLAMA_HOST` (envconfig.Host in Ollama's source): `host`,
`host:port`, `:port`, `scheme://host[:port]`, quotes and slashes around them. Without a scheme
the port is 11434, with one it is the scheme's own.
"""

import re
from urllib.parse import SplitResult, urlsplit

from cc_proxy.app.config.errors import RefusedValueError
from cc_proxy.app.config.validation import rules
from cc_proxy.app.redaction import without_user_info

_OLLAMA_PORT = 11434
_ONE_SLASH = re.compile(r"https?:/", re.IGNORECASE)
_API_PATH = re.compile(r"/(?:v1|api)(?=/|$).*")
# What a server binds to is not what a client can call.
_CALLABLE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - no bind here


def base_url(text: str) -> str:
    """Return `scheme://host[:port][/prefix]` without a slash at its end.

    Raises RefusedValueError, whose texts never hold a password from the URL.
    """
    text = text.strip().strip("\"'").strip()
    split, has_scheme = _split(text)
    host, port = _host(split), _port(split)
    if not host and port is None:
        raise RefusedValueError
    host = _CALLABLE.get(host, host)
    if port is None and not has_scheme:
        port = _OLLAMA_PORT
    user_info, at, _ = split.netloc.rpartition("@")
    address = f"[{host}]" if ":" in host else host
    url = f"{split.scheme}://{user_info}{at}{address}{'' if port is None else f':{port}'}"
    return url + _prefix(split, url)


def service_url(text: str) -> str:
    """Return the address of another service, whose scheme must be there: as `base_url` does."""
    if "://" not in text:
        raise RefusedValueError(fix="write it with http:// or https:// in front")
    return base_url(text)


def openai_url(text: str) -> str:
    """Return the address of a server with OpenAI's API: as `service_url`, but for `/v1` at its end.

    Its clients are given the address with it, so that is how people know it.
    """
    return service_url(text.strip().strip("\"'").strip().rstrip("/").removesuffix("/v1"))


def openai_urls(text: str) -> tuple[str, ...]:
    """Return one address as `openai_url` does, or several with commas between them."""
    return tuple(openai_url(one) for one in text.split(","))


def _split(text: str) -> tuple[SplitResult, bool]:
    # urlsplit drops tabs and line breaks in silence, so they are refused before it.
    if not text or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise RefusedValueError
    scheme, separator, rest = text.partition("://")
    if not separator:
        if _ONE_SLASH.match(text):
            raise RefusedValueError(fix="write two slashes after http: or https:")
        scheme, rest = "http", text
    if scheme.lower() not in ("http", "https"):
        raise RefusedValueError(fix="write http:// or https://")
    if rules.is_ipv6(rest.rstrip("/")):
        rest = f"[{rest.rstrip('/')}]"
    try:
        split = urlsplit(f"{scheme.lower()}://{rest}")
    except ValueError as error:  # brackets that hold no IPv6 address
        raise RefusedValueError from error
    if split.query or split.fragment:
        raise RefusedValueError(fix="leave out everything from `?` or `#` on")
    return split, bool(separator)


def _host(split: SplitResult) -> str:
    host = split.hostname or ""
    if host and not (rules.is_host_name(host) or rules.is_ipv6(host)):
        raise RefusedValueError
    return host


def _port(split: SplitResult) -> int | None:
    try:
        port = split.port
    except ValueError as error:
        raise RefusedValueError(fix="a port is a number from 1 to 65535") from error
    if port == 0:
        raise RefusedValueError(fix="a port is a number from 1 to 65535")
    return port


def _prefix(split: SplitResult, url: str) -> str:
    path = split.path.rstrip("/")
    wrong = _API_PATH.search(path)
    if wrong is None:
        return path
    right = without_user_info(url + path[: wrong.start()])
    raise RefusedValueError(
        fix=f"write {right} without {wrong[0]}: cc-proxy adds the API's path itself"
    )
