"""Settings that can be shown, and the secrets in them."""

from collections.abc import Iterator

import msgspec

from cc_proxy.app.config.file_form import file_values
from cc_proxy.app.config.settings import Settings
from cc_proxy.app.config.validation import upstream_slips
from cc_proxy.app.redaction import HIDDEN, login_secrets, without_user_info


def redacted(settings: Settings) -> dict[str, object]:
    """Return the settings as the file has them, secrets replaced; one that is not set stays None.

    The result is plain dicts with the keys of the file.
    """
    server, ollama, search = settings.server, settings.ollama, settings.web_search
    telemetry = settings.telemetry
    shown = msgspec.structs.replace(
        settings,
        server=msgspec.structs.replace(
            server,
            auth_key=_hidden(server.auth_key),
            auth_keys={
                name: msgspec.structs.replace(
                    each,
                    # The content of the file has its place there.
                    key=None if each.key_file else _hidden(each.key),
                    key_sha256=_hidden(each.key_sha256),
                )
                for name, each in server.auth_keys.items()
            },
        ),
        ollama=msgspec.structs.replace(
            ollama,
            api_key=_hidden(ollama.api_key),
            base_url=without_user_info(ollama.base_url),
            proxy=without_user_info(ollama.proxy),
            headers=dict.fromkeys(ollama.headers, HIDDEN),
        ),
        upstreams={
            name: msgspec.structs.replace(
                each,
                api_key=_hidden(each.api_key),
                url=without_user_info(each.url),
                proxy=without_user_info(each.proxy),
                headers=dict.fromkeys(each.headers, HIDDEN),
                urls=tuple(map(without_user_info, each.urls)),
                drain=tuple(map(without_user_info, each.drain)),
            )
            for name, each in settings.upstreams.items()
        },
        web_search=msgspec.structs.replace(
            search, url=None if search.url is None else without_user_info(search.url)
        ),
        telemetry=msgspec.structs.replace(
            telemetry,
            otlp_url=telemetry.otlp_url and without_user_info(telemetry.otlp_url),
            headers=dict.fromkeys(telemetry.headers, HIDDEN),
        ),
    )
    # By way of JSON a tuple is a list, as everywhere that these are shown.
    values = file_values(msgspec.json.decode(msgspec.json.encode(shown), type=dict[str, object]))
    for each in values["upstreams"].values():
        for key in upstream_slips.without_meaning(each):
            del each[key]
    return values


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yield every secret that the settings hold."""
    yield from filter(None, (settings.server.auth_key, settings.ollama.api_key))
    yield from filter(None, (each.key for each in settings.server.auth_keys.values()))
    yield from settings.ollama.headers.values()
    yield from login_secrets(settings.ollama.base_url)
    yield from login_secrets(settings.ollama.proxy)
    yield from login_secrets(settings.web_search.url or "")
    yield from settings.telemetry.headers.values()
    yield from login_secrets(settings.telemetry.otlp_url or "")
    for upstream in settings.upstreams.values():
        yield from filter(None, (upstream.api_key,))
        yield from upstream.headers.values()
        yield from login_secrets(upstream.proxy)
        for url in (upstream.url, *upstream.urls):
            yield from login_secrets(url)


def _hidden(secret: str | None) -> str | None:
    return None if secret is None else HIDDEN
