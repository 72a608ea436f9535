"""The keys of the user's file and what each may hold: one table for file and variables."""

from collections.abc import Iterator

import msgspec

from cc_proxy.app.config import durations, proxies, upstream_url
from cc_proxy.app.config.settings import RequestClasses
from cc_proxy.app.config.validation import model_options, network, rules, upstream_slips
from cc_proxy.app.config.validation.kinds import Field, FreeForm, Names, ScalarKind, Section

KeyPath = tuple[str, ...]


_NUMBERS = (ScalarKind.WHOLE, ScalarKind.DECIMAL)
_HEADERS = Names(
    rule=network.header_name,
    expected="the name of an HTTP header, such as X-Api-Key",
    value=Field(
        rule=network.header_value,
        expected="printable ASCII characters",
        takes=(ScalarKind.TEXT, *_NUMBERS),
        secret=True,
    ),
)
_MODEL = "the name of a model, such as qwen3:4b or SERVER/MODEL"
_WINDOW = f"tokens from {rules.SMALLEST_WINDOW} to {rules.LARGEST_WINDOW}, such as 65536 or 64k"

_CLASS_MODEL = Field(rule=rules.model_name, expected=_MODEL, optional=True)
_SWITCH = Field(rule=rules.yes_or_no, expected="true or false", takes=(ScalarKind.BOOLEAN,))

_KEY = Field(
    rule=rules.header_token,
    expected="printable ASCII characters, no spaces",
    secret=True,
    optional=True,
)
_SILENCE = Field(
    rule=durations.timeout,
    expected="a duration such as 120s, 15m or 1h, or a number of seconds",
    takes=(ScalarKind.TEXT, *_NUMBERS),
    setting="timeout_seconds",
)
_KEEP_ALIVE = Field(
    rule=durations.keep_alive,
    expected="a duration such as 30m, a whole number of seconds, -1 (for ever), or default",
    takes=(ScalarKind.TEXT, ScalarKind.WHOLE),
)
_MODEL_OPTIONS = {
    **{
        name: Field(
            rule=model_options.decimal(name),
            expected=f"a number from {least:g} to {most:g}",
            takes=(ScalarKind.TEXT, *_NUMBERS),
        )
        for name, (least, most) in model_options.DECIMAL.items()
    },
    **{
        name: Field(
            rule=model_options.whole(name),
            expected=f"a whole number from {least}",
            takes=(ScalarKind.TEXT, ScalarKind.WHOLE),
        )
        for name, (least, _) in model_options.WHOLE.items()
    },
    "use_mmap": _SWITCH,
}
_TLS_FILE = Field(
    rule=network.file_path, expected="the absolute path of a file in PEM", optional=True
)
# The way to a server.
_ROUTE: dict[str, Field | Section | Names | FreeForm] = {
    "proxy": Field(
        rule=proxies.proxy,
        expected="auto, none, or an address such as http://proxy.example.com:3128",
    ),
    "headers": _HEADERS,
    "ca_file": _TLS_FILE,
    "client_cert": _TLS_FILE,
    "client_key": _TLS_FILE,
}
_HOSTS = Field(
    rule=upstream_url.openai_urls,
    expected="addresses of hosts, such as [http://gpu1:11434, http://gpu2:11434]",
    many=True,
)
_OPTIONAL_SWITCH = msgspec.structs.replace(_SWITCH, optional=True)

FILE = Section(
    {
        "server": Section(
            {
                "host": Field(rule=rules.host, expected="a host name or an IP address"),
                "port": Field(
                    rule=rules.port,
                    expected=f"a whole number from 0 (any free port) to {rules.LARGEST_PORT}",
                    takes=(ScalarKind.WHOLE,),
                ),
                "auth_key": _KEY,
                "auth_keys": Names(
                    rule=rules.client_name,
                    expected="a name of letters, digits and _ . @ + -, such as alice",
                    value=Section(
                        {
                            "key": Field(
                                rule=rules.client_key,
                                expected=f"at least {rules.SHORTEST_CLIENT_KEY} printable ASCII"
                                " characters, no spaces",
                                secret=True,
                            ),
                            "key_file": Field(
                                rule=network.file_path,
                                expected="the absolute path of a file with the key in it",
                            ),
                            "key_sha256": Field(
                                rule=rules.sha256,
                                expected="the SHA-256 of the key, 64 hexadecimal digits",
                                takes=(ScalarKind.TEXT, *_NUMBERS),
                                secret=True,
                            ),
                            "max_in_flight": Field(
                                rule=rules.in_flight,
                                expected="a whole number from 1",
                                takes=(ScalarKind.WHOLE,),
                                optional=True,
                            ),
                        },
                        check=upstream_slips.exactly_one("key", "key_file", "key_sha256"),
                    ),
                ),
                "hold": Field(
                    rule=durations.timeout,
                    expected="a duration such as 10s, or a number of seconds",
                    takes=(ScalarKind.TEXT, *_NUMBERS),
                    setting="hold_seconds",
                ),
                "keep_on_disk": _SWITCH,
                "allowed_hosts": Field(
                    rule=rules.allowed_hosts,
                    expected="host names, such as [proxy.example.com, '*.home.arpa']",
                    optional=True,
                    many=True,
                ),
                "tls_certificate": _TLS_FILE,
                "tls_key": _TLS_FILE,
            }
        ),
        "ollama": Section(
            {
                "base_url": Field(
                    rule=upstream_url.base_url,
                    expected="the address of Ollama, such as http://127.0.0.1:11434",
                ),
                "api_key": _KEY,
                **_ROUTE,
                "timeout": _SILENCE,
                "keep_alive": _KEEP_ALIVE,
            }
        ),
        "upstreams": Names(
            rule=rules.upstream_name,
            expected="a name of letters, digits, - and _ for a server, such as vllm",
            value=Section(
                {
                    "kind": Field(rule=rules.upstream_kind, expected="ollama or openai"),
                    "url": Field(
                        rule=upstream_url.openai_url,
                        expected="the address of the server, such as http://gpu1:8000",
                    ),
                    "urls": _HOSTS,
                    "drain": _HOSTS,
                    "affinity": Field(
                        rule=rules.affinity,
                        expected="session, none, or a mapping with the key header",
                        mapping=Section(
                            {
                                "header": Field(
                                    rule=network.header_name,
                                    expected="the name of an HTTP header, such as X-Session",
                                )
                            },
                            check=upstream_slips.exactly_one("header"),
                        ),
                    ),
                    "api_key": _KEY,
                    "timeout": _SILENCE,
                    "keep_alive": _KEEP_ALIVE,
                    "reasoning": Field(
                        rule=rules.reasoning_field,
                        expected="auto, reasoning, reasoning_content or none",
                    ),
                    **_ROUTE,
                    "extra_body": FreeForm(
                        rule=rules.body_field,
                        expected="the name of a field other than model, messages, stream,"
                        " stream_options and tools",
                    ),
                    "save_slots": _SWITCH,
                    "models": Names(
                        rule=rules.model_name,
                        expected="the name of a model as the server lists it",
                        value=Section(
                            {
                                "context_window": Field(
                                    rule=rules.window,
                                    expected=_WINDOW,
                                    takes=(ScalarKind.TEXT, ScalarKind.WHOLE),
                                ),
                                "tools": _OPTIONAL_SWITCH,
                                "vision": _OPTIONAL_SWITCH,
                                "thinking": _OPTIONAL_SWITCH,
                            }
                        ),
                    ),
                },
                check=upstream_slips.slips,
            ),
        ),
        "aliases": Names(
            rule=rules.alias_name,
            expected="a model name as the client sends it, a pattern with *, or default",
            value=Field(rule=rules.model_name, expected=_MODEL),
        ),
        "fallback": Names(
            rule=rules.model_name,
            expected=_MODEL,
            value=Field(rule=rules.model_name, expected=_MODEL),
        ),
        "request_classes": Section(dict.fromkeys(RequestClasses.__struct_fields__, _CLASS_MODEL)),
        "vision_model": _CLASS_MODEL,
        "context_window": Field(
            rule=rules.window_or_auto,
            expected=f"auto, or {_WINDOW}",
            takes=(ScalarKind.TEXT, ScalarKind.WHOLE),
        ),
        "models": Names(
            rule=rules.model_name,
            expected="the name of an Ollama model, such as qwen3:4b",
            value=Section(
                {
                    "context_window": Field(
                        rule=rules.window,
                        expected=_WINDOW,
                        takes=(ScalarKind.TEXT, ScalarKind.WHOLE),
                    ),
                    "think": Field(
                        rule=model_options.think,
                        expected="true, false, low, medium, high or max",
                        takes=(ScalarKind.TEXT, ScalarKind.BOOLEAN),
                    ),
                    "keep_alive": _KEEP_ALIVE,
                    **_MODEL_OPTIONS,
                }
            ),
        ),
        "web_search": Section(
            {
                "provider": Field(rule=rules.search_provider, expected="none, ollama or searxng"),
                "url": Field(
                    rule=upstream_url.service_url,
                    expected="the provider's address, such as http://127.0.0.1:8080",
                    optional=True,
                ),
                "max_results": Field(
                    rule=rules.search_results,
                    expected=f"a whole number from 1 to {rules.MOST_SEARCH_RESULTS}",
                    takes=(ScalarKind.WHOLE,),
                ),
                "timeout": Field(
                    rule=durations.timeout,
                    expected="a duration such as 20s or 1m, or a number of seconds",
                    takes=(ScalarKind.TEXT, *_NUMBERS),
                    setting="timeout_seconds",
                ),
            }
        ),
        "images": Section(
            {
                "fetch_urls": _SWITCH,
                "max_bytes": Field(
                    rule=rules.image_limit,
                    expected="bytes from 1024 to 100MiB, such as 10MiB",
                    takes=(ScalarKind.TEXT, ScalarKind.WHOLE),
                ),
            }
        ),
        "assist": Section(
            {
                "unreadable_call": _SWITCH,
                "announced_step": _SWITCH,
                "repeated_text": _SWITCH,
                "repeated_call": _SWITCH,
                "structured_output": _SWITCH,
            }
        ),
        "claude": Section(
            {
                "bin": Field(rule=rules.command, expected="a command name or a path to a program"),
                "profile": Field(rule=rules.claude_profile, expected="full, lean or bare"),
                "status_line": _SWITCH,
            }
        ),
        "logging": Section(
            {
                "level": Field(rule=rules.log_level, expected="debug, info, warning or error"),
                "format": Field(rule=rules.log_format, expected="text or json"),
            }
        ),
        "telemetry": Section(
            {
                "otlp_url": Field(
                    rule=upstream_url.service_url,
                    expected="the address of a collector, such as http://127.0.0.1:4318",
                    optional=True,
                ),
                "traces": _SWITCH,
                "headers": _HEADERS,
            }
        ),
    }
)


def field(path: KeyPath) -> Field:
    """Return the field at a path of the file, such as ("server", "port")."""
    found: Field | Section | Names | FreeForm = FILE
    for key in path:
        if isinstance(found, Names):
            found = found.value
        elif isinstance(found, Section):
            found = found.keys[key]
        else:
            raise KeyError(path)
    if not isinstance(found, Field):
        raise KeyError(path)
    return found


def setting(path: KeyPath) -> KeyPath:
    """Return the path in Settings for a path of the file."""
    return (*path[:-1], field(path).setting or path[-1])


def paths(section: Section = FILE, above: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield every path with known keys, sections included, in the file's order."""
    for key, entry in section.keys.items():
        yield (*above, key)
        if isinstance(entry, Section):
            yield from paths(entry, (*above, key))
