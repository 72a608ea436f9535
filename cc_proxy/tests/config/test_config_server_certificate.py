"""The certificate of cc-proxy itself, checked when the settings are read."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from cc_proxy.app import server_certificate
from cc_proxy.app.config import ConfigError, LoadedConfig

LoadFile = Callable[..., LoadedConfig]
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def folder(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates and keys, by their names."""
    made = tmp_path_factory.mktemp("tls")
    for name, begins, ends in (
        ("good", NOW - DAY, NOW + 90 * DAY),
        ("other", NOW - DAY, NOW + 90 * DAY),
        ("expired", dt.datetime(2025, 1, 2, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)),
        ("future", dt.datetime(2199, 1, 2, 3, 4, tzinfo=dt.UTC), NOW + 99999 * DAY),
    ):
        one = authority.issue_cert("gpu.example", "10.0.0.1", not_before=begins, not_after=ends)
        one.cert_chain_pems[0].write_to_path(made / f"{name}.pem")
        one.private_key_pem.write_to_path(made / f"{name}.key")
    rsa = authority.issue_cert("gpu.example", key_type=trustme.KeyType.RSA)
    rsa.private_key_pem.write_to_path(made / "rsa.key")
    authority.cert_pem.write_to_path(made / "authority.pem")
    (made / "words.pem").write_text("no certificate\n")
    return made


def server(folder: Path, certificate: str | None, key: str | None) -> str:
    paths = {
        name: str(folder / file)
        for name, file in (("tls_certificate", certificate), ("tls_key", key))
        if file is not None
    }
    return json.dumps({"server": paths}, indent=1)


def test_a_certificate_and_its_key_are_taken(load_file: LoadFile, folder: Path) -> None:
    found = load_file(server(folder, "good.pem", "good.key"))
    assert found.settings.server.tls_certificate == str(folder / "good.pem")
    assert found.origins["server.tls_key"].endswith("the.yaml:4")
    facts = server_certificate.facts(str(folder / "good.pem"), str(folder / "good.key"))
    assert facts.names == ("gpu.example", "10.0.0.1")
    assert facts.valid_until == pytest.approx((NOW + 90 * DAY).timestamp(), abs=1)


@pytest.mark.parametrize(
    ("certificate", "key", "line", "words"),
    [
        ("good.pem", None, 3, ("tls_key is missing", "both, or neither")),
        (None, "good.key", 3, ("tls_certificate is missing", "both, or neither")),
        ("none.pem", "good.key", 3, ("to be a file that can be read, found No such file",)),
        ("good.pem", "none.key", 4, ("to be a file that can be read, found No such file",)),
        ("words.pem", "good.key", 3, ("certificates in PEM, found something else",)),
        ("good.pem", "good.pem", 4, ("a private key in PEM, without a passphrase, found",)),
        ("good.pem", "other.key", 4, ("private key of the first certificate in", "another one")),
        ("good.pem", "rsa.key", 4, ("private key of the first certificate in", "another one")),
        ("expired.pem", "expired.key", 3, ("that expired on 2026-01-02", "cc-proxy reload")),
        (
            "future.pem",
            "future.key",
            3,
            ("valid from 2199-01-02 03:04 UTC", "set the clock of this machine"),
        ),
    ],
)
def test_files_that_cannot_be_used_are_named_with_their_line(
    load_file: LoadFile,
    folder: Path,
    certificate: str | None,
    key: str | None,
    line: int,
    words: tuple[str, ...],
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_file(server(folder, certificate, key))
    (problem,) = caught.value.problems
    assert f"the.yaml:{line})" in problem.where
    for word in words:
        assert word in caught.value.details


def test_who_accepts_a_certificate_is_known(
    authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = str(folder / "good.pem"), str(folder / "good.key")
    assert server_certificate.is_for_name(*pair, "gpu.example")
    assert server_certificate.is_for_name(*pair, "10.0.0.1")
    assert not server_certificate.is_for_name(*pair, "other.example")
    assert not server_certificate.is_trusted_by_system(*pair)
    assert not server_certificate.has_its_root(*pair)
    whole = folder / "whole.pem"
    whole.write_bytes((folder / "good.pem").read_bytes() + authority.cert_pem.bytes())
    assert server_certificate.has_its_root(str(whole), pair[1])
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    assert server_certificate.is_trusted_by_system(*pair)
