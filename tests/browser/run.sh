#!/bin/sh
# The browser tests, in a process of their own; left out, in one line, where there is no Chromium.
if ! command -v chromium >/dev/null 2>&1; then
    echo "Left out: the browser tests, because Chromium is not installed (apt install chromium)."
    exit 0
fi
exec "$1" -m pytest -q -m browser -n 3 --dist load tests/browser
