#!/usr/bin/env bash
# Make .venv with the locked packages: `tools/setup.sh [run|test|clients|bench]`. Quick and silent when nothing has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose="${1:-run}"
newest_python=15 # 3.15 and later have no wheels of every locked package yet

say() { printf '%s\n' "$*" >&2; }

stop() {
    say "setup: $1"
    shift
    for line in "$@"; do say "  $line"; done
    exit 1
}

# Install Debian packages where we may; otherwise print the line to type and fail.
need_debian() {
    local line="apt-get update && apt-get install -y --no-install-recommends $*"
    if ! command -v apt-get >/dev/null; then
        stop "these are missing, and there is no apt-get here: $*" "Install them with this system's own package manager, then run make again."
    elif [ "$(id -u)" -ne 0 ]; then
        stop "these Debian packages are missing: $*" "sudo sh -c '$line'"
    fi
    say "setup: installing the Debian packages $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends "$@" >/dev/null || return 1
}

usable() { # 64-bit CPython, 3.11 or later, no newer than the locked wheels
    command -v "$1" >/dev/null && "$1" -c "
import sys
sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, $newest_python) and sys.maxsize > 2**32))" 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

make_environment() {
    local python version
    python="$(find_python)"
    if [ -z "$python" ]; then
        [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null || apt-get update -qq >&2 || true
        version="$(apt-cache policy python3 2>/dev/null | sed -n 's/^  Candidate: *\([0-9]*\.[0-9]*\).*/\1/p')"
        case "$version" in # the system's own where it will do, else one that Ubuntu 22.04 has beside it
            3.1[1-4]) need_debian python3 python3-venv ;;
            3.*) need_debian python3.11 python3.11-venv || true ;;
            *) need_debian python3 python3-venv || true ;;
        esac
        python="$(find_python)"
        [ -n "$python" ] || stop "Python 3.11 or later is needed, and this system's packages have none." \
            "Install one (Debian 12, Ubuntu 23.04 and later have it), then: make setup PYTHON=/path/to/python3"
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
        need_debian "python$version-venv" || stop "$python cannot make an environment." "Choose another: make setup PYTHON=/path/to/python3"
    fi
    if [ -x .venv/bin/python ] && usable .venv/bin/python; then
        .venv/bin/python -m ensurepip --upgrade >/dev/null # an environment made by another tool, without pip
    else
        rm -rf .venv
        "$python" -m venv .venv
    fi
}

locks=(requirements.txt)
case "$purpose" in
    run) ;;
    test | clients) locks+=(requirements-dev.txt) ;;
    bench) locks+=(requirements-dev.txt requirements-bench.txt) ;;
    *) stop "unknown purpose $purpose" "tools/setup.sh run|test|clients|bench" ;;
esac

if ! [ -x .venv/bin/python ] || ! usable .venv/bin/python || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    make_environment
fi

stamp=".venv/.jiexiang-$purpose"
wanted="$({ pwd && .venv/bin/python -V && cat pyproject.toml "${locks[@]}"; } | sha256sum)"
if ! [ -x .venv/bin/jiexiang ] || [ "$wanted" != "$(cat "$stamp" 2>/dev/null)" ]; then
    say "setup: installing the locked packages into .venv (a minute or two the first time)"
    pip=(.venv/bin/python -m pip --disable-pip-version-check --no-input -qq)
    "${pip[@]}" install --no-warn-script-location --require-hashes "${locks[@]/#/--requirement=}"
    "${pip[@]}" install --no-warn-script-location --no-build-isolation --no-deps --editable .
    .venv/bin/jiexiang --version >/dev/null
    echo "$wanted" >"$stamp"
fi

# PostGIS for the private cluster: `import`, `publish` and `serve` need it, everything else works without.
need_postgis() {
    local package
    for control in /usr/share/postgresql/{1[5-9],[2-9][0-9]}/extension/postgis.control; do
        [ ! -e "$control" ] || return 0
    done
    if ! command -v apt-get >/dev/null; then
        say "setup: without PostgreSQL 15 and PostGIS 3.3 or later, plans cannot be kept or served from this machine"
    elif [ "$(id -u)" -ne 0 ]; then
        say "setup: without PostGIS, plans cannot be kept or served from this machine; to have it:"
        say "  sudo sh -c 'mkdir -p /etc/postgresql-common; echo create_main_cluster = false > /etc/postgresql-common/createcluster.conf; apt-get update && apt-get install -y --no-install-recommends $(postgis_package)'"
    else
        apt-get update -qq >&2 || true
        package="$(postgis_package)"
        mkdir -p /etc/postgresql-common # Debian shall start no cluster of its own
        [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
        need_debian "$package" || say "setup: $package could not be installed; plans cannot be kept or served from this machine"
    fi
}

postgis_package() { # the newest that this system has: 15 on Debian 12, 17 on Debian 13, 16 on Ubuntu 24.04
    local newest
    newest="$(apt-cache search --names-only '^postgresql-(1[5-9]|[2-9][0-9])-postgis-3$' 2>/dev/null | sed 's/ .*//' | sort -V | tail -1)"
    echo "${newest:-postgresql-15-postgis-3}"
}

need_postgis

if [ "$purpose" = test ]; then # the pages are tested in a real browser, with Chinese glyphs
    missing=()
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
    fc-list ':lang=zh-cn' family 2>/dev/null | grep -q . || missing+=(fontconfig fonts-noto-cjk)
    command -v pdftotext >/dev/null || missing+=(poppler-utils) # what a page prints is read
    if [ ${#missing[@]} -gt 0 ]; then
        if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
            need_debian "${missing[@]}" || say "setup: ${missing[*]} could not be installed; the tests of pages will be skipped"
        else
            say "setup: without ${missing[*]} the tests of pages are skipped; to run them too:"
            say "  sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends ${missing[*]}'"
        fi
    fi
fi

if [ "$purpose" = clients ]; then # plans and papers are opened in the programs that offices have
    missing=()
    /usr/bin/python3 -c 'import qgis.core' 2>/dev/null || missing+=(python3-qgis)
    command -v soffice >/dev/null || missing+=(libreoffice-writer libreoffice-calc)
    command -v pdftotext >/dev/null || missing+=(poppler-utils)
    fc-list ':lang=zh-cn' family 2>/dev/null | grep -q . || missing+=(fontconfig fonts-noto-cjk)
    command -v pdftotext >/dev/null || missing+=(poppler-utils) # what a page prints is read
    [ ${#missing[@]} -eq 0 ] || need_debian "${missing[@]}"
fi

if [ "$purpose" = run ] && ! find /usr/share/fonts /usr/local/share/fonts -name 'NotoSansCJK*' 2>/dev/null | grep -q .; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        need_debian fonts-noto-cjk || say "setup: fonts-noto-cjk could not be installed; jiexiang report cannot print maps"
    else
        say "setup: without fonts-noto-cjk, jiexiang report cannot print maps; to add it:"
        say "  sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends fonts-noto-cjk'"
    fi
fi
