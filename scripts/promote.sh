#!/usr/bin/env bash
# Copies the images of a released version to the registry that production takes them from, once it is proven that the
# release workflow of the project's own repository built them.
#
#   promote.sh            the version that kubernetes/overlays/prod/installation.env names, from and to where it says
#
#   --dry-run    only check, and show what would be copied
#
# Needs gh (signed in), docker with buildx, and for a registry of AWS the command aws with rights to push.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

dry_run=0
case ${1:-} in
  '') ;;
  --dry-run) dry_run=1 ;;
  -h | --help)
    usage
    exit 0
    ;;
  *) die "does not know '$1'; --help tells what there is" ;;
esac

installation=${CNOP_INSTALLATION:-$root/kubernetes/overlays/prod/installation.env}
value_of() { sed -n "s/^$1=//p" "$installation"; }

! grep -q '^account=000000000000$' "$installation" || die "$installation still holds the example's values; write yours"
repository=$(value_of repository) registry=$(value_of registry) version=$(value_of version) region=$(value_of region)
[ -n "$repository" ] && [ -n "$registry" ] && [ -n "$version" ] || die "$installation names no repository, registry or version"
need gh "see https://cli.github.com"
need docker "install Docker Engine or Docker Desktop"
# What a registry calls an owner has no capitals.
source=ghcr.io/$(tr '[:upper:]' '[:lower:]' <<<"$repository")

if [ "$dry_run" = 0 ] && [[ $registry == *.dkr.ecr.*.amazonaws.com* ]]; then
  need aws "see https://docs.aws.amazon.com/cli/"
  aws ecr get-login-password --region "$region" |
    docker login --username AWS --password-stdin "$registry" >/dev/null || die "$registry does not let you in"
fi

checked=()
for name in "${components[@]}"; do
  digest=$(docker buildx imagetools inspect "$source/$name:$version" --format '{{.Manifest.Digest}}') ||
    die "there is no $source/$name:$version"
  # What was checked is what is copied: by its digest, which no tag can move.
  gh attestation verify "oci://$source/$name@$digest" --repo "$repository" \
    --signer-workflow "$repository/.github/workflows/release.yml" --source-ref "refs/tags/v$version" >/dev/null ||
    die "$source/$name@$digest was not built by the release of v$version; nothing was copied"
  checked+=("$name@$digest")
done
for image in "${checked[@]}"; do
  target=$registry/cnop-prod/${image%@*}:$version
  if [ "$dry_run" = 1 ]; then
    echo "would copy $source/$image to $target"
  else
    docker buildx imagetools create --tag "$target" "$source/$image" || die "$target could not be written"
    say "copied $target"
  fi
done
