import pytest

from cc_proxy.app.config.errors import RefusedValueError
from cc_proxy.app.config.upstream_url import base_url
from cc_proxy.app.redaction import without_user_info


@pytest.mark.parametrize(
    ("text", "url"),
    [
        # as envconfig.Host of Ollama reads them
        ("1.2.3.4", "http://1.2.3.4:11434"),
        ("1.2.3.4:56789", "http://1.2.3.4:56789"),
        (":56789", "http://127.0.0.1:56789"),
        ("example.com", "http://example.com:11434"),
        ("example.com/", "http://example.com:11434"),
        ("http://example.com", "http://example.com"),
        ("https://example.com", "https://example.com"),
        ("https://example.com:1234/", "https://example.com:1234"),
        ("http://:8080", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:1234", "http://[::1]:1234"),
        ("https://[::1]", "https://[::1]"),
        (' "1.2.3.4"\n', "http://1.2.3.4:11434"),
        # what a server binds to is not what a client calls
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104 - no bind here
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("http://0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("[::]:1234", "http://[::1]:1234"),
        ("::", "http://[::1]:11434"),
        # URLs
        ("HTTP://Example.COM", "http://example.com"),
        ("http://localhost:11434", "http://localhost:11434"),
        ("http://host.docker.internal:11434///", "http://host.docker.internal:11434"),
        ("https://x/ollama/", "https://x/ollama"),
        ("https://x/v1beta", "https://x/v1beta"),
        ("http://user:pw@x:1", "http://user:pw@x:1"),
    ],
)
def test_every_spelling_becomes_one_url(text: str, url: str) -> None:
    assert base_url(text) == url
    assert base_url(url) == url


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("", None),
        ("http://", None),
        ("://x", "http:// or https://"),
        ("ftp://x", "http:// or https://"),
        ("http:/127.0.0.1:11434", "two slashes"),
        ("http://a b", None),
        ("a\tb", None),
        ("http://[::1", None),
        ("http://[zz]", None),
        ("http://a,b", None),
        ("x:99999", "from 1 to 65535"),
        ("x:0", "from 1 to 65535"),
        ("x:http", "from 1 to 65535"),
        ("http://x/?a=1", "leave out"),
        ("http://x/#a", "leave out"),
        ("http://x:1/v1", "write http://x:1 without /v1"),
        ("http://x:1/v1/", "write http://x:1 without /v1"),
        ("http://x:1/api", "write http://x:1 without /api"),
        ("http://x:1/p/v1/messages", "write http://x:1/p without /v1/messages"),
        ("x/v1", "write http://x:11434 without /v1"),
        ("http://u:hunter2@x/v1", "write http://********@x without /v1"),
    ],
)
def test_what_is_no_base_url_is_refused_with_what_to_write(text: str, fix: str | None) -> None:
    with pytest.raises(RefusedValueError) as caught:
        base_url(text)
    if fix is None:
        assert caught.value.fix is None
    else:
        assert fix in (caught.value.fix or "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://x", "http://x"),
        ("http://u:p@x/y", "http://********@x/y"),
        ("http://u:p@ss@x", "http://********@x"),
        ("http://u:p/q@x", "http://********@x"),
        ("u:p@x", "********@x"),
    ],
)
def test_the_user_part_is_hidden(text: str, shown: str) -> None:
    assert without_user_info(text) == shown
