"""Secrets that come as files, as container tools bring them."""

from pathlib import Path

import pytest

from cc_proxy.app.config import ConfigError, environment, load


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("hunter2-hunter2\n")
    return path


def test_each_secret_can_come_from_a_file_that_a_variable_names(secret: Path) -> None:
    environ = {"CC_PROXY_AUTH_KEY_FILE": str(secret), "OLLAMA_API_KEY_FILE": str(secret)}
    loaded = load(environ=environ)
    assert loaded.settings.server.auth_key == "hunter2-hunter2"
    assert loaded.settings.ollama.api_key == "hunter2-hunter2"
    assert loaded.origins["server.auth_key"] == "environment CC_PROXY_AUTH_KEY_FILE"


def test_the_variable_with_the_key_itself_comes_first_and_the_file_is_not_read() -> None:
    environ = {"CC_PROXY_AUTH_KEY": "12345678", "CC_PROXY_AUTH_KEY_FILE": "/no/such/file"}
    assert load(environ=environ).settings.server.auth_key == "12345678"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "empty text"),
        (" \n", "empty text"),
        ("hunter2 hunter2", "a space"),
        ("hunter2\nhunter2", "a space"),
        ("hunter2-\u00fc\u00fc", "not printable ASCII"),
    ],
)
def test_a_file_with_no_usable_key_is_named_and_its_content_is_not_shown(
    secret: Path, content: str, found: str
) -> None:
    secret.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(environ={"CC_PROXY_AUTH_KEY_FILE": str(secret)})
    message = caught.value.message
    assert message.startswith(f"Expected CC_PROXY_AUTH_KEY_FILE={secret} to be ")
    assert found in message
    assert "hunter2" not in message


def test_a_folder_in_its_place_is_what_a_container_tool_makes_of_a_missing_file(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ={"CC_PROXY_AUTH_KEY_FILE": str(tmp_path)})
    assert caught.value.message == (
        "Expected CC_PROXY_AUTH_KEY_FILE to be a file with the key in it that can be read,"
        f" found that {tmp_path} is a folder."
    )
    assert "container tools make a folder" in str(caught.value.hint)


def test_a_missing_file_is_an_error_and_never_no_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist") as caught:
        load(environ={"CC_PROXY_AUTH_KEY_FILE": str(tmp_path / "none")})
    assert caught.value.exit_code == 2


def test_the_key_can_be_had_while_another_variable_is_wrong(secret: Path) -> None:
    environ = {"CC_PROXY_PORT": "http", "CC_PROXY_AUTH_KEY_FILE": str(secret)}
    assert environment.auth_key(environ) == "hunter2-hunter2"
    assert environment.auth_key({"CC_PROXY_PORT": "http"}) is None


def test_a_key_where_the_name_of_its_file_belongs_is_not_shown() -> None:
    with pytest.raises(ConfigError, match="absolute path") as caught:
        load(environ={"CC_PROXY_AUTH_KEY_FILE": "hunter2-hunter2"})
    assert "hunter2" not in caught.value.message
