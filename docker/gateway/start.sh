#!/bin/sh
# Hands Envoy the secret by which services know the gateway, and becomes Envoy.
set -eu
secret=${CNOP_SECRETS_DIR:-/run/secrets/cnop}/cnop_gateway_secret
if [ ! -s "$secret" ]; then
    echo "gateway: there is no secret in $secret; mount the gateway's secrets there" >&2
    exit 1
fi
CNOP_GATEWAY_SECRET=$(cat "$secret")
export CNOP_GATEWAY_SECRET
exec envoy -c "$CNOP_CONFIGURATION" --concurrency "$CNOP_ENVOY_WORKERS" --disable-hot-restart --log-level warning \
    --drain-time-s 20 --drain-strategy immediate "$@"
