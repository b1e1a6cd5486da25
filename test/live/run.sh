#!/usr/bin/env bash
# Runs the tests against real servers and writers: installs these once into a cache, then runs vitest. Arguments go to vitest.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${TIDEMARK_LIVE_CACHE:-$HOME/.cache/tidemark-live}
mkdir -p "$cache"

# Debian packages whose programs the tests start, as package:program. They are unpacked, not installed: an installed
# Prometheus would start itself as a service.
debian=(
  prometheus:prometheus prometheus:promtool
  prometheus-alertmanager:prometheus-alertmanager prometheus-alertmanager:amtool
  victoria-metrics:victoria-metrics
)
export PATH="$cache/debian/usr/bin:$PWD/node_modules/.bin:$PWD/node_modules/node/bin:$PATH"
updated=
for entry in "${debian[@]}"; do
  package=${entry%%:*} program=${entry##*:}
  command -v "$program" >/dev/null && continue
  if [ -z "$updated" ] && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    updated=1
  fi
  echo "unpacking $package into $cache/debian"
  mkdir -p "$cache/debian/download"
  (cd "$cache/debian/download" && apt-get download -qq "$package" && dpkg -x "$package"_*.deb ..)
  command -v "$program" >/dev/null || { echo "$program is needed; install Debian's package $package" >&2; exit 1; }
done

# The terminal UI is looked at in tmux, which needs its libraries: installed, not unpacked.
if ! command -v tmux >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq
  apt-get install -y -qq tmux
fi
command -v tmux >/dev/null || { echo "tmux is needed; install Debian's package tmux" >&2; exit 1; }

# Alertmanager looks for its default templates in this one place.
templates=/usr/share/prometheus/alertmanager
if [ ! -e "$templates/default.tmpl" ] && [ -d "$cache/debian$templates" ] && [ "$(id -u)" = 0 ]; then
  mkdir -p "$templates"
  cp "$cache/debian$templates"/*.tmpl "$templates/"
fi

wanted=$(sha256sum test/live/requirements.txt)
if [ "$(cat "$cache/venv/.installed" 2>/dev/null)" != "$wanted" ]; then
  echo "installing test/live/requirements.txt into $cache/venv"
  if ! python3 -c 'import ensurepip' 2>/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    apt-get install -y -qq python3-venv
  fi
  rm -rf "$cache/venv"
  python3 -m venv "$cache/venv"
  "$cache/venv/bin/pip" install --quiet --disable-pip-version-check -r test/live/requirements.txt
  echo "$wanted" >"$cache/venv/.installed"
fi
export TIDEMARK_LIVE_VENV="$cache/venv"

# The schemas of Compose files and of the Prometheus operator's resources, out of the Go modules that own them.
schemas=(github.com/compose-spec/compose-go/v2@v2.16.2 github.com/prometheus-operator/prometheus-operator@v0.85.0)
export TIDEMARK_LIVE_SCHEMAS="$cache/schemas"
if [ "$(cat "$TIDEMARK_LIVE_SCHEMAS/.modules" 2>/dev/null)" != "${schemas[*]}" ]; then
  if ! command -v go >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    apt-get install -y -qq golang-go
  fi
  rm -rf "$TIDEMARK_LIVE_SCHEMAS"
  mkdir -p "$TIDEMARK_LIVE_SCHEMAS"
  for module in "${schemas[@]}"; do
    folder=$(cd "$TIDEMARK_LIVE_SCHEMAS" && go mod download -json "$module" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
    cp "$folder"/schema/compose-spec.json "$TIDEMARK_LIVE_SCHEMAS" 2>/dev/null ||
      cp "$folder"/example/prometheus-operator-crd/*_{servicemonitors,prometheusrules}.yaml "$TIDEMARK_LIVE_SCHEMAS"
  done
  echo "${schemas[*]}" >"$TIDEMARK_LIVE_SCHEMAS/.modules"
fi

# What deploy/ is for. Terraform and kubectl are in no package of Debian 12.
for entry in openssl:openssl systemd:systemd-analyze; do
  package=${entry%%:*} program=${entry##*:}
  command -v "$program" >/dev/null || { [ "$(id -u)" = 0 ] && apt-get install -y -qq "$package"; }
done

if [ "${1:-}" = --exec ]; then
  shift
  exec "$@"
fi
exec vitest run --config vitest.live.config.ts "$@"
