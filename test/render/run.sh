#!/usr/bin/env bash
# Pictures of the dashboards: npm run dashboards:render -- FOLDER [DASHBOARD…]. Needs Debian's chromium.
set -euo pipefail
cd "$(dirname "$0")"
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
fi
command -v chromium >/dev/null || { echo "chromium is needed; install Debian's package chromium" >&2; exit 1; }
if ! cmp -s package-lock.json node_modules/.installed; then
  npm ci --no-audit --no-fund
  cp package-lock.json node_modules/.installed
fi
npx vite build --config vite.config.ts
folder=$(cd "${INIT_CWD:-.}" && realpath -m "${1:?the folder for the pictures}")
shift
exec bash ../live/run.sh --exec node test/render/render.ts "$folder" "$@"
