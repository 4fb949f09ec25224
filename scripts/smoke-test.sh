#!/usr/bin/env bash
# Asks a running platform whether it works: health, the page, a documented refusal, a registration and a sign-in.
#
#   smoke-test.sh [GATEWAY_URL [PAGE_URL]]     default: http://localhost:8080 http://localhost:3000
#
# Needs curl and nothing else. It leaves one account behind.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
  -h | --help)
    usage
    exit 0
    ;;
esac
gateway=${1:-http://localhost:8080}
page=${2:-http://localhost:3000}
failures=0
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
need curl "install it with your package manager"

# expect STATUS TEXT WHAT CURL-ARGUMENT...: the status, and a text that the answer holds.
expect() {
  local status=$1 text=$2 what=$3 got
  shift 3
  got=$(curl --silent --show-error --max-time 15 --output "$answer" --write-out '%{http_code}' "$@" 2>&1) || got=$(printf %s "$got" | tr '\n' ' ')
  if [ "$got" = "$status" ] && grep -qF -- "$text" "$answer"; then
    echo "ok      $what"
  else
    echo "FAILED  $what: wanted $status with $text, got $got: $(head -c 300 "$answer")"
    failures=$((failures + 1))
  fi
}

name=smoke_$(date +%s)_$$
password=$(head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n')
json=(-H 'Content-Type: application/json')
expect 200 '"healthy"' 'the gateway is healthy' "$gateway/health"
expect 200 '"healthy"' 'all services are healthy' "$gateway/api/v1/health"
expect 200 '<div id="root">' 'the page is served' "$page/"
expect 200 '"BTC"' 'assets are listed' "$gateway/api/v1/inventory/assets"
expect 401 'AUTH_003' 'an invalid token is refused' -H 'Authorization: Bearer invalid_token' "$gateway/api/v1/orders"
expect 422 'VALIDATION_ERROR' 'a weak registration is refused' "${json[@]}" \
  -d '{"username": "x", "password": "weak"}' "$gateway/api/v1/auth/register"
expect 201 "$name" 'a person can register' "${json[@]}" \
  -d "{\"username\": \"$name\", \"email\": \"$name@example.com\", \"password\": \"$password\"}" "$gateway/api/v1/auth/register"
expect 200 'access_token' 'and sign in' "${json[@]}" \
  -d "{\"username\": \"$name\", \"password\": \"$password\"}" "$gateway/api/v1/auth/login"
token=$(sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p' "$answer")
expect 200 "$name" 'and see their profile' -H "Authorization: Bearer $token" "$gateway/api/v1/auth/profile"
expect 403 'PERM_001' 'and see nothing of the administration' -H "Authorization: Bearer $token" "$gateway/api/v1/admin/users"

if [ "$failures" -gt 0 ]; then die "$failures of the checks failed"; fi
say "the platform at $gateway works"
