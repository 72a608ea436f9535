"""A proxy with a certificate: the command line of the same machine works as without one."""

import datetime as dt
import json
import ssl
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from cc_proxy.app.cli.claude import other_machines
from cc_proxy.app.config import Server

from .conftest import Home, Upstream

NOW = dt.datetime.now(dt.UTC)


@dataclass
class Files:
    """The authority, and the certificate and the key of the proxy."""

    folder: Path
    authority: trustme.CA
    certificate: Path
    key: Path

    def renew(self, *, days: int = 90) -> None:
        made = self.authority.issue_cert(
            "gpu.example", "127.0.0.1", not_after=NOW + dt.timedelta(days=days)
        )
        made.private_key_pem.write_to_path(self.key)
        self.key.chmod(0o600)
        # With the root, as a self-signed certificate is its own.
        self.certificate.write_bytes(
            made.cert_chain_pems[0].bytes() + self.authority.cert_pem.bytes()
        )

    def greeting(self, port: int) -> str:
        context = ssl.create_default_context(cadata=self.authority.cert_pem.bytes().decode())
        handler = urllib.request.HTTPSHandler(context=context)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
        with opener.open(f"https://127.0.0.1:{port}/", timeout=120) as response:
            return str(response.read().decode())

    def serial(self, port: int) -> str:
        return ssl.get_server_certificate(("127.0.0.1", port))


@pytest.fixture
def files(home: Home) -> Files:
    made = Files(home.path, trustme.CA(), home.path / "cert.pem", home.path / "key.pem")
    made.renew()
    server = {"tls_certificate": str(made.certificate), "tls_key": str(made.key)}
    server["allowed_hosts"] = "gpu.example"
    file = home.path / ".cc-proxy" / "cc-proxy.user.yaml"
    file.parent.mkdir()
    file.write_text(json.dumps({"server": server}, indent=1))
    return made


def test_commands_work_and_reload_takes_the_new_files(home: Home, files: Files) -> None:
    port = home.json("start").data["port"]
    assert files.greeting(port) == "cc-proxy is running\n"
    assert home.json("status").warnings == []
    before = files.serial(port)
    files.renew()
    assert home.json("reload").data["changed"] == []
    assert files.serial(port) != before
    files.key.write_text("no key\n")
    broken = home.json("reload")
    assert (broken.code, broken.error["code"]) == (2, "config_error")
    assert "server.tls_key" in broken.error["message"]
    assert files.greeting(port) == "cc-proxy is running\n"
    # A configuration that has become wrong keeps nobody from seeing and stopping what runs.
    assert "config_error" in home.json("status").warnings
    assert home.json("stop").data["was_running"]


@pytest.mark.posix_only("modes of files")
def test_doctor_looks_at_the_certificate_and_its_key(home: Home, files: Files) -> None:
    def found() -> dict[str, dict[str, str]]:
        checks = home.json("doctor", "--no-model").envelope["data"]["checks"]
        return {check["name"]: check for check in checks}

    good = found()
    until = (NOW + dt.timedelta(days=90)).date()
    assert good["tls_certificate"]["status"] == "ok"
    assert good["tls_certificate"]["detail"] == f"for gpu.example, 127.0.0.1, until {until}"
    assert "tls_key" not in good
    files.renew(days=13)
    files.key.chmod(0o644)
    bad = found()
    assert bad["tls_certificate"]["status"] == "warn"
    assert bad["tls_certificate"]["detail"].endswith(": less than 13 days")
    assert bad["tls_key"]["fix"] == f"chmod o= {files.key}"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "this_machine_only"),
        ("https://other.internal:3456", "name_not_in_certificate"),
        ("http://gpu.example:3456", "plain_http"),
        ("http://127.0.0.1:3456", None),
    ],
)
def test_an_address_that_does_not_work_elsewhere_is_told(
    files: Files, url: str | None, code: str | None
) -> None:
    server = Server(
        host="0.0.0.0",  # noqa: S104 - not bound
        tls_certificate=str(files.certificate),
        tls_key=str(files.key),
        allowed_hosts=("gpu.example",),
    )
    found = other_machines.notes(url, server, 3456)
    assert [item.code for item in found.warnings] == ([code] if code else [])
    assert found.variables == {}
    if url is None:
        assert found.warnings[0].hint == "For them: --url https://gpu.example:3456"


def test_the_address_for_others_comes_with_the_authority(
    home: Home, files: Files, upstream: Upstream
) -> None:
    home.environ["OLLAMA_BASE_URL"] = upstream.url
    ran = home.json("env", "sdk", "--url", "https://gpu.example:3456")
    assert ran.warnings == ["private_authority"]
    assert ran.data["set"]["ANTHROPIC_BASE_URL"] == "https://gpu.example:3456"
    assert ran.data["set"]["NODE_EXTRA_CA_CERTS"] == str(files.certificate)


def test_without_a_certificate_no_command_waits_for_openssl() -> None:
    code = (
        "import sys; from cc_proxy.app.config import load; load(environ={'HOME': '/nowhere'});"
        " sys.exit('ssl' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
