"""What an address tells about why nothing answers at it."""

import pytest

from cc_proxy.app.upstreams.http.reasons import How
from cc_proxy.app.upstreams.ollama import absence

HOST = "http://host.docker.internal:11434"


@pytest.mark.parametrize(
    ("url", "how", "what", "helps"),
    [
        (HOST, "unknown name", "does not know the name", "--add-host=host.docker.internal:"),
        (HOST, "refused", "host's 127.0.0.1 only", "OLLAMA_HOST=0.0.0.0 ollama serve"),
        (HOST, "silent", "firewall", "let containers through"),
        ("http://host.containers.internal", "refused", "127.0.0.1 only", "On the host"),
        ("http://ollama:11434", "unknown name", "The name ollama has no address", "same network"),
        ("http://ollama:11434", "refused", "", "ollama serve"),
        ("http://127.0.0.1:11434", "refused", "", "ollama serve"),
        ("http://[::1]:11434", "silent", "", "OLLAMA_BASE_URL"),
        (HOST.replace("http", "https"), "not trusted", "", "SSL_CERT_FILE="),
        ("https://me:secret@one", "not https", "", "Set OLLAMA_BASE_URL to http://********@one"),
    ],
)
def test_the_address_says_what_is_likely_and_what_helps(
    url: str, how: How, what: str, helps: str
) -> None:
    said, hint = absence.explained(url, how)
    assert what in said
    assert bool(what) is bool(said)
    assert helps in hint
