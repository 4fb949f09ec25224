# shellcheck shell=bash
# What the scripts share. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034  # used by those that source this
components=(user_service inventory_service order_service gateway frontend operations)
program=${0##*/}

say() { echo "$program: $*" >&2; }
die() {
  say "$*"
  exit 1
}

# Prints the comment at the top of the script that asks.
usage() { sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p;}' "$0"; }

need() {
  command -v "$1" >/dev/null || die "needs $1, which is not on the PATH; $2"
}

need_engine() {
  need docker "install Docker Engine or Docker Desktop"
  docker info >/dev/null 2>&1 || die "no container engine answers; start Docker, or set DOCKER_HOST"
  # A client without buildx can still have the engine's own builder.
  docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0
}

# Builds the image of a component as $CNOP_REGISTRY/COMPONENT:$CNOP_TAG.
build_image() {
  local name=$1 image revision
  image=${CNOP_REGISTRY:-cnop}/$name:${CNOP_TAG:-latest}
  revision=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)
  say "building $image"
  docker build --quiet --file "$root/docker/$name/Dockerfile" --tag "$image" \
    --build-arg "REVISION=$revision" \
    --build-arg "PYTHON_DIGEST=${CNOP_PYTHON_DIGEST:-}" --build-arg "NODE_DIGEST=${CNOP_NODE_DIGEST:-}" \
    "$root" >/dev/null || die "$image could not be built; docker build -f docker/$name/Dockerfile . shows why"
}

# Prints the size in bytes of the image that all others begin with. A build does not leave it behind under its name.
base_size() {
  local base=python:3.12-slim-bookworm size
  size=$(docker image inspect --format '{{.Size}}' "$base" 2>/dev/null) || {
    docker pull --quiet "$base" >/dev/null || die "$base could not be pulled, so that sizes cannot be compared with it"
    size=$(docker image inspect --format '{{.Size}}' "$base" 2>/dev/null) || true
  }
  case $size in '' | *[!0-9]*) die "the engine does not tell the size of $base" ;; esac
  echo "$size"
}

# Prints what each image adds to its base beside its budget; fails when one is over (3) or nothing can be compared (1).
image_sizes() {
  local name budget size base over=0
  base=$(base_size) || return
  printf '%-18s %9s %9s %9s\n' image 'size MB' 'added MB' 'budget MB'
  while read -r name budget; do
    case $name in '#' | '') continue ;; esac
    size=$(docker image inspect --format '{{.Size}}' "${CNOP_REGISTRY:-cnop}/$name:${CNOP_TAG:-latest}" 2>/dev/null) || continue
    printf '%-18s %9d %9d %9d\n' "$name" $((size / 1000000)) $(((size - base) / 1000000)) "$budget"
    if [ $(((size - base) / 1000000)) -gt "$budget" ]; then over=1; fi
  done <"$root/docker/sizes"
  [ $over = 0 ] || return 3
}

# Prints which kind cluster is meant: CNOP_CLUSTER, else the one of kubernetes/kind-config.yaml, else the only one.
kind_cluster() {
  local there wanted=${CNOP_CLUSTER:-order-processor}
  need kind "see https://kind.sigs.k8s.io/docs/user/quick-start/#installation"
  there=$(kind get clusters 2>/dev/null) || there=''
  if grep -qx "$wanted" <<<"$there"; then
    echo "$wanted"
  elif [ -z "${CNOP_CLUSTER:-}" ] && [[ $there =~ ^[a-z0-9.-]+$ ]]; then
    say "there is no kind cluster '$wanted', so this uses the only one: '$there'"
    echo "$there"
  else
    die "there is no kind cluster '$wanted'; make it with: kind create cluster --config kubernetes/kind-config.yaml"
  fi
}

# Makes what is missing in a folder of secrets: in a container where the image is there, else with ./cnop.
make_secrets() {
  local folder=$1 valkey=$2 image=${CNOP_REGISTRY:-cnop}/operations:${CNOP_TAG:-latest}
  (umask 077 && mkdir -p "$folder")
  chmod 700 "$folder"
  if docker image inspect "$image" >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then chown -R "$container_uid:$container_gid" "$folder"; fi
    docker run --rm --user "$container_uid:$container_gid" --network none --read-only --cap-drop ALL \
      --security-opt no-new-privileges:true --volume "$folder:/secrets" "$image" \
      secrets make /secrets --valkey "$valkey" >/dev/null || die "the secrets could not be made"
  else
    "$root/cnop" secrets make "$folder" --valkey "$valkey" >/dev/null || die "the secrets could not be made"
  fi
}

# Containers run as whoever owns the secrets: the user who deploys, or for root a user without a name.
container_uid=$(id -u)
container_gid=$(id -g)
if [ "$container_uid" = 0 ]; then
  container_uid=10001
  container_gid=10001
fi
