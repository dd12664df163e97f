#!/bin/sh
# The browser tests need Chromium, one test of papers pdftoppm: installed from Debian's packages where that is allowed.
# In CI both must be there.
command -v chromium >/dev/null 2>&1 && command -v pdftoppm >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests …"
    apt-get update -qq >/dev/null 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk poppler-utils >/dev/null 2>&1
fi
command -v chromium >/dev/null 2>&1 && command -v pdftoppm >/dev/null 2>&1 && exit 0
if [ "${CI:-}" = true ]; then
    echo "Chromium or poppler-utils is missing, and in CI nothing may be left out." >&2
    exit 1
fi
exit 0
