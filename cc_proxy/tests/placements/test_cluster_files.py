"""The manifests for Kubernetes and the unit for systemd, held to what can be held without either.

No cluster runs here, and no systemd. The schemas of Kubernetes were asked by hand
(kubernetes-validate, 1.37).
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cc_proxy.app.config import load
from cc_proxy.app.gateway.http.browser import is_own_name
from cc_proxy.tests.placements.container import FOLDER
from cc_proxy.tests.placements.how_to import ROOT

MANIFESTS = FOLDER / "kubernetes.yaml"
HAPROXY, ANALYZE = shutil.which("haproxy"), shutil.which("systemd-analyze")
SERVICE = ROOT / "docs/how-to/run-as-a-service.md"


def manifests() -> dict[tuple[str, str], dict[str, Any]]:
    documents = yaml.safe_load_all(MANIFESTS.read_text("utf-8"))
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = workload["spec"]["template"]["spec"]
    return found


def test_names_labels_ports_and_volumes_fit_together() -> None:
    all_of_them = manifests()
    gateway = all_of_them["StatefulSet", "cc-proxy"]
    balancer = all_of_them["Deployment", "cc-proxy-balancer"]
    for workload in (gateway, balancer):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert workload["spec"]["selector"]["matchLabels"] == labels
        (container,) = pod(workload)["containers"]
        volumes = {volume["name"]: volume for volume in pod(workload)["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
        for volume in volumes.values():
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in all_of_them
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert container["readinessProbe"]["httpGet"]["port"] in ports
        limits = container["securityContext"]
        assert limits["readOnlyRootFilesystem"]
        assert not limits["allowPrivilegeEscalation"]
        assert limits["capabilities"] == {"drop": ["ALL"]}
        assert pod(workload)["securityContext"]["runAsNonRoot"]
    services = {
        name: one["spec"]["selector"]
        for (kind, name), one in all_of_them.items()
        if kind == "Service"
    }
    own = gateway["spec"]["template"]["metadata"]["labels"]
    assert services["cc-proxy"] == own
    assert services["cc-proxy-gateway"] == balancer["spec"]["template"]["metadata"]["labels"]
    assert gateway["spec"]["serviceName"] == "cc-proxy"
    policy = all_of_them["NetworkPolicy", "cc-proxy"]["spec"]
    assert policy["podSelector"]["matchLabels"] == own
    assert all_of_them["PodDisruptionBudget", "cc-proxy"]["spec"]["selector"]["matchLabels"] == own
    assert "kind: Secret" not in MANIFESTS.read_text("utf-8")


def test_cc_proxy_takes_its_configuration_and_each_file_has_its_volume(tmp_path: Path) -> None:
    all_of_them = manifests()
    content = all_of_them["ConfigMap", "cc-proxy"]["data"]["cc-proxy.user.yaml"]
    (container,) = pod(all_of_them["StatefulSet", "cc-proxy"])["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    variables = {each["name"]: each["value"] for each in container["env"]}
    assert variables["CC_PROXY_CONFIG_FILE"] == f"{mounts['config']}/cc-proxy.user.yaml"
    assert variables["CC_PROXY_AUTH_KEY_FILE"] == f"{mounts['keys']}/proxy.key"
    # A volume itself is open to everybody; a folder in it is not.
    for name in ("CC_PROXY_STATE_DIR", "CC_PROXY_LOG_DIR"):
        assert Path(variables[name]).parent == Path(mounts["state"])
    (tmp_path / "alice.key").write_text("alices-key-0123456789")
    file = tmp_path / "the.yaml"
    file.write_text(content.replace(mounts["keys"], str(tmp_path)))
    server = load(config_file=file, environ={}).settings.server
    assert server.host == "0.0.0.0"  # noqa: S104 - not bound here
    assert server.auth_keys["alice"].max_in_flight
    # The probes name the pod by its address, HAProxy's check says localhost, clients the balancer.
    assert is_own_name("10.1.2.3", server.allowed_hosts)
    assert is_own_name("gateway.example.com", server.allowed_hosts)


def balancer() -> str:
    text: str = manifests()["ConfigMap", "cc-proxy-balancer"]["data"]["haproxy.cfg"]
    return text


def test_the_balancer_knows_each_instance_and_hashes_the_session() -> None:
    gateway = manifests()["StatefulSet", "cc-proxy"]["spec"]
    (container,) = gateway["template"]["spec"]["containers"]
    port = container["ports"][0]["containerPort"]
    wanted = {f"cc-proxy-{number}.cc-proxy:{port}" for number in range(gateway["replicas"])}
    assert set(re.findall(r"^ +server \S+ (\S+)$", balancer(), re.MULTILINE)) == wanted
    assert "balance hdr(X-Claude-Code-Session-Id)" in balancer()


@pytest.mark.skipif(HAPROXY is None, reason="Debian has haproxy")
def test_haproxy_takes_the_configuration_of_the_balancer(tmp_path: Path) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(balancer())
    checked = subprocess.run(
        [str(HAPROXY), "-c", "-f", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.skipif(ANALYZE is None, reason="Debian has systemd")
def test_systemd_takes_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    (unit,) = re.findall(
        r"^```systemd\n(.*?)^```$", SERVICE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    file = tmp_path / "cc-proxy.service"
    # It looks for the program.
    file.write_text(unit.replace("/opt/cc-proxy/bin/cc-proxy", "/bin/true"))
    for command in (["verify"], ["security", "--offline=true", "--threshold=20"]):
        analyzed = subprocess.run(
            [str(ANALYZE), *command, str(file)], capture_output=True, text=True, check=False
        )
        assert analyzed.returncode == 0, analyzed.stdout + analyzed.stderr
        if command == ["verify"]:
            # What it does not know is a warning of its own.
            assert "cc-proxy.service" not in analyzed.stdout + analyzed.stderr
