from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cc_proxy.app.config import LoadedConfig, file_locations, load


@pytest.fixture(autouse=True)
def system_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the /etc of the machine that it runs on."""
    folder = tmp_path / "etc" / "cc-proxy"
    monkeypatch.setattr(file_locations, "SYSTEM_FOLDER", folder)
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write_file(content: str | bytes) -> Path:
        path = tmp_path / "the.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture
def load_file(write: Callable[[str | bytes], Path]) -> Callable[..., LoadedConfig]:
    def load_content(
        content: str | bytes, environ: Mapping[str, str] | None = None
    ) -> LoadedConfig:
        return load(config_file=write(content), environ=environ or {})

    return load_content
