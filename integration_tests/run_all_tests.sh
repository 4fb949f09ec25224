#!/bin/sh
# Runs the black-box tests against a running stack: ./run_all_tests.sh [all|smoke|user|inventory|order|gateway]
# Where it runs is told by CNOP_BASE_URL, CNOP_PAGE_URL, CNOP_USER_URL, CNOP_INVENTORY_URL and CNOP_ORDER_URL;
# the defaults are the addresses of `./cnop up`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
suite=${1:-all}
case "$suite" in
all) set -- ;;
smoke | user | inventory | order | gateway) set -- -m "$suite" ;;
-h | --help)
  sed -n '2,4s/^# //p' "$0"
  exit 0
  ;;
*)
  echo "run_all_tests.sh: unknown suite '$suite'; choose all, smoke, user, inventory, order or gateway" >&2
  exit 2
  ;;
esac
exec "$here/../cnop" test running -- "$@"
