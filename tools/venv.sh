#!/bin/sh
# Makes an empty private environment, from nothing but a Python 3.11 or later.
# In: the folder to make; $PYTHON, the interpreter (default: python3). Out: that folder, fresh, with pip in it.
# Refuses: an older Python, and a Debian Python without its venv package unless it may install that itself.
set -eu
folder=$1
python=${PYTHON:-python3}

if ! command -v "$python" >/dev/null 2>&1; then
    echo "There is no $python here. On Debian: apt install python3 python3-venv" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is $("$python" -V 2>&1); esafety needs Python 3.11 or later: make PYTHON=python3.13 ..." >&2
    exit 1
fi
# Debian ships Python without what `python3 -m venv` needs.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "This Python cannot make a private environment yet; doing: apt install python3-venv"
        log=$(mktemp)
        if ! { DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
               DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; } >"$log" 2>&1
        then
            grep -E '^(E|W):' "$log" | sed -E 's#[a-z]+://[^ ]*#(address)#g' >&2 || true
            rm -f "$log"
            echo "apt could not install it. Do it by hand: apt install python3-venv" >&2
            exit 1
        fi
        rm -f "$log"
    else
        echo "This Python cannot make a private environment yet. On Debian, as root: apt install python3-venv" >&2
        exit 1
    fi
fi
"$python" -m venv --clear "$folder"
