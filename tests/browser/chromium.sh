#!/bin/sh
# The browser tests need Chromium: installed from Debian's packages where that is allowed. In CI it must be there.
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests …"
    apt-get update -qq >/dev/null 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null 2>&1
fi
command -v chromium >/dev/null 2>&1 && exit 0
if [ "${CI:-}" = true ]; then
    echo "Chromium is missing, and in CI the browser tests may not be left out." >&2
    exit 1
fi
exit 0
