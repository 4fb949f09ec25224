#!/usr/bin/env bash
# Builds and runs the platform in containers on this machine.
#
#   deploy-docker.sh -bd all          build all images and deploy them
#   deploy-docker.sh -bd COMPONENT    the same for one: user_service, inventory_service, order_service, gateway, frontend
#   deploy-docker.sh -b COMPONENT     only build
#   deploy-docker.sh -d COMPONENT     only deploy, with the images that are there
#   deploy-docker.sh --logs [SERVICE] follow the logs
#   deploy-docker.sh --status         show the containers and their health
#   deploy-docker.sh --stop           stop everything; data and secrets stay
#   deploy-docker.sh --clean          stop everything and delete data, secrets and images of the platform
#
#   --monitoring with Prometheus, Alertmanager and Grafana (9090, 9093, 3002); use it with every call
#   --dev        hot reload and debuggers (docker/docker-compose.dev.yml); use it with every call
#
# CNOP_TAG (latest) names the images. CNOP_GATEWAY_PORT (8080), CNOP_PAGE_PORT (3000), CNOP_USER_PORT, CNOP_INVENTORY_PORT
# and CNOP_ORDER_PORT (8000-8002) say where they answer on 127.0.0.1. CNOP_PROJECT (cnop) keeps several apart, and
# CNOP_SECRETS (var/docker/secrets) says where the secrets are, which are made once.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

HEALTHY_SECONDS=${CNOP_HEALTHY_SECONDS:-180}
export CNOP_SECRETS=${CNOP_SECRETS:-$root/var/docker/secrets}
export CNOP_UID=$container_uid CNOP_GID=$container_gid
files=(-f "$root/docker/docker-compose.yml")

compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose -p "${CNOP_PROJECT:-cnop}" "${files[@]}" "$@"
  elif command -v docker-compose >/dev/null; then
    docker-compose -p "${CNOP_PROJECT:-cnop}" "${files[@]}" "$@"
  else
    die "needs Docker Compose; install the docker-compose-plugin or docker-compose package"
  fi
}

# The services of the compose file that run a component's image.
services_of() {
  case $1 in
    all) ;;
    inventory_service) echo inventory_service price_feed ;;
    order_service) echo order_service order_engine ;;
    frontend) echo web ;;
    *) echo "$1" ;;
  esac
}

check_component() {
  case " all ${components[*]} " in
    *" $1 "*) ;;
    *) die "there is no component '$1'; there is: all ${components[*]}" ;;
  esac
}

build() {
  local name
  if [ "$1" = all ]; then
    for name in "${components[@]}"; do build_image "$name"; done
  else
    build_image "$1"
  fi
  if [ "$dev" = 1 ]; then build_image dev; fi
  local failed=0
  image_sizes || failed=$?
  [ $failed != 3 ] || die "an image is over its budget in docker/sizes"
  [ $failed = 0 ] || exit $failed
}

deploy() {
  local services
  [ "$1" != operations ] || die "operations is an image for jobs; there is nothing to deploy"
  make_secrets "$CNOP_SECRETS" valkey:6379
  read -r -a services <<<"$(services_of "$1")"
  compose up --detach --remove-orphans ${services[@]+"${services[@]}"} || give_up "could not be started"
  wait_until_healthy
  cat <<END
page       http://localhost:${CNOP_PAGE_PORT:-3000}
gateway    http://localhost:${CNOP_GATEWAY_PORT:-8080}/health
services   http://localhost:${CNOP_USER_PORT:-8000}/health  http://localhost:${CNOP_INVENTORY_PORT:-8001}/health  http://localhost:${CNOP_ORDER_PORT:-8002}/health
stop it with: $program --stop
END
}

# One line a container: name, state, health (or "-"), exit code.
states() {
  compose ps --all --quiet | xargs docker inspect --format \
    '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}} {{.State.ExitCode}}'
}

# Names of the containers that are not as they should be. What ran to its end with success is as good as what runs and
# is healthy, or has nobody to ask.
unwell() {
  states | awk '!($2 == "running" && ($3 == "healthy" || $3 == "-")) && !($2 == "exited" && $4 == 0) { print $1 }'
}

give_up() {
  local service
  say "the platform $1; the last words of what is not well:"
  for service in $(unwell); do compose logs --tail 10 "$service" >&2; done
  exit 1
}

wait_until_healthy() {
  local deadline=$((SECONDS + HEALTHY_SECONDS))
  while [ -n "$(unwell)" ]; do
    [ $SECONDS -lt $deadline ] || give_up "is not healthy after $HEALTHY_SECONDS s"
    sleep 1
  done
}

clean() {
  compose down --volumes --remove-orphans --timeout 20
  rm -rf -- "$CNOP_SECRETS"
  for name in "${components[@]}" dev; do
    docker image rm "cnop/$name:${CNOP_TAG:-latest}" >/dev/null 2>&1 || true
  done
  say "stopped; data, secrets and images are gone"
}

dev=0
action='' component=all
while [ $# -gt 0 ]; do
  case $1 in
    --dev)
      dev=1
      files+=(-f "$root/docker/docker-compose.dev.yml")
      export CNOP_FRONTEND_ORIGINS=${CNOP_FRONTEND_ORIGINS:-http://localhost:3000,http://127.0.0.1:3000,http://localhost:5173}
      ;;
    --monitoring) export COMPOSE_PROFILES=monitoring ;;
    -b | -d | -bd | --build | --deploy | --logs)
      action=$1
      if [ $# -gt 1 ] && [ "${2#-}" = "$2" ]; then
        component=$2
        shift
      fi
      ;;
    --stop | --status | --clean) action=$1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) die "does not know '$1'; --help tells what there is" ;;
  esac
  shift
done
[ -n "$action" ] || {
  usage >&2
  exit 2
}

need_engine
case $action in
  -b | -d | -bd | --build | --deploy) check_component "$component" ;;
esac
case $action in
  -b | --build) build "$component" ;;
  -d | --deploy) deploy "$component" ;;
  -bd)
    build "$component"
    deploy "$component"
    ;;
  --logs)
    read -r -a wanted <<<"$(services_of "$component")"
    compose logs --follow --tail 100 ${wanted[@]+"${wanted[@]}"}
    ;;
  --status) compose ps ;;
  --stop) compose stop --timeout 20 ;;
  --clean) clean ;;
esac
