"""`server.auth_keys`: from where the keys come, and the errors with their place."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cc_proxy.app.config import ClientKey, ConfigError, LoadedConfig, load, redacted, secrets_of

LoadFile = Callable[..., LoadedConfig]
KEY = "alices-key-0123456789"
SHA256 = hashlib.sha256(KEY.encode()).hexdigest()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "alice.key"
    path.write_text(f"{KEY}\n")
    return path


@pytest.mark.parametrize("given", ["file", "variable", "text", "sha256"])
def test_a_key_is_given_by_its_file_a_variable_its_text_or_its_hash(
    load_file: LoadFile, key_file: Path, given: str
) -> None:
    entry = {
        "file": f"{{key_file: {key_file}, max_in_flight: 2}}",
        "variable": "{key: '${ALICE}', max_in_flight: 2}",
        "text": f"{{key: {KEY}, max_in_flight: 2}}",
        "sha256": f"{{key_sha256: {SHA256.upper()}, max_in_flight: 2}}",
    }[given]
    loaded = load_file(f"server: {{auth_keys: {{alice: {entry}}}}}\n", {"ALICE": KEY})
    client = loaded.settings.server.auth_keys["alice"]
    assert client.digest == hashlib.sha256(KEY.encode()).digest()
    assert client.max_in_flight == 2
    assert loaded.settings.server.auth_key is None
    shown = str(redacted(loaded.settings))
    assert KEY not in shown
    assert SHA256 not in shown
    assert (KEY in secrets_of(loaded.settings)) == (given != "sha256")
    if given == "file":
        assert loaded.origins["server.auth_keys.alice.key"] == f"file {key_file}"


def test_another_key_in_the_file_is_another_configuration(
    load_file: LoadFile, key_file: Path
) -> None:
    content = f"server: {{auth_keys: {{alice: {{key_file: {key_file}}}}}}}\n"
    before = load_file(content).digest
    key_file.write_text("another-key-of-alice\n")
    assert load_file(content).digest != before


@pytest.mark.parametrize(
    ("entries", "place", "words"),
    [
        ("{alice: {}}", "1:29", ["auth_keys.alice has no key", "found none"]),
        ("{alice: }", "1:28", ["auth_keys.alice has no key"]),
        ("{alice: {key: KEY, key_sha256: SHA}}", "1:29", ["found key and key_sha256"]),
        ("{alice: {key: hunter2}}", "1:35", ["at least 16", "7 characters", "config key NAME"]),
        ("{alice: {key_sha256: hunter2}}", "1:42", ["64 hexadecimal digits"]),
        ("{alice: {key: KEY, max_in_flight: 0}}", "1:73", ["To take the key away"]),
        ("{'a b': {key: KEY}}", "1:22", ["letters, digits"]),
        ("{alice: {key_file: alice.key}}", "1:40", ["Begin with / or ~"]),
        ("{alice: {kee: hunter2}}", "1:30", ['Did you mean "key"']),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_with_its_place(
    load_file: LoadFile, entries: str, place: str, words: list[str]
) -> None:
    text = entries.replace("KEY", KEY).replace("SHA", SHA256)
    with pytest.raises(ConfigError) as caught:
        load_file(f"server: {{auth_keys: {text}}}\n")
    assert f"the.yaml:{place}" in str(caught.value.details)
    for word in words:
        assert word in caught.value.details
    assert "hunter2" not in caught.value.details
    assert KEY not in caught.value.details


def test_the_line_of_an_error_shows_names_and_hides_keys(load_file: LoadFile) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(
            "server:\n  auth_keys:\n    alice: {kee: hunter2, max_in_flight: 3}\n    bob: hunter3\n"
        )
    shown = caught.value.details
    assert "    3 |     alice: {kee: *******, max_in_flight: 3}" in shown
    assert "    4 |     bob: *******" in shown
    assert shown.count("the.yaml:4") == 1


@pytest.mark.parametrize(
    "text",
    [
        "    alice: {key: 'hunter2,\n       hunter2: x'}\n",
        "    alice:hunter2\n    bob: {key: hunter2\n",
        "    - hunter2\n    - {: hunter2\n",
        "    alice: {key: hunter2, key_sha256: 'hunter2', max_in_flight: hunter2\n",
        "    alice:\n      key: |\n        hunter2\n      max_in_flight: {\n",
    ],
)
def test_a_file_that_is_no_yaml_shows_no_key(load_file: LoadFile, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(f"server:\n  auth_keys:\n{text}\t: x\n")
    assert "hunter2" not in caught.value.details


def test_a_file_that_cannot_be_read_or_has_no_key_is_named(
    load_file: LoadFile, tmp_path: Path
) -> None:
    path = tmp_path / "bob.key"
    content = f"server:\n  auth_keys:\n    bob: {{key_file: {path}}}\n"
    with pytest.raises(ConfigError) as caught:
        load_file(content)
    assert f"{path} does not exist" in caught.value.details
    assert "the.yaml:3" in caught.value.details
    path.write_text("hunter2\n")
    with pytest.raises(ConfigError) as caught:
        load_file(content)
    assert str(path) in caught.value.details
    assert "at least 16 printable ASCII characters" in caught.value.details
    assert "hunter2" not in caught.value.details


def test_no_key_has_two_names(load_file: LoadFile) -> None:
    entries = f"{{alice: {{key: {KEY}}}, bob: {{key_sha256: {SHA256}}}}}"
    with pytest.raises(ConfigError) as caught:
        load_file(f"server: {{auth_keys: {entries}}}\n")
    assert "server.auth_keys.bob" in caught.value.details
    assert "the key of server.auth_keys.alice" in caught.value.details
    with pytest.raises(ConfigError) as caught:
        load_file(f"server: {{auth_key: {KEY}, auth_keys: {{alice: {{key: {KEY}}}}}}}\n")
    assert "the key of server.auth_key." in caught.value.details


def test_a_key_with_its_file_is_not_asked_for_both_ways(key_file: Path) -> None:
    assert ClientKey(key=KEY, key_file=str(key_file)).digest == ClientKey(key=KEY).digest


@pytest.mark.posix_only("modes of files")
@pytest.mark.parametrize("which", ["key", "config"])
def test_a_file_that_every_user_can_write_to_is_refused(key_file: Path, which: str) -> None:
    config = key_file.with_name("cc-proxy.user.yaml")
    config.write_text(f"server: {{auth_keys: {{alice: {{key_file: {key_file}}}}}}}\n")
    load(config_file=config, environ={})
    path = key_file if which == "key" else config
    path.chmod(0o666)
    with pytest.raises(ConfigError) as caught:
        load(config_file=config, environ={})
    assert f"{path} can be written to by every user (mode 0666)" in caught.value.message
    assert f"chmod 600 {path}" in caught.value.details


@pytest.mark.posix_only("owners of files")
def test_a_file_of_another_user_counts_only_if_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / ".cc-proxy" / "cc-proxy.user.yaml"
    config.parent.mkdir()
    config.write_text("server: {port: 4000}\n")
    if os.getuid() == 0:
        os.chown(config, 1234, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert load(config_file=config, environ={}).settings.server.port == 4000
    with pytest.raises(ConfigError) as caught:
        load(environ={}, home=tmp_path)
    assert f"{config} belongs to the user " in caught.value.message


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "a.example"])
def test_telemetry_is_not_sent_to_cc_proxy_itself(load_file: LoadFile, host: str) -> None:
    config = "server: {{host: a.example, port: 4000}}\ntelemetry: {{otlp_url: 'http://{}:{}/'}}\n"
    load_file(config.format(host, 4318))
    with pytest.raises(ConfigError, match="the address of a collector"):
        load_file(config.format(host, 4000))


def test_traces_need_a_collector(load_file: LoadFile) -> None:
    with pytest.raises(
        ConfigError,
        match=r"telemetry\.otlp_url .* the address of a collector for the traces, found none",
    ):
        load_file("telemetry: {traces: true}")
    assert not load_file("telemetry: {traces: false}").settings.telemetry.traces
