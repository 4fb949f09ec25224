#!/usr/bin/env bash
# Tests the gateway against a real Envoy, and renders its configuration, which Envoy has to accept.
#
#   build.sh                both; the configuration goes to gateway/dist/envoy.yaml
#   build.sh --test-only    only the tests
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

build=1
case ${1:-} in
  '') ;;
  --test-only) build=0 ;;
  -h | --help)
    usage
    exit 0
    ;;
  *) die "does not know '$1'; --help tells what there is" ;;
esac

cd "$root"
./cnop test unit -- gateway/tests
if [ "$build" = 1 ]; then
  mkdir -p gateway/dist
  ./cnop gateway render >gateway/dist/envoy.yaml
  say "wrote gateway/dist/envoy.yaml"
fi
