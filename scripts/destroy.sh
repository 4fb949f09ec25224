#!/usr/bin/env bash
# Takes down what deploy.sh or deploy-docker.sh made.
#
#   destroy.sh --type docker                        containers, their data, secrets and images on this machine
#   destroy.sh --type k8s   --environment dev       the kind cluster order-processor, or CNOP_CLUSTER, with all that is in it;
#                                                   in another cluster only the namespace; and the secrets
#   destroy.sh --type k8s   --environment prod      the platform's namespace in the cluster of the current context
#   destroy.sh --type infra --environment dev|prod  what terraform/ made; a table with deletion protection stays
#
#   --dry-run    only show what would be done
#   --yes        do not ask
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

act() {
  if [ "$dry_run" = 1 ]; then echo "would run: $*"; else "$@"; fi
}

confirm() {
  [ "$dry_run" = 0 ] && [ "$yes" = 0 ] || return 0
  [ -t 0 ] || die "would delete data; say --yes when nobody can be asked"
  local answer
  read -r -p "$1 Type the word delete to go on: " answer
  [ "$answer" = delete ] || die "nothing was deleted"
}

destroy_docker() {
  confirm "This deletes the containers, their data and their secrets."
  act "$root/scripts/deploy-docker.sh" --dev --monitoring --clean
}

destroy_k8s() {
  if [ "$environment" = dev ]; then
    local cluster
    cluster=$(kind_cluster)
    if [ "$cluster" = "${CNOP_CLUSTER:-order-processor}" ]; then
      confirm "This deletes the kind cluster $cluster and its data."
      act kind delete cluster --name "$cluster"
    else
      need kubectl "see https://kubernetes.io/docs/tasks/tools/"
      confirm "This deletes the platform and its data in the kind cluster $cluster."
      act kubectl --context "kind-$cluster" delete namespace order-processor --wait
    fi
    act rm -rf -- "$root/kubernetes/overlays/dev/secrets"
  else
    need kubectl "see https://kubernetes.io/docs/tasks/tools/"
    confirm "This takes the platform out of $(kubectl config current-context); the table of the store stays."
    act kubectl delete namespace order-processor --wait
  fi
}

destroy_infra() {
  need terraform "see https://developer.hashicorp.com/terraform/install"
  confirm "This deletes the infrastructure of $environment."
  act terraform "-chdir=$root/terraform" init -input=false
  act terraform "-chdir=$root/terraform" workspace select "$environment"
  act terraform "-chdir=$root/terraform" destroy -input=false -auto-approve -var "environment=$environment"
}

type='' environment='' dry_run=0 yes=0
while [ $# -gt 0 ]; do
  case $1 in
    --type | --environment)
      [ $# -gt 1 ] || die "$1 takes a value; --help tells which"
      if [ "$1" = --type ]; then type=$2; else environment=$2; fi
      shift
      ;;
    --dry-run) dry_run=1 ;;
    --yes) yes=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) die "does not know '$1'; --help tells what there is" ;;
  esac
  shift
done
case $type in
  docker) environment=dev ;;
  k8s | infra) ;;
  *) die "needs --type docker, --type k8s or --type infra" ;;
esac
case $environment in dev | prod) ;; *) die "needs --environment dev or --environment prod" ;; esac
"destroy_$type"
