"""What `models test` would have kept, for tests of who goes by it."""

import msgspec

from cc_proxy.app.gateway.storage.fitness_verdicts import KeptTest
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.conftest import Home


def found_unfit(home: Home, *models: PracticeModel, digest: str | None = None) -> None:
    """Keep tests that found these models unfit: in the pulled version, or in that of `digest`."""
    keep(home, *models, verdict="unfit", digest=digest)


def keep(home: Home, *models: PracticeModel, verdict: str, digest: str | None = None) -> None:
    """Keep a test with this verdict for each model, beside those that are kept."""
    home.run_dir.mkdir(parents=True, mode=0o700, exist_ok=True)
    file = home.run_dir / "model-tests.json"
    before = msgspec.json.decode(file.read_bytes())["models"] if file.exists() else {}
    kept = {
        model.full_name: KeptTest(
            tested_at="2026-01-01T00:00:00+00:00",
            digest=digest or model.digest,
            verdict=verdict,
            passed=3 if verdict == "unfit" else 60,
            runs=60,
            calls={},
            read_tokens_per_second=None,
            written_tokens_per_second=None,
            context_window=65_536,
        )
        for model in models
    }
    file.write_bytes(msgspec.json.encode({"version": 2, "models": before | kept}))
    file.chmod(0o600)
