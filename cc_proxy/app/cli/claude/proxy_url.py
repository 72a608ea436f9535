"""The address by which others reach the proxy: a container, another machine."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import click

from cc_proxy.app.cli.output.result import ErrorItem


class ProxyUrl(click.ParamType[str]):
    """An http or https URL with a host, and nothing that Claude Code could not add a path to."""

    name = "url"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the URL without a slash at its end."""
        text = str(value)
        try:
            split = urlsplit(text)
            usable = split.scheme in ("http", "https") and split.hostname and split.port != 0
        except ValueError:  # brackets without an IPv6 address, or a port that is no number
            usable = False
        if not usable or any(found in text for found in "@?# \t\r\n"):
            self.fail(
                f"Expected the proxy's address as others reach it, such as"
                f" http://gpu.example:3456, found {text!r}.",
                param,
                ctx,
            )
        return text.rstrip("/")


def not_its_own(url: str, allowed_hosts: Sequence[str]) -> ErrorItem | None:
    """Return a warning where the proxy refuses the host that clients of `url` will name."""
    from cc_proxy.app.gateway.http.browser import is_own_name  # noqa: PLC0415 - it brings aiohttp

    host = urlsplit(url).hostname or ""
    if is_own_name(host, allowed_hosts):
        return None
    return ErrorItem(
        "host_not_allowed",
        f"cc-proxy refuses requests for the name {host}, unless a web server in front of it gives"
        " them another: it is not among server.allowed_hosts.",
        f"export CC_PROXY_ALLOWED_HOSTS={host} and then: cc-proxy restart",
    )
