"""`python -m cc_proxy.tests.fuzz TARGET [libFuzzer's flags]`: one target under atheris."""

import sys

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore] # not everywhere

with atheris.instrument_imports(include=["cc_proxy.app"]):
    from cc_proxy.tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until the flags say to stop, or something fails."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"Expected one of {', '.join(TARGETS)}, found {sys.argv[1:]}.")
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
