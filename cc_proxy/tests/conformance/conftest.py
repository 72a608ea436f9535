"""One practice server and one installed cc-proxy for all the conformance tests of a process."""

import os
from collections.abc import Iterator

import anthropic
import pytest

from .clients import async_client, sync_client
from .stack import Practice, impatient, installed, practice_server


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_this_machine() -> Iterator[None]:
    """Keep the SDKs from reading keys, profiles and HTTP proxies out of the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("ANTHROPIC_") or name.lower().endswith("_proxy"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def practice() -> Iterator[Practice]:
    """The model behind the proxy; its journal tells what reached it."""
    with practice_server() as server:
        yield server


@pytest.fixture(scope="session")
def proxy_url(
    cc_proxy: list[str], practice: Practice, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The base URL of the command under test, started as a user starts it."""
    folder = tmp_path_factory.mktemp("conformance")
    with installed(cc_proxy, practice.url, folder) as url:
        yield url


@pytest.fixture(scope="session")
def impatient_url(practice: Practice) -> Iterator[str]:
    """The base URL of a gateway that keeps alive after 0.2 seconds of silence."""
    with impatient(practice) as url:
        yield url


@pytest.fixture(scope="session")
def client(proxy_url: str) -> Iterator[anthropic.Anthropic]:
    """Return the SDK's client, which holds each answer to the types that the API documents."""
    with sync_client(proxy_url) as made:
        yield made


@pytest.fixture(scope="session")
def client_in_background(practice: Practice, proxy_url: str) -> Iterator[anthropic.AsyncAnthropic]:
    """Return the asynchronous client; its event loop is `practice.background`."""

    async def make() -> anthropic.AsyncAnthropic:
        return async_client(proxy_url)

    made = practice.background.run(make())
    yield made
    practice.background.run(made.close())


@pytest.fixture
def mark(practice: Practice) -> int:
    """Return the number of the latest request before this test."""
    return practice.latest()
