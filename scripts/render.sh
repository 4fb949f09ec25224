#!/usr/bin/env bash
# Writes what is derived and kept in the repository: the gateway's configuration for containers and clusters, and
# kubernetes/deployment.yaml. Run it after a change to a service's endpoints, to a settings.yaml or to kubernetes/.
#
#   render.sh            needs Python 3.11 and kubectl ($KUBECTL names another one)
#
# `./cnop test deploy` fails while something is not current.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
  '') ;;
  -h | --help)
    usage
    exit 0
    ;;
  *) die "takes no '$1'; --help tells what it does" ;;
esac

# Writes a file only when the command that makes it succeeds.
write() {
  local target=$1 draft
  shift
  draft=$(mktemp)
  "$@" >"$draft" || {
    rm -f "$draft"
    die "$target could not be rendered; the lines above say why"
  }
  chmod 644 "$draft"
  mv "$draft" "$root/$target"
  say "wrote $target"
}

rendered_note() {
  echo "# The production overlay, rendered by scripts/render.sh; change kubernetes/base or kubernetes/overlays/prod instead."
  "${KUBECTL:-kubectl}" kustomize "$root/kubernetes/overlays/prod"
}

need "${KUBECTL:-kubectl}" "see https://kubernetes.io/docs/tasks/tools/"
for folder in docker kubernetes/overlays/dev kubernetes/overlays/prod; do
  "$root/cnop" gateway render --settings "$root/$folder/gateway/settings.yaml" --into "$root/$folder/gateway" ||
    die "$folder/gateway could not be rendered; the lines above say why"
  say "wrote $folder/gateway"
done
write kubernetes/deployment.yaml rendered_note
