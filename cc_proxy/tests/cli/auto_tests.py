"""What `models test --auto` would have kept."""

import msgspec

from cc_proxy.app.cli.models.auto_mode import FILE, KeptAutoTest
from cc_proxy.app.practice.model.models import PracticeModel
from cc_proxy.tests.cli.conftest import Home


def keep_auto_test(home: Home, model: PracticeModel, *, digest: str | None = None) -> None:
    """Keep a measurement of this version of a model, or of that of `digest`."""
    home.run_dir.mkdir(parents=True, mode=0o700, exist_ok=True)
    test = KeptAutoTest("2026-01-01T00:00:00+00:00", digest or model.digest, 11, 12, 10, 12)
    file = home.run_dir / FILE
    kept = {"version": 1, "models": {model.full_name: test}}
    file.write_bytes(msgspec.json.encode(kept))
    file.chmod(0o600)
