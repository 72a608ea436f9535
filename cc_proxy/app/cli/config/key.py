"""`cc-proxy config key`: a key for one person or program."""

import hashlib
import secrets

import click

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.output.result import USAGE, ErrorItem, Result

_NAME = "config key"
_BYTES = 32


@define("key")
@click.argument("name", metavar="NAME")
@click.option(
    "--max-in-flight", type=click.IntRange(min=1), metavar="N", help="Its requests at once."
)
def command(common: Common, *, name: str, max_in_flight: int | None) -> Result:
    """Make a key for a person or a program, and the line for server.auth_keys.

    Nothing is written. The line has the SHA-256 of the key: give the key to whoever it is for,
    since it cannot be shown again.

    Example: cc-proxy config key alice --max-in-flight 4
    """
    from cc_proxy.app.config.validation import rules  # noqa: PLC0415 - see common.Common

    del common
    try:
        rules.client_name(name)
    except ValueError:
        text = f"Expected a name of letters, digits and _ . @ + -, found {name!r}."
        hint = "For example: cc-proxy config key alice"
        return Result(_NAME, errors=(ErrorItem("bad_key_name", text, hint),), exit_code=USAGE)
    key = secrets.token_urlsafe(_BYTES)
    digest = hashlib.sha256(key.encode()).hexdigest()
    limit = "" if max_in_flight is None else f", max_in_flight: {max_in_flight}"
    line = f'"{name}": {{key_sha256: "{digest}"{limit}}}'
    return Result(
        _NAME,
        {"name": name, "key": key, "key_sha256": digest, "line": line},
        (
            f"Key for {name}: {key}",
            "Line for auth_keys, below server in the configuration:",
            f"    {line}",
            "Then: cc-proxy reload",
        ),
    )
