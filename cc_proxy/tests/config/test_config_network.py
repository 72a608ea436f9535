"""Own headers, certificates and keys towards Ollama, checked when the settings are read."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from cc_proxy.app.config import ConfigError, LoadedConfig, redacted, secrets_of

LoadFile = Callable[..., LoadedConfig]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A CA, and a client's certificate of its with the key."""
    authority = trustme.CA()
    client = authority.issue_cert("me@example.com")
    found = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(found["ca"])
    client.cert_chain_pems[0].write_to_path(found["cert"])
    client.private_key_pem.write_to_path(found["key"])
    return found


def ollama(**fields: object) -> str:
    return json.dumps({"ollama": fields}, default=str)


def test_headers_are_secrets(load_file: LoadFile) -> None:
    headers = {"CF-Access-Client-Id": "abc.access", "CF-Access-Client-Secret": "${SECRET}"}
    settings = load_file(ollama(headers=headers), {"SECRET": "hunter2-hunter2"}).settings
    assert settings.ollama.headers["CF-Access-Client-Secret"] == "hunter2-hunter2"
    assert {"hunter2-hunter2", "abc.access"} <= set(secrets_of(settings))
    shown = redacted(settings)["ollama"]
    assert isinstance(shown, dict)
    assert shown["headers"] == dict.fromkeys(headers, "********")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "the name of an HTTP header"),
        ("a b", "the name of an HTTP header"),
        ("X:", "leave out the colon"),
        ("Host", "cc-proxy sets this header itself"),
        ("content-length", "cc-proxy sets this header itself"),
        ("Transfer-Encoding", "cc-proxy sets this header itself"),
    ],
)
def test_a_header_that_cannot_be_set_is_refused(load_file: LoadFile, name: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(ollama(headers={name: "topsecretval"}))
    assert words.lower() in caught.value.details.lower()
    assert "topsecretval" not in caught.value.details


@pytest.mark.parametrize("value", ["a\\nb", "ä", "", " "])
def test_a_header_s_value_is_not_shown_where_it_is_refused(load_file: LoadFile, value: str) -> None:
    with pytest.raises(
        ConfigError, match=r"ollama\.headers\.X-Key cannot have this value"
    ) as caught:
        load_file(f'ollama: {{headers: {{X-Key: "hunter2{value}\\t"}}}}')
    assert "hunter2" not in str(caught.value)


def test_a_ca_and_a_client_certificate_are_taken(
    load_file: LoadFile, files: dict[str, Path]
) -> None:
    content = ollama(ca_file=files["ca"], client_cert=files["cert"], client_key=files["key"])
    found = load_file(content).settings.ollama
    assert (found.ca_file, found.client_cert) == (str(files["ca"]), str(files["cert"]))


def test_a_home_folder_may_be_written_as_a_tilde(
    load_file: LoadFile, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(files["ca"].parent))
    found = load_file("ollama: {ca_file: ~/ca.pem}")
    assert found.settings.ollama.ca_file == str(files["ca"])


def test_one_file_may_have_certificate_and_key(load_file: LoadFile, files: dict[str, Path]) -> None:
    both = files["ca"].parent / "both.pem"
    both.write_bytes(files["cert"].read_bytes() + files["key"].read_bytes())
    assert load_file(ollama(client_cert=both)).settings.ollama.client_key is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ca_file": "ca.pem"}, "the absolute path of a file"),
        (
            {"ca_file": "{folder}/none.pem"},
            r"Expected ollama\.ca_file .* to be a file that can be read",
        ),
        ({"ca_file": "{folder}/key.pem"}, "certificates in PEM"),
        ({"ca_file": "{folder}"}, "a file that can be read"),
        ({"client_cert": "{folder}/cert.pem"}, "a certificate and its key in PEM"),
        ({"client_key": "{folder}/key.pem"}, "ollama.client_cert is missing"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    load_file: LoadFile, files: dict[str, Path], fields: dict[str, str], words: str
) -> None:
    folder = str(files["ca"].parent)
    placed = {name: text.replace("{folder}", folder) for name, text in fields.items()}
    with pytest.raises(ConfigError, match=words):
        load_file(ollama(**placed))


def in_the_middle(content: bytes, put: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join([*lines[:3], put, *lines[3:]])


@pytest.mark.parametrize("name", ["ca", "cert", "key"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: in_the_middle(content, b"not base64!\n"),
        lambda content: in_the_middle(content, b"\xff\x00\n"),
        lambda content: in_the_middle(content, b"-----BEGIN CERTIFICATE-----\n"),
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(content.splitlines()[1], b"AAAA" * 16, 1),
    ],
    ids=["words", "bytes", "another_beginning", "cut", "no_sequence"],
)
def test_damage_within_a_file_of_tls_is_named_with_its_line(
    load_file: LoadFile, files: dict[str, Path], name: str, damage: Callable[[bytes], bytes]
) -> None:
    files[name].write_bytes(damage(files[name].read_bytes()))
    content = (
        ollama(ca_file=files["ca"])
        if name == "ca"
        else ollama(client_cert=files["cert"], client_key=files["key"])
    )
    with pytest.raises(ConfigError, match=r"damage in line \d+"):
        load_file(content)


def test_words_between_certificates_are_no_damage(
    load_file: LoadFile, files: dict[str, Path]
) -> None:
    content = files["ca"].read_bytes()
    files["ca"].write_bytes(b"# Our CA: the old one\n" + content + b"\nand the new one\n" + content)
    assert load_file(ollama(ca_file=files["ca"])).settings.ollama.ca_file == str(files["ca"])


@pytest.mark.posix_only("named pipes and devices")
def test_a_file_that_never_ends_is_refused_at_once(load_file: LoadFile, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.pem"
    os.mkfifo(pipe)
    for endless in (pipe, Path("/dev/zero")):
        for name in ("ca_file", "client_cert"):
            with pytest.raises(ConfigError, match="Not a regular file"):
                load_file(ollama(**{name: endless}))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_a_key_with_a_passphrase_asks_nobody(load_file: LoadFile, files: dict[str, Path]) -> None:
    locked = files["key"].with_name("locked.pem")
    command = ["openssl", "rsa", "-aes128", "-passout", "pass:hunter2", "-in", str(files["key"])]
    done = subprocess.run([*command, "-out", str(locked)], capture_output=True, check=False)
    if done.returncode:  # trustme makes keys of elliptic curves
        command[1] = "ec"
        subprocess.run([*command, "-out", str(locked)], capture_output=True, check=True)
    with pytest.raises(ConfigError, match="without a passphrase"):
        load_file(ollama(client_cert=files["cert"], client_key=locked))
