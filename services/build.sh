#!/usr/bin/env bash
# Builds and tests the services: environment from the lock files, checks, tests, wheels.
#
#   build.sh                 all of it; the wheels go to services/dist
#   build.sh --test-only     only the security-focused tests: access, tokens, sessions, input, audit, ledger integrity
#   build.sh --build-only    only the wheels
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

security='access or auth or token or session or login or password or pepper or vault or key or audit or ledger or limit
or revocation or permission or policy or problem or strict or hostile or forged or tamper or chain or erasure or secret'

security_tests() { ./cnop test unit -k "${security//$'\n'/ }" -- services; }

wheels() {
  local package
  rm -rf services/dist
  for package in core platform ledger user_service inventory_service order_service; do
    .venv/bin/uv build --quiet --wheel --no-build-isolation --offline --python .venv/bin/python \
      --out-dir services/dist "services/$package" || die "services/$package could not be built"
  done
  say "wheels are in services/dist"
}

cd "$root"
case ${1:-} in
  '')
    ./cnop check format lint types imports
    ./cnop test unit -- services
    wheels
    ;;
  --test-only) security_tests ;;
  --build-only)
    ./cnop lock --check
    wheels
    ;;
  -h | --help) usage ;;
  *) die "does not know '$1'; --help tells what there is" ;;
esac
