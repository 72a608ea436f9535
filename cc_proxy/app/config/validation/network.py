"""Rules for the way to Ollama: names of headers, their values, and files of TLS."""

import re
from pathlib import Path

from cc_proxy.app.config.errors import RefusedValueError

# RFC 9110, section 5.6.2.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Printable ASCII, with spaces inside.
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
# What says where a request begins and ends, and in which form its answer comes.
_OWN = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}
    | {"te", "trailer", "upgrade", "expect", "keep-alive", "proxy-connection"}
)


def header_name(text: str) -> str:
    """Return the name of an HTTP header that a user may set.

    Raises:
        RefusedValueError: it is no name, or cc-proxy sets it.

    """
    if _NAME.fullmatch(text) is None:
        fix = "leave out the colon" if _NAME.fullmatch(text.rstrip(": ")) else None
        raise RefusedValueError(fix=fix)
    if text.lower() in _OWN:
        raise RefusedValueError(fix="leave it out: cc-proxy sets this header itself")
    return text


def header_value(text: str) -> str:
    """Return a value that can go into an HTTP header as it is.

    Raises:
        RefusedValueError: it has other characters than printable ASCII; it is not shown.

    """
    if _VALUE.fullmatch(text) is None:
        found = "a space at an end, or a character that is not printable ASCII"
        raise RefusedValueError(found=found if text else "empty text")
    return text


def file_path(text: str) -> str:
    """Return the absolute path of a file; `~` is the home folder.

    Raises:
        RefusedValueError: it is another path.

    """
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise RefusedValueError(fix="write the path without ~") from error
    if not path.is_absolute():
        raise RefusedValueError(fix="begin with / or ~: cc-proxy runs in another folder")
    return str(path)
