import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cc_proxy.app.config import ConfigError, LoadedConfig, load
from cc_proxy.app.config.yaml_file.reading import LARGEST_FILE

LoadFile = Callable[..., LoadedConfig]


def problems(load_file: LoadFile, content: str | bytes, **environ: str) -> list[str]:
    """Return the errors, the file's path cut off their start."""
    with pytest.raises(ConfigError) as caught:
        load_file(content, environ)
    assert caught.value.exit_code == 2
    return [str(problem).partition("the.yaml:")[2] for problem in caught.value.problems]


def test_an_error_shows_place_line_caret_expectation_and_the_nearest_key(
    write: Callable[[str], Path],
) -> None:
    path = write("server:\n  host: localhost\n  prot: 99\n")
    with pytest.raises(ConfigError) as caught:
        load(config_file=path, environ={})
    assert caught.value.message == (
        f'{path}:3:3: unknown key "prot" in server\n'
        "    3 |   prot: 99\n"
        "      |   ^^^^\n"
        "  Expected one of host, port, auth_key, auth_keys, hold, keep_on_disk, allowed_hosts,"
        " tls_certificate, tls_key."
    )
    assert caught.value.hint == f'Did you mean "port"? Correct {path} and try again.'
    assert caught.value.details == f'{caught.value.message}\n  -> Did you mean "port"?'


def test_an_error_of_a_value_shows_what_was_found(load_file: LoadFile) -> None:
    [text] = problems(load_file, "server: {port: 99999}\n")
    assert text == (
        "1:16: server.port cannot have this value\n"
        "    1 | server: {port: 99999}\n"
        "      |                ^^^^^\n"
        "  Expected a whole number from 0 (any free port) to 65535, found the number 99999."
    )


def test_all_problems_of_a_file_are_reported_in_its_order(load_file: LoadFile) -> None:
    content = "server:\n  prot: 1\n  host: on\nlogging: {level: loud}\nserver: {}\nfoo: 1\n"
    heads = [text.partition(" ")[0] for text in problems(load_file, content)]
    assert heads == ["2:3:", "3:9:", "4:18:", "5:1:", "6:1:"]


@pytest.mark.parametrize(
    ("content", "place", "texts"),
    [
        # keys
        ("sever: {}\n", "1:1", ['unknown key "sever"', 'did you mean "server"?']),
        ("server: {auth-key: x}\n", "1:10", ['did you mean "auth_key"?']),
        ("ollama: {timeout_seconds: 3}\n", "1:10", ['did you mean "timeout"?']),
        ("port: 1\n", "1:1", ['did you mean "port" below "server:"?']),
        ("server: {base_url: x}\n", "1:10", ['did you mean "base_url" below "ollama:"?']),
        ("ollama: {aliases: {}}\n", "1:10", ['did you mean "aliases" at the start of a line?']),
        ("models: {m: {context_windw: 1}}\n", "1:14", ['did you mean "context_window"?']),
        ("claude: {}\nclaude: {}\n", "2:1", ['the key "claude" is there twice', "line 1"]),
        ("aliases: {a: b, c: d, a: e}\n", "1:23", ['the key "a" is there twice']),
        ("aliases: {on: b}\n", "1:11", ["put the name into quotes"]),
        ("aliases: {12: b}\n", "1:11", ["put the name into quotes"]),
        ("? [1]\n: 2\n", "1:3", ["found a list"]),
        ("<<: {claude: {}}\n", "1:1", ["merge keys are not supported"]),
        ("aliases: {'a b': c}\n", "1:11", ["aliases has a key that is no name"]),
        ("models: {'q*': {}}\n", "1:10", ["models has a key that is no name"]),
        # sections
        ("- a\n", "1:1", ["the file is not a mapping", "found a list"]),
        ("hello\n", "1:1", ["the file is not a mapping", "found text"]),
        ("server: []\n", "1:9", ["server is not a mapping", "found a list"]),
        ("server:\n  port:3456\n", "2:3", ['put a space after "port:"']),
        ("models: {m: 65536}\n", "1:13", ["models.m is not a mapping"]),
        ("aliases: default: m\n", "1:17", ["a key starts a new line"]),
        ("aliases:\n  default:m:1b\n", "2:3", ['put a space after "default:"']),
        ("aliases:\n  claude-*: *m\n", "2:13", ["put the value that starts with * into quotes"]),
        # types, and what YAML 1.1 makes of a value
        ("server: {host: on}\n", "1:16", ["on, which YAML takes for true or false", '"on"']),
        ("server: {host: [a]}\n", "1:16", ["found a list"]),
        ("server: {host: {a: b}}\n", "1:16", ["found a mapping"]),
        ("server:\n  host:\n", "2:8", ["found nothing", "delete the line"]),
        ("server: {port: '80'}\n", "1:16", ['the text "80"', "remove the quotes"]),
        ("server: {port: 0x1F}\n", "1:16", ["0x1F", "decimal digits"]),
        ("server: {port: 0777}\n", "1:16", ["decimal digits"]),
        ("server: {port: 8_080}\n", "1:16", ["decimal digits"]),
        ("server: {port: 22:22}\n", "1:16", ["decimal digits"]),
        ("server: {port: 80.0}\n", "1:16", ["a decimal number"]),
        ("server: {port: yes}\n", "1:16", ["true or false"]),
        ("server: {port: !foo 1}\n", "1:16", ["a value with a tag"]),
        ("server: {port: -1}\n", "1:16", ["the number -1"]),
        ("server: {port: 99999999999999999999999}\n", "1:16", ["the number 9999"]),
        ("aliases: {a: 2020-01-01}\n", "1:14", ["a date", '"2020-01-01"']),
        ("aliases: {a: 5}\n", "1:14", ['put it in quotes: "5"']),
        # values
        ("server: {host: ''}\n", "1:16", ["a host name or an IP address"]),
        ("ollama: {base_url: http://x/v1}\n", "1:20", ["write http://x without /v1"]),
        ("ollama: {base_url: 'http://x/api/'}\n", "1:20", ["write http://x without /api"]),
        ("ollama: {timeout: 0}\n", "1:19", ["longer than zero"]),
        ("ollama: {timeout: .inf}\n", "1:19", ["a duration such as"]),
        ("ollama: {timeout: soon}\n", "1:19", ['the text "soon"']),
        ("ollama: {timeout: 200h}\n", "1:19", ["a week (168h) is the longest"]),
        ("ollama: {keep_alive: -5}\n", "1:22", ["-1 (for ever)"]),
        ("ollama: {keep_alive: 9999999h}\n", "1:22", ["write -1"]),
        ("aliases: {a: ''}\n", "1:14", ["the name of a model, such as qwen3:4b or SERVER/MODEL"]),
        ("aliases: {a: 'b*'}\n", "1:14", ["name one model"]),
        ("context_window: 2047\n", "1:17", ["auto, or tokens from 2048"]),
        ("context_window: 1k\n", "1:17", ["auto, or tokens from 2048"]),
        ("context_window: 99999k\n", "1:17", ["10238976"]),
        ("context_window: Auto\n", "1:17", ['the text "Auto"']),
        ("models: {m: {context_window: auto}}\n", "1:30", ["tokens from 2048"]),
        ("claude: {bin: ' '}\n", "1:15", ["a command name or a path"]),
        ("logging: {level: INFO}\n", "1:18", ["write info"]),
        ("a: 'x\u2028 \x85'\nserver: {port: 0}\n", "1:1", ["a: **   *\n"]),
        ("claude: {bin: x}\rserver: {port: x}\r", "2:16", ["server: {port: x}"]),
        # not YAML
        ("server:\n\tport: 1\n", "2:1", ["indent with spaces"]),
        ("a: b: c\n", "1:5", ["goes into quotes"]),
        ("server:\n  host: 'x\n  port: 1\n", "2:9", ["close the quotes that start here"]),
        ("server:\n  port: 1\n host: x\n", "3:2", ["indent this line like the others"]),
        ("server: {}\n---\nserver: {}\n", "2:1", ["keep one document"]),
        ("aliases:\n  *: foo\n", "2:3", ['put the name into quotes: "*":']),
        ("aliases:\n  a: *foo\n", "2:6", ["starts with * into quotes"]),
        ("claude: {bin: ${X}}\n", "1:16", ["${VAR} inside { } goes into quotes"]),
        ("server:\n  host: x\n  port\n", "3:3", ["a colon and a space after the key"]),
        ("server: {port: 1\n", "2:1", ["close the bracket"]),
        ("server\nport: 1\n", "2:5", ["ends with a colon"]),
        ("claude: {bin: @x}\n", "1:15", ["put the value into quotes"]),
        ("claude:\n  bin: a\x07b\n", "2:9", ["U+0007"]),
    ],
)
def test_one_problem(load_file: LoadFile, content: str, place: str, texts: list[str]) -> None:
    found = problems(load_file, content)
    assert len(found) == 1, found
    assert found[0].startswith(f"{place}: ")
    for text in texts:
        # A fix begins a line, with a capital letter.
        assert text in found[0] or f"{text[0].upper()}{text[1:]}" in found[0]


def test_bytes_that_are_not_utf8_are_placed(load_file: LoadFile) -> None:
    [text] = problems(load_file, b"server: {}\n# \xc3\xa9 \xe9\n")
    assert text.startswith("2:5: not UTF-8\n")
    assert "0xE9" in text
    [text] = problems(load_file, "server: {}".encode("utf-16"))
    assert text.startswith("1:1: not UTF-8\n")
    assert "Save the file as UTF-8" in text


def test_the_caret_stands_under_wide_characters_too(load_file: LoadFile) -> None:
    [text] = problems(load_file, "\u65e5\u672c: 1\n")
    assert text.splitlines()[1:3] == ["    1 | \u65e5\u672c: 1", "      | ^^^^"]
    [text] = problems(load_file, "aliases: {\u65e5\u672c: 'a b'}\n")
    assert text.splitlines()[2] == "      |" + " " * 17 + "^^^^^"


def test_a_very_long_line_is_shown_around_the_caret(load_file: LoadFile) -> None:
    [text] = problems(load_file, f"aliases: {{{'a' * 900}: b, c: 5, {'d' * 900}: e}}\n")
    _, line, caret, *_ = text.splitlines()
    assert len(line) < 120
    assert line[caret.index("^")] == "5"


def test_a_file_above_one_mebibyte_is_refused(load_file: LoadFile) -> None:
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load_file("#" * (LARGEST_FILE + 1))
    load_file("#" * (LARGEST_FILE - 1) + "\n")


def test_aliases_may_be_used_and_may_contain_themselves(load_file: LoadFile) -> None:
    loaded = load_file("models:\n  a: &big {context_window: 64k}\n  b: *big\n")
    assert loaded.settings.models["b"].context_window == 65536
    assert "unknown key" in problems(load_file, "models: &m {a: *m}\n")[0]
    assert "a list" in problems(load_file, "server: &s [*s]\n")[0]


def test_after_twenty_problems_it_stops_and_says_so(write: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(config_file=write("".join(f"x{n}: 1\n" for n in range(30))), environ={})
    assert len(caught.value.problems) == 20
    assert "There may be more" in (caught.value.hint or "")


BILLION_LAUGHS = "a: &a [x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 20)}]\n" for n in range(20)
)


@pytest.mark.parametrize(
    "content",
    [
        BILLION_LAUGHS,
        "[" * 500_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "a: 1\n" * 100_000,
        "server: {" + "a: 1, " * 100_000 + "}",
        "models:\n  x: &x {" + ", ".join(f"k{n}: 1" for n in range(3000)) + "}\n"
        "" + "".join(f"  y{n}: *x\n" for n in range(3000)),
        "@" * 500_000,
        "a://" * 100_000 + "@",
        "a: " + "!" * 1_000_000,
        'aliases:\n  default: "\\uD800"',
        '"\\uD800": 1',
    ],
    ids=[
        "laughs",
        "lists",
        "flow",
        "sequence",
        "lines",
        "items",
        "aliases",
        "at",
        "urls",
        "tag",
        "half",
        "half_key",
    ],
)
def test_a_hostile_file_is_refused_soon(load_file: LoadFile, content: str) -> None:
    start = time.process_time()
    found = problems(load_file, content)
    assert time.process_time() - start < 10
    assert 1 <= len(found) <= 20
    assert all(len(text) < 1000 for text in found)


@pytest.mark.parametrize(
    "content",
    [
        "server: {auth_key: 'hunter2 '}\n",
        "server: {auth_key: hunter2, port: x}\n",
        "server:\n  auth_key: 'hunter2 hunter2'\n",
        "server:\n  auth_key: 12345678\n  port: x\n".replace("12345678", "[hunter2]"),
        "server:\n  auth_key: |\n    hunter2 hunter2\n",
        "server:\n  auth_key: >-\n    hunter2\n   : bad\n",
        "server:\n  auth_key:\n    hunter2: x: y\n",
        "server:\n  auth_key: hunter2: x\n",
        "server:\n  auth_key: 'hunter2\n",
        'server:\n  auth_key: "x\nhunter2\n" y: z\n',
        "server:\n  auth_key:hunter2\n",
        "server:\n  port: 1\n  auth_key:hunter2\n",
        "auth_key=hunter2\n",
        "server:\n  auth_key: ok-ok-ok-ok\n   hunter2: x\n",
        "server:\n  auth_key hunter2\n",
        "server:\n  ? auth_key\n  : hunter2 x\n",
        "server:\n  auth_kye: hunter2hunter2\n",
        "server:\n  password: hunter2hunter2\n",
        "server: {auth_key: ok-ok-ok-ok, auth_key: hunter2hunter2}\n",
        "ollama: {api_key: 'hunter2 x'}\n",
        "ollama:\n  api_key: hunter2\n  apikey: hunter2\n",
        "ollama:\n  bearer: hunter2\n",
        "ollama:\n  zz: 'hunter2 hunter2'\n",
        "ollama:\n  zz: [hunter2, hunter2]\n",
        "ollama:\n  zz: >\n    hunter2\n    hunter2\n",
        "ollama: {zz: hunter2}\n",
        "ollama: {prot: 1, zz: {a: hunter2, b: hunter2}}\n",
        "ollama: {zz: hunter2, prot: 1}\n",
        "server: {port: x, zz: hunter2}\n",
        "server: {port: x, zz: 1, zz: hunter2}\n",
        "{server: {prot: 1}, ollama: {zz: hunter2}}\n",
        "server: hunter2\n",
        "ollama: [hunter2]\n",
        "my-token: hunter2: x\n",
        "ollama: {Bearer: hunter2\n",
        "ollama: {base_url: 'http://u:hunter2@x/v1'}\n",
        "ollama: {base_url: 'ftp://u:hunter2@x'}\n",
        "ollama: {base_url: 'u:hunter2@x/v1'}\n",
        "ollama: {base_url: 'http://u:hunter2@x', timeout: x}\n",
    ],
)
def test_a_secret_of_the_file_is_never_shown(load_file: LoadFile, content: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(content)
    assert "hunter" not in caught.value.message
    assert "|" in caught.value.message


@pytest.mark.parametrize(
    ("content", "mended", "aliases"),
    [
        ("aliases: practice:latest\n", None, {"default": "practice:latest"}),
        ("aliases: default:practice:latest\n", None, {"default": "practice:latest"}),
        ("aliases:\n  *: x\n", "aliases:\n  {}x\n", {"*": "x"}),
        ("aliases: {*: x}\n", "aliases: {{{}x}}\n", {"*": "x"}),
        ("aliases:\n  *-mini*: x\n", "aliases:\n  {}x\n", {"*-mini*": "x"}),
    ],
)
def test_the_fix_for_an_alias_is_yaml_that_does_what_was_meant(
    load_file: LoadFile, content: str, mended: str | None, aliases: dict[str, str]
) -> None:
    [text] = problems(load_file, content)
    fix = text.partition("-> ")[2]
    if mended is None:
        corrected = fix.removeprefix("Write it as ")
    else:
        corrected = mended.format(fix.removeprefix("Put the name into quotes: ") + " ")
    assert load_file(corrected, {}).settings.aliases == aliases


@pytest.mark.parametrize("content", ["ollama: http://127.0.0.1:11434\n", "models: qwen3:4b\n"])
def test_a_colon_inside_a_value_is_not_taken_for_that_of_a_key(
    load_file: LoadFile, content: str
) -> None:
    [text] = problems(load_file, content)
    assert "->" not in text
