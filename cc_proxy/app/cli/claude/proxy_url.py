"""The address by which others reach the proxy: a container, another machine."""

from urllib.parse import urlsplit

import click


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
