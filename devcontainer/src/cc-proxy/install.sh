#!/bin/sh
# Installs cc-proxy in a virtual environment of its own, and Claude Code from npm.
# The options of devcontainer-feature.json come as variables: VERSION, CLAUDECODEVERSION.
set -eu

version="${VERSION:-latest}"
claude_version="${CLAUDECODEVERSION:-latest}"
# Both can be elsewhere for a trial without root.
prefix="${CC_PROXY_PREFIX:-/opt/cc-proxy}"
bin="${CC_PROXY_BIN:-/usr/local/bin}"

fail() {
    echo "cc-proxy feature: $*" >&2
    exit 1
}

# Takes Debian's packages only for what is missing.
need() {
    [ "$(id -u)" = 0 ] || fail "expected $* to be there, since only root can install packages."
    command -v apt-get > /dev/null ||
        fail "expected $* or apt-get, found neither: put the python feature before this one."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y --no-install-recommends "$@"
    rm -rf /var/lib/apt/lists/*
}

new_enough() {
    python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null
}

new_enough || need python3 python3-venv
new_enough || fail "expected Python 3.11 or newer, found $(python3 --version 2>&1): use the python feature."

[ "$claude_version" = none ] || command -v claude > /dev/null ||
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 22)' 2> /dev/null ||
    fail "expected Node 22 or newer for Claude Code, found $(node --version 2>&1): put the node feature before this one, or set claudeCodeVersion to none."

# A file or an address of a package can stand in the place of the version.
case "$version" in
    latest) wanted='cc-proxy[pdf]' ;;
    [0-9]*) wanted="cc-proxy[pdf]==$version" ;;
    *) wanted="$version" ;;
esac
python3 -m venv "$prefix"
"$prefix/bin/pip" install --no-cache-dir --disable-pip-version-check "$wanted"
ln -sf "$prefix/bin/cc-proxy" "$bin/cc-proxy"

if [ "$claude_version" != none ] && ! command -v claude > /dev/null; then
    npm install --global --no-audit --no-fund "@anthropic-ai/claude-code@$claude_version"
fi

"$bin/cc-proxy" --version
