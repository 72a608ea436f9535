"""The flags of a start, from the command to the process and back."""

from cc_proxy.app.config import NO_OPTIONS, LaunchOptions, load

ALL = LaunchOptions(host="::1", port=0, log_level="debug", log_format="json")


def test_arguments_give_back_every_flag() -> None:
    written = ALL.arguments()
    given = dict(zip(written[::2], written[1::2], strict=True))
    assert LaunchOptions.of_arguments(given | {"--config": "x.yaml"}) == ALL
    assert len(given) == len(LaunchOptions.__struct_fields__)
    assert NO_OPTIONS.arguments() == []


def test_a_given_flag_stays_and_one_that_was_not_given_is_filled() -> None:
    assert LaunchOptions(port=0).filled_from(LaunchOptions(port=5, host="h")) == LaunchOptions(
        port=0, host="h"
    )


def test_only_values_of_the_named_origins_are_taken() -> None:
    loaded = load(options=LaunchOptions(port=5), environ={"CC_PROXY_HOST": "::1"})
    settings, origins = loaded.settings, loaded.origins
    assert LaunchOptions.of_settings(settings, origins, "flag") == LaunchOptions(port=5)
    asked = LaunchOptions.of_settings(settings, origins, "flag", "environment")
    assert asked == LaunchOptions(port=5, host="::1")
