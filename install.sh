#!/bin/sh
# Installs cc-proxy by pipx, and pipx itself first if there is none. Read it before you run it.
set -eu

help="There are three ways to install cc-proxy:

  pipx install cc-proxy
  pip install cc-proxy       in a virtual environment
  sh install.sh              this script: it uses pipx, and installs pipx too if you have none

What the script takes:

  sh install.sh              the newest release
  sh install.sh 1.2.3        this version
  sh install.sh .            the checkout that the script is in

It writes only into your home and needs no root. To undo it: pipx uninstall cc-proxy; and, if the
script has installed pipx: rm -r ~/.local/share/pipx-environment ~/.local/bin/pipx"

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

case "$0" in
    */*) folder=$(cd "${0%/*}" && pwd) ;;
    *) folder=$(pwd) ;;
esac
[ "$#" -le 1 ] || fail "expected at most one version, found: $*"
package='cc-proxy[pdf]'
advice=
case "${1-}" in
    -h | --help)
        printf '%s\n' "$help"
        exit 0
        ;;
    "") [ ! -f "$folder/pyproject.toml" ] || advice=" To install this checkout instead: sh install.sh ." ;;
    .)
        [ -f "$folder/pyproject.toml" ] || fail "expected a checkout of cc-proxy in $folder, found none."
        package="${folder}[pdf]"
        ;;
    *[!0-9A-Za-z.]*) fail "expected a version such as 1.2.3, found: $1" ;;
    *) package="cc-proxy[pdf]==$1" ;;
esac
[ "$(id -u)" -ne 0 ] || fail "it is for your own account, not for root. Run it as yourself, without sudo.
  -> If root is the only account, as in a container: python3 -m venv /opt/cc-proxy
     and then: /opt/cc-proxy/bin/pip install '$package'
     It is started with /opt/cc-proxy/bin/cc-proxy"
[ -n "${HOME-}" ] || fail "HOME is not set, so there is no place to install to."

python=
for name in "${PYTHON-}" python3.14 python3.13 python3.12 python3.11 python3; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 &&
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$name
        break
    fi
done
[ -n "$python" ] || fail "expected Python 3.11 or newer on PATH, found none. Install one, then run this again."

if command -v pipx >/dev/null 2>&1; then
    pipx=pipx
elif "$HOME/.local/bin/pipx" --version >/dev/null 2>&1; then
    # Yours, or brought by an earlier run; its folder is not on PATH.
    pipx="$HOME/.local/bin/pipx"
else
    # In an environment of its own, as many systems forbid pip to touch theirs.
    own="$HOME/.local/share/pipx-environment"
    "$python" -m venv "$own" ||
        fail "expected \`$python -m venv\` to work. On Debian and Ubuntu: sudo apt install python3-venv"
    "$own/bin/python" -m pip install --quiet pipx || fail "pip could not install pipx; what it said is above."
    mkdir -p "$HOME/.local/bin"
    ln -sf "$own/bin/pipx" "$HOME/.local/bin/pipx"
    pipx="$own/bin/pipx"
fi

"$pipx" install --force --python "$python" "$package" || fail "pipx could not install $package; what it said is above.$advice"
"$pipx" ensurepath >/dev/null || fail "pipx could not add its folder to PATH; add $HOME/.local/bin yourself."
printf '\ncc-proxy is installed. Open a new terminal and type: cc-proxy claude\n'
