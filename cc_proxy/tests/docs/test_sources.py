"""Comments cite recordings that are there for everybody to read."""

import json
import re

from cc_proxy.tests.docs.shown import ROOT

APP = ROOT / "cc_proxy/app"
FILES = ("cc_proxy/tests/gateway/recordings.json", "cc_proxy/tests/demo/recordings.json")
# `recording 33`, `recordings 84b, 84c`, `recordings 89f, 92-92d, 95-95c`, `recordings 15-35, 78`
CITED = re.compile(r"recordings? (\d\d[a-z]?(?:(?:, |-)\d\d[a-z]?)*)")


def recorded() -> set[str]:
    files = [json.loads((ROOT / name).read_text(encoding="utf-8")) for name in FILES]
    return {name.partition("_")[0] for file in files for name in file}


def test_every_recording_that_a_comment_cites_is_in_the_tests() -> None:
    cited = {
        (str(path.relative_to(APP)), number)
        for path in APP.rglob("*.py")
        for found in CITED.findall(path.read_text(encoding="utf-8"))
        for number in re.split(r", |-", found)
    }
    assert len(cited) > 30
    assert sorted(one for one in cited if one[1] not in recorded()) == []
