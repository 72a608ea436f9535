from .conftest import Home, Upstream


def test_status_without_a_process_is_3_and_says_how_to_start(home: Home) -> None:
    ran = home.run("status")
    assert ran.code == 3
    assert ran.out == ""
    assert ran.err == "Error: cc-proxy is not running.\n  -> To start it: cc-proxy start\n"
    assert not (home.path / ".cc-proxy").exists()


def test_status_shows_what_runs_and_what_is_behind_it(home: Home, upstream: Upstream) -> None:
    home.run("start", OLLAMA_BASE_URL=upstream.url)
    ran = home.run("status", OLLAMA_BASE_URL=upstream.url)
    assert ran.code == 0
    assert ran.err == ""
    first, *rows = ran.out.splitlines()
    assert first.endswith(f"is running (pid {home.state['pid']}).")
    shown = {row[:13].strip(): row[15:] for row in rows}
    assert list(shown) == [
        "Uptime",
        "URL",
        "Configuration",
        "Log",
        "Ollama",
        "Default model",
        "Requests",
    ]
    assert shown["URL"] == f"http://127.0.0.1:{home.state['port']}"
    assert shown["Log"] == str(home.log_file)
    assert shown["Ollama"] == f"{upstream.url} (version 0.32.15)"
    assert shown["Default model"].startswith("m:latest (")
    assert shown["Requests"] == "0 in flight"


def test_a_broken_key_file_is_named(home: Home) -> None:
    home.run("start")
    (home.run_dir / "auth.key").write_text("")
    ran = home.json("status")
    assert ran.code == 4
    assert ran.warnings == ["auth_key_unusable"]
