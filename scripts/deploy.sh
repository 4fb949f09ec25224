#!/usr/bin/env bash
# Deploys the platform to Kubernetes, or the infrastructure that it needs on AWS.
#
#   deploy.sh --type k8s   --environment dev     build images, load them into the local kind cluster, apply, wait
#   deploy.sh --type k8s   --environment prod    apply the production overlay to the cluster of the current context, wait
#   deploy.sh --type infra --environment dev|prod   plan and apply terraform/
#
#   --restart    of k8s: also start all pods anew, one after another, so that they read secrets that changed
#   --dry-run    only show what would be done
#   --yes        do not ask before changing anything in production
#
# Production takes its images from the registry that kubernetes/overlays/prod/installation.env names: promote.sh puts
# them there. CNOP_CLUSTER names the kind cluster: order-processor, or the only one that there is. Terraform keeps each
# environment's state in a workspace of its name; TF_VAR_... and TF_CLI_ARGS_... reach it.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

namespace=order-processor
cluster=''
external_images=(valkey/valkey:9 amazon/dynamodb-local:latest)

# Runs a command, or with --dry-run prints it.
act() {
  if [ "$dry_run" = 1 ]; then echo "would run: $*"; else "$@"; fi
}

confirm() {
  [ "$environment" = prod ] && [ "$dry_run" = 0 ] && [ "$yes" = 0 ] || return 0
  [ -t 0 ] || die "would change production; say --yes when nobody can be asked"
  local answer
  read -r -p "$1 Go on? [y/N] " answer
  [ "$answer" = y ] || die "nothing was changed"
}

load_images() {
  local name image images=()
  need_engine
  # As kubernetes/overlays/dev names them.
  export CNOP_REGISTRY=cnop CNOP_TAG=dev
  for name in "${components[@]}"; do
    build_image "$name"
    images+=("cnop/$name:dev")
  done
  kind load docker-image --name "$cluster" "${images[@]}"
  for image in "${external_images[@]}"; do
    { docker image inspect "$image" || docker pull --quiet "$image"; } >/dev/null 2>&1 || true
    kind load docker-image --name "$cluster" "$image" || say "$image was not loaded; the cluster pulls it by itself"
  done
}

prepare_dev() {
  local secrets=$root/kubernetes/overlays/dev/secrets
  if [ "$dry_run" = 1 ]; then
    echo "would build and load the images ${components[*]} into the kind cluster ${CNOP_CLUSTER:-order-processor}"
    [ -f "$secrets/kustomization.yaml" ] || echo "would make the secrets in ${secrets#"$root/"}"
  else
    cluster=$(kind_cluster)
    load_images
  fi
  # The secrets are needed to render, and making them changes nothing elsewhere.
  CNOP_TAG=dev make_secrets "$secrets" valkey:6379
}

prepare_prod() {
  if grep -q '^account=000000000000$' "$root/kubernetes/overlays/prod/installation.env"; then
    [ "$dry_run" = 1 ] || die "kubernetes/overlays/prod/installation.env still holds the example's values; write yours"
    say "kubernetes/overlays/prod/installation.env still holds the example's values"
  fi
  confirm "This deploys to $(kubectl config current-context)."
}

# Talks to the kind cluster in development, and to the current context's cluster in production.
in_cluster() { kubectl ${cluster:+--context "kind-$cluster"} "$@"; }

deploy_k8s() {
  local rendered
  need kubectl "see https://kubernetes.io/docs/tasks/tools/"
  "prepare_$environment"
  rendered=$(mktemp)
  # shellcheck disable=SC2064  # the name as it is now
  trap "rm -f '$rendered'" EXIT
  kubectl kustomize "$root/kubernetes/overlays/$environment" >"$rendered"
  if [ "$dry_run" = 1 ]; then
    echo "would apply:"
    awk '/^kind:/ { kind = $2 } /^[a-z]/ { top = $1 } top == "metadata:" && /^  name:/ { print "  " kind "/" $2 }' "$rendered"
    [ "$restart" = 0 ] || echo "would start all pods anew"
    return
  fi
  # A Job cannot be changed; the one of the last deployment has done its work.
  in_cluster delete job store-migrate --namespace "$namespace" --ignore-not-found --wait
  # The server keeps what was applied: the gateway's configuration is too large for the annotation of a client's apply.
  in_cluster apply --server-side --force-conflicts -f "$rendered"
  in_cluster wait --for=condition=complete job/store-migrate --namespace "$namespace" --timeout 300s
  # A pod reads its secrets when it starts, and a changed value changes no Deployment.
  [ "$restart" = 0 ] || in_cluster rollout restart deployment --namespace "$namespace"
  for deployment in $(in_cluster get deployments --namespace "$namespace" --output name); do
    in_cluster rollout status "$deployment" --namespace "$namespace" --timeout 300s
  done
  cat <<END
The platform runs. Reach it with:
  kubectl port-forward svc/frontend 3000:80 -n $namespace
  kubectl port-forward svc/gateway 8080:8080 -n $namespace
END
}

choose_state() {
  terraform "${where[@]}" init -input=false
  terraform "${where[@]}" workspace select -or-create "$environment"
}

deploy_infra() {
  need terraform "see https://developer.hashicorp.com/terraform/install"
  local where=("-chdir=$root/terraform") plan=$root/var/terraform-$environment.plan
  if [ "$dry_run" = 1 ]; then
    choose_state
    terraform "${where[@]}" plan -input=false -var "environment=$environment"
    return
  fi
  confirm "This changes the infrastructure of account $(aws sts get-caller-identity --query Account --output text)."
  (umask 077 && mkdir -p "$root/var")
  choose_state
  terraform "${where[@]}" plan -input=false -var "environment=$environment" -out "$plan"
  terraform "${where[@]}" apply -input=false "$plan"
  rm -f "$plan"
}

type='' environment='' dry_run=0 yes=0 restart=0
while [ $# -gt 0 ]; do
  case $1 in
    --type | --environment)
      [ $# -gt 1 ] || die "$1 takes a value; --help tells which"
      if [ "$1" = --type ]; then type=$2; else environment=$2; fi
      shift
      ;;
    --dry-run) dry_run=1 ;;
    --yes) yes=1 ;;
    --restart) restart=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) die "does not know '$1'; --help tells what there is" ;;
  esac
  shift
done
case $type in k8s | infra) ;; *) die "needs --type k8s or --type infra" ;; esac
case $environment in dev | prod) ;; *) die "needs --environment dev or --environment prod" ;; esac
"deploy_$type"
