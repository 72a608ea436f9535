"""Several upstreams, of which one is away: the others go on, and it is named."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from .conftest import Home
from .practice import Practice, practice_server
from .test_models_command import configure

BOX = "http://127.0.0.1:9"
BOX_AWAY = f"upstreams: {{box: {{url: {BOX}}}}}\n"
BESIDE_OLLAMA = f"{BOX_AWAY}aliases: {{default: ollama/practice}}\n"


LISTED = b'{"object":"list","data":[{"id":"m","object":"model","owned_by":"somebody"}]}'


@pytest.fixture
def practice(home: Home) -> Iterator[Practice]:
    with practice_server() as running:
        home.environ["OLLAMA_BASE_URL"] = running.url
        yield running


@contextmanager
def server(pages: dict[str, bytes]) -> Iterator[str]:
    """Serve pages by their paths, and 404 for all else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path, b"not found")
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever, args=[0.01], daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()


def test_a_session_needs_the_upstream_of_its_model_only(home: Home, practice: Practice) -> None:
    configure(home, BESIDE_OLLAMA)
    ran = home.json("claude", "--print-env")
    assert ran.code == 0, ran.err
    # By this name the proxy finds the model again: without `ollama/` it would ask box.
    assert "ollama/practice" in ran.data["set"].values()
    assert practice.url


def test_models_lists_what_the_others_have(home: Home, practice: Practice) -> None:
    configure(home, BESIDE_OLLAMA)
    ran = home.json("models")
    assert ran.code == 0, ran.err
    assert ran.data["upstream"]["url"] == practice.url
    assert ran.data["default_model"] == "ollama/practice"
    assert "ollama/practice:latest" in [model["name"] for model in ran.data["models"]]
    (away,) = [item for item in ran.envelope["warnings"] if item["code"] == "upstream_away"]
    assert away["message"].startswith(f"box does not answer at {BOX}")
    assert "upstreams.box.url" in away["hint"]


def test_doctor_goes_on_with_the_others(home: Home, practice: Practice) -> None:
    configure(home, BESIDE_OLLAMA)
    checks = home.json("doctor", "--no-model").envelope["data"]["checks"]
    found = {check["name"]: check for check in checks}
    assert (found["server"]["status"], found["ollama"]["status"]) == ("fail", "ok")
    assert found["default_model"]["status"] == "ok"
    assert practice.url


def test_status_has_a_row_for_each(home: Home, practice: Practice) -> None:
    configure(home, BESIDE_OLLAMA)
    # Another upstream that is away does not keep the default model from being loaded.
    assert home.run("start", "--preload").code == 0
    ran = home.run("status")
    rows = {row[:13].strip(): row[15:] for row in ran.out.splitlines()[1:]}
    assert rows["box"] == f"{BOX} (not reachable)"
    assert rows["Ollama"].startswith(f"{practice.url} (version ")
    assert rows["Default model"].startswith("ollama/practice (")
    assert "box does not answer" in ran.err
    told = home.json("status").data
    assert [one["name"] for one in told["upstreams"]] == ["box", "ollama"]
    assert told["upstream"] == told["upstreams"][1]


@pytest.mark.parametrize("command", ["models", "claude"])
def test_the_upstream_of_the_default_model_is_named_with_its_setting(
    home: Home, command: str
) -> None:
    configure(home, BOX_AWAY)
    arguments = ["--print-env"] if command == "claude" else []
    ran = home.json(command, *arguments)
    assert (ran.code, ran.error["code"]) == (5, "upstream_unreachable")
    assert "upstreams.box.url" in ran.error["hint"]
    assert "llama" not in ran.error["hint"].replace("llama-server", "")
    assert "OLLAMA" not in ran.error["hint"]


def test_a_server_without_the_api_is_not_said_to_be_unreachable(home: Home) -> None:
    with server({}) as url:
        configure(home, f"upstreams: {{box: {{url: {url}}}}}\naliases: {{default: m}}\n")
        home.run("start")
        ran = home.run("status")
        session = home.json("claude", "--print-env")
    assert f"{url} (answers, but cannot be used)" in ran.out
    hint = "Check upstreams.box.url: a server with OpenAI's chat API must answer there."
    assert hint in ran.err
    after = "After a change of upstreams.box.url: cc-proxy reload"
    assert session.error["hint"] == f"{hint} {after}"


def test_an_alias_to_an_ollama_that_is_away_is_not_called_unpulled(home: Home) -> None:
    with server({"/v1/models": LISTED}) as url:
        configure(
            home,
            f"upstreams: {{box: {{url: {url}}}}}\n"
            "aliases: {claude-haiku-*: 'ollama/qwen3:4b', claude-opus-*: box/m, default: absent}\n",
        )
        ran = home.json("models")
        shown = home.run("models").out
    assert [alias["pulled"] for alias in ran.data["aliases"]] == [None, True, False]
    messages = {item["code"]: item["message"] for item in ran.envelope["warnings"]}
    assert messages["alias_not_pulled"] == "box has no model absent. An alias points to it."
    assert messages["upstream_away"].startswith("Ollama does not answer")
    assert "ollama/qwen3:4b  (its server does not answer)" in shown


def test_pull_takes_the_name_with_the_upstream_before_it(home: Home, practice: Practice) -> None:
    configure(home, BESIDE_OLLAMA)
    ran = home.run("models", "pull", "ollama/practice-more")
    assert ran.out == "practice-more is pulled (4.9 GB).\n"
    assert practice.url


def test_a_model_of_another_server_is_no_model_to_pull(home: Home, practice: Practice) -> None:
    configure(home, BESIDE_OLLAMA)
    ran = home.json("models", "pull", "box/some-model")
    assert (ran.code, ran.error["code"]) == (2, "not_ollama")
    assert practice.url
