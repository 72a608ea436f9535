"""A turn that announces a step, told from one that gives a result or leaves the next step."""

import pytest

from cc_proxy.app.translate.answer.retry.announced_step import announces_step


@pytest.mark.parametrize(
    "text",
    [
        "I will now read the file.",
        "The tests fail.\n\nLet me look at the log:",
        "I'll check the configuration first.",
        "Okay, let's run the tests.",
        "Now I'm going to edit `main.py`.",
        "Found it. Next, I need to update the test…",
        "Ich werde jetzt die Datei lesen.",
        "Je vais lire le fichier.",
        "Voy a leer el archivo.",
        "Vou ler o arquivo.",
        "Я сейчас прочитаю файл.",
        "我将读取该文件。",
        "ファイルを確認します。",
    ],
)
def test_a_step_that_is_announced(text: str) -> None:
    assert announces_step(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The file has three lines.",
        "Done. Let me know if you need more.",
        "Shall I read the file?",
        "Let me know what you think.",
        "I will read it once you confirm.",
        "If you want, I will run the tests.",
        "I have read the file and fixed the bug.",
        "I will do it like this:\n```sh\nmake test\n```",
        "I will remember that.",
        "I'll wait for your answer.",
        "Wenn Sie möchten, werde ich die Datei lesen.",
        "Soll ich die Datei lesen?",
    ],
)
def test_what_announces_nothing(text: str) -> None:
    assert not announces_step(text)


def test_a_long_text_is_looked_at_from_its_end() -> None:
    assert announces_step("A sentence about nothing. " * 50_000 + "Let me read the file.")
