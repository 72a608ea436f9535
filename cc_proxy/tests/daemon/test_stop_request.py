import asyncio
import signal

from cc_proxy.app.daemon.paths import Paths
from cc_proxy.app.daemon.process import signals, stop_request
from cc_proxy.app.daemon.process.stop_request import StopRequest


def test_a_request_reaches_only_the_instance_it_is_meant_for(paths: Paths) -> None:
    stop_request.write(paths, StopRequest("mine", 4.5))
    assert stop_request.read(paths.stop_file, "mine") == StopRequest("mine", 4.5)
    assert stop_request.read(paths.stop_file, "another") is None


def test_a_broken_or_missing_request_is_none(paths: Paths) -> None:
    assert stop_request.read(paths.stop_file, "mine") is None
    paths.stop_file.write_text("{")
    assert stop_request.read(paths.stop_file, "mine") is None


async def test_without_signals_the_request_itself_stops(paths: Paths) -> None:
    asked: list[signal.Signals] = []
    watching = asyncio.create_task(
        signals.watch_stop_request(paths.stop_file, "mine", asked.append)
    )
    await asyncio.sleep(0)
    assert not asked
    stop_request.write(paths, StopRequest("mine", 1))
    await asyncio.wait_for(watching, 60)
    assert asked == [signal.SIGTERM]
