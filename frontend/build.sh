#!/usr/bin/env bash
# Builds and tests the page: packages from the lock file, lint, types, tests, build, and a check of what was built.
#
#   build.sh                all of it
#   build.sh --test-only    no build
#   build.sh --build-only   no tests
#
# Needs Node 20.19 or newer; `./cnop up` brings its own where there is none.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

test=1 build=1
case ${1:-} in
  '') ;;
  --test-only) build=0 ;;
  --build-only) test=0 ;;
  -h | --help)
    usage
    exit 0
    ;;
  *) die "does not know '$1'; --help tells what there is" ;;
esac

cd "$root/frontend"
need npm "install Node 20.19 or newer"
npm ci --no-audit --no-fund --loglevel=error
if [ "$test" = 1 ]; then
  npm run --silent lint
  npm run --silent typecheck
  npm run --silent test
fi
if [ "$build" = 1 ]; then
  npm run --silent build
  npm run --silent check:dist
fi
