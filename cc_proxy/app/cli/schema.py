"""`cc-proxy schema`."""

import json

import click

from cc_proxy.app.cli.common import Common, define
from cc_proxy.app.cli.config.init import data_file
from cc_proxy.app.cli.output.result import Result
from cc_proxy.app.errors import CcProxyError


class SchemaError(CcProxyError):
    """There is no such schema."""

    code = "no_schema"
    exit_code = 2


@define("schema")
@click.argument("name", nargs=-1, metavar="[COMMAND]")
def command(common: Common, *, name: tuple[str, ...]) -> Result:
    """Print the JSON Schema of what a command says with --json.

    Without COMMAND: of what all of them have in common. The schema of the configuration is
    another: cc-proxy config schema.

    Example: cc-proxy schema models pull
    """
    del common
    schema = json.loads(data_file("schemas.json")).get(" ".join(name))
    if schema is None:
        raise SchemaError(
            f"Expected the name of a command, found {' '.join(name)!r}.",
            hint="See which there are: cc-proxy --help",
        )
    return Result("schema", {"schema": schema}, tuple(json.dumps(schema, indent=2).splitlines()))
