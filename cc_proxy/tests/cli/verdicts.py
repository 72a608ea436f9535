"""What `models test` would have kept, for tests of who goes by it."""

import msgspec

from cc_proxy.app.cli.models.verdicts import KeptTest
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.conftest import Home


def found_unfit(home: Home, *models: PracticeModel, digest: str | None = None) -> None:
    """Have these models be unfit: in the version that is pulled, or in the one of `digest`."""
    kept = {
        model.full_name: KeptTest(
            tested_at="2026-01-01T00:00:00+00:00",
            digest=digest or model.digest,
            verdict="unfit",
            tasks_done=1,
            tasks=20,
            calls={},
            read_tokens_per_second=None,
            written_tokens_per_second=None,
            context_window=65_536,
        )
        for model in models
    }
    home.run_dir.mkdir(parents=True, mode=0o700, exist_ok=True)
    file = home.run_dir / "model-tests.json"
    file.write_bytes(msgspec.json.encode({"version": 1, "models": kept}))
    file.chmod(0o600)
