#!/usr/bin/env bash
# Runs a small real dbt project and keeps what it leaves behind, one folder per invocation:
#   record.sh BIN OUT     BIN: the bin folder of a Python environment with dbt-core and dbt-duckdb
set -euo pipefail
bin=$1
out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$(dirname "$0")/project/." "$work"
export SHOP_DB=$work/shop.duckdb DBT_PROFILES_DIR=$work DBT_SEND_ANONYMOUS_USAGE_STATS=false NO_COLOR=1
cd "$work"
mkdir -p "$out"
keep() {
  mkdir -p "$out/$1"
  for file in manifest run_results sources freshness; do
    [ ! -f "target/$file.json" ] || cp -p "target/$file.json" "$out/$1/"
  done
  rm -rf target/run_results.json target/sources.json
}
"$bin/dbt" -q seed
keep 1-seed
"$bin/dbt" -q build || true
keep 2-build
"$bin/dbt" -q source freshness || true
keep 3-freshness
"$bin/dbt" -q run --select stg_orders
keep 4-run-select
