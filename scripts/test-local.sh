#!/usr/bin/env bash
# The development cycle on this machine: check, test, start, try, stop.
#
#   test-local.sh --environment dev               check and unit tests
#   test-local.sh --environment dev --dev-cycle   and then the whole platform: start it, test it from outside, stop it
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

environment='' cycle=0
while [ $# -gt 0 ]; do
  case $1 in
    --environment)
      [ $# -gt 1 ] || die "--environment takes a value: dev"
      environment=$2
      shift
      ;;
    --dev-cycle) cycle=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) die "does not know '$1'; --help tells what there is" ;;
  esac
  shift
done
[ "$environment" = dev ] || die "needs --environment dev: tests make accounts and orders, which belong into no other"

cd "$root"
./cnop check
./cnop test unit frontend
if [ "$cycle" = 1 ]; then ./cnop test integration; fi
