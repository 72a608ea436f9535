"""The proxy towards Ollama: from the file, or from the variables as other programs read them."""

from collections.abc import Callable

import pytest

from cc_proxy.app.config import ConfigError, LoadedConfig, load

LoadFile = Callable[..., LoadedConfig]
PROXY = "http://proxy.example.com:3128"


def used(base_url: str, **environ: str) -> str:
    loaded = load(environ={"OLLAMA_BASE_URL": base_url} | environ)
    return loaded.settings.ollama.proxy


@pytest.mark.parametrize(
    ("base_url", "environ", "proxy"),
    [
        ("http://gpu.example.com:11434", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://gpu.example.com:11434", {"http_proxy": PROXY}, PROXY),
        ("http://gpu.example.com:11434", {"HTTP_PROXY": "proxy.example.com:3128"}, PROXY),
        ("http://gpu.example.com:11434", {"HTTP_PROXY": PROXY + "/"}, PROXY),
        ("http://gpu.example.com:11434", {"HTTPS_PROXY": PROXY}, "auto"),
        ("https://gpu.example.com", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://gpu.example.com", {"HTTP_PROXY": PROXY}, "auto"),
        ("http://gpu.example.com:11434", {"HTTP_PROXY": ""}, "auto"),
        ("http://127.0.0.1:11434", {"HTTP_PROXY": PROXY}, "auto"),
        ("http://localhost:11434", {"HTTP_PROXY": PROXY}, "auto"),
        ("http://[::1]:11434", {"HTTP_PROXY": PROXY}, "auto"),
        ("http://10.1.2.3:11434", {"HTTP_PROXY": PROXY}, PROXY),
    ],
)
def test_the_variables_name_a_proxy(base_url: str, environ: dict[str, str], proxy: str) -> None:
    assert used(base_url, **environ) == proxy


@pytest.mark.parametrize(
    ("host", "no_proxy"),
    [
        ("gpu.example.com", "*"),
        ("gpu.example.com", "gpu.example.com"),
        ("gpu.example.com", "other.net, GPU.Example.com"),
        ("gpu.example.com", "example.com"),
        ("gpu.example.com", ".example.com"),
        ("gpu.example.com", "*.example.com"),
        ("gpu.example.com", "gpu.example.com:11434"),
        ("gpu", "gpu"),
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3:11434"),
        ("[fd00::5]", "fd00::5"),
        ("[fd00::5]", "[fd00::5]:11434"),
        ("[fd00::5]", "fd00::/8"),
    ],
)
def test_what_no_proxy_names_is_reached_directly(host: str, no_proxy: str) -> None:
    url = f"http://{host}:11434"
    assert used(url, HTTP_PROXY=PROXY) == PROXY
    assert used(url, HTTP_PROXY=PROXY, NO_PROXY=no_proxy) == "auto"
    assert used(url, HTTP_PROXY=PROXY, no_proxy=no_proxy) == "auto"


@pytest.mark.parametrize(
    ("host", "no_proxy"),
    [
        ("gpu.example.com", "pu.example.com"),
        ("example.com", ".example.com"),
        ("gpu.example.com", "gpu.example.com:80"),
        ("10.1.2.3", "10.1.2"),
        ("10.1.2.3", "11.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/x"),
        ("gpu.example.com", "10.0.0.0/8"),
        ("gpu.example.com", ","),
    ],
)
def test_what_no_proxy_does_not_name_is_not(host: str, no_proxy: str) -> None:
    assert used(f"http://{host}:11434", HTTP_PROXY=PROXY, NO_PROXY=no_proxy) == PROXY


def test_the_file_wins_over_the_variables(load_file: LoadFile) -> None:
    environ = {"OLLAMA_BASE_URL": "http://gpu:11434", "HTTP_PROXY": PROXY}
    loaded = load_file("ollama: {proxy: none}", environ)
    assert loaded.settings.ollama.proxy == "none"
    loaded = load_file("ollama: {proxy: other:8080}", environ)
    assert loaded.settings.ollama.proxy == "http://other:8080"
    loaded = load_file("ollama: {proxy: auto}", environ)
    assert loaded.settings.ollama.proxy == PROXY
    assert loaded.origins["ollama.proxy"] == "environment HTTP_PROXY"


def test_another_proxy_is_another_configuration(load_file: LoadFile) -> None:
    url = {"OLLAMA_BASE_URL": "http://gpu:11434"}
    assert load_file("", url).digest != load_file("", url | {"HTTP_PROXY": PROXY}).digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("socks5://proxy:1080", "name an http or https proxy, not socks5"),
        ("socks5h://proxy:1080", "ssh -n -l 11434:127.0.0.1:11434 host"),
        ("http://proxy:x", "a port is a number"),
        ("http://proxy/path", "leave out everything after the port"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        used("http://gpu:11434", HTTP_PROXY=text)
    assert caught.value.message.startswith("Expected HTTP_PROXY to be ")
    assert words in caught.value.details.lower()
    assert "NO_PROXY=gpu" in caught.value.details
    assert used("http://localhost:11434", HTTP_PROXY=text) == "auto"


def test_a_password_of_the_proxy_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        used("http://gpu:11434", HTTP_PROXY="socks5://me:hunter2@proxy:1080")
    assert "hunter2" not in str(caught.value)
