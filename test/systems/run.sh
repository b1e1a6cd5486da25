#!/usr/bin/env bash
# npm run test:systems [dbt|great-expectations|prefect|airflow]: the real systems, installed into a cache folder outside
# the checkout, started, driven, read by our collectors, and ended. Needs Python 3.11 and 3.12, 2 GB of disk and of memory.
set -uo pipefail
cd "$(dirname "$0")/../.."
cache=${TIDEMARK_SYSTEMS:-$HOME/.cache/tidemark-systems}
mkdir -p "$cache"

python() {
  for candidate in "python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python; do
    if "$candidate" -c 'import sys; sys.exit(0)' 2>/dev/null; then echo "$candidate"; return; fi
  done
  echo "Python $1 is not installed" >&2
  return 1
}

environment() { # NAME PYTHON PACKAGES…
  local name=$1 version=$2
  shift 2
  [ -f "$cache/$name/.done" ] && return
  echo "== installing $* into $cache/$name"
  "$(python "$version")" -m venv "$cache/$name" &&
    "$cache/$name/bin/pip" install -q --disable-pip-version-check "$@" && touch "$cache/$name/.done"
}

passed=0
failed=0
check() { # NAME COMMAND…
  local name=$1
  shift
  echo "== $name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "== $name FAILED"; fi
}
wanted() { [ -z "${only:-}" ] || [ "$only" = "$1" ]; }
only=${1:-}

if wanted dbt; then
  # dbt-core 1.12 needs a wheel from outside the package index; OpenLineage's wrapper comes with it.
  check 'install dbt' environment dbt 3.12 'dbt-core==1.11.16' dbt-duckdb 'openlineage-dbt==1.54.0'
  check 'dbt, and dbt-ol to our receiver' node test/systems/dbt/check.ts "$cache/dbt/bin"
fi
if wanted great-expectations; then
  check 'install Great Expectations 1.24' environment gx1 3.12 'great-expectations==1.24.1'
  check 'install Great Expectations 0.18' environment gx018 3.11 'great-expectations==0.18.22'
  check 'Great Expectations 1.24' node test/systems/great-expectations/check.ts "$cache/gx1/bin" 4
  check 'Great Expectations 0.18' node test/systems/great-expectations/check.ts "$cache/gx018/bin" 3
fi
if wanted prefect; then
  # The newest FastAPI does not go with it.
  check 'install Prefect' environment prefect 3.12 'prefect==3.8.8' 'fastapi==0.139.*' 'starlette<1.10' 'pydantic<2.13'
  check 'Prefect' node test/systems/prefect/check.ts "$cache/prefect/bin"
fi
if wanted airflow; then
  check 'install Airflow' environment airflow3 3.12 'apache-airflow==3.3.2' 'apache-airflow-providers-openlineage==2.20.3'
  check 'Airflow, and its OpenLineage provider to our receiver' node test/systems/airflow/check.ts "$cache/airflow3/bin"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
