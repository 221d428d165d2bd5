#!/bin/sh
# Rolls an app out to a version, as rollout.yaml does, by the single commands: sh rollout.sh echo v2
# Run again after a failure or a kill it goes on where the app is. Exits 8 until APPROVED=yes; else as canary does.
set -eu
app=$1
to=$2
pause=${PAUSE:-600} # seconds
safely="--on-failure abort --wait-for-lock 2m --yes"

canary() { command ${CANARY:-canary} "$@"; }
case $(canary --version 2>&1) in
canary-rollout/*) ;;
*)
  echo "${CANARY:-canary} is not canary-rollout: install it as its README says, or set CANARY to its path" >&2
  exit 2
  ;;
esac

command -v jq >/dev/null || {
  echo "jq is not installed: this script reads canary's JSON with it" >&2
  exit 2
}

# Where the app is: name of the stage, its versions, percent of the requests that the canary gets.
look() {
  status=$(canary status "$app" --json)
  name=$(field .name)
  primary=$(field .primary)
  canary=$(field .canary)
  weight=$(field 'if .name == "shifted" then 100 else .weight // 0 end')
}
field() {
  printf '%s\n' "$status" | jq -r ".stage | $1"
}

look
if [ "$name" = stable ] && [ "$primary" = "$to" ]; then
  exec ${CANARY:-canary} verify "$app"
fi
case $name in
stable | deployed)
  # shellcheck disable=SC2086 # these are several words
  canary start "$app" "$to" $safely
  look
  ;;
esac
if [ "$canary" != "$to" ]; then
  echo "$app: a rollout of $canary is under way, not of $to" >&2
  exit 6
fi

if [ "$name" = header ] && [ "${APPROVED:-no}" != yes ]; then
  echo "$app: try $to with the header, then run this again with APPROVED=yes" >&2
  exit 8
fi
for share in 25 100; do
  look
  [ "$weight" -lt "$share" ] || continue # never lower
  # shellcheck disable=SC2086
  canary shift "$app" "$share" $safely
  sleep "$pause"
  canary verify "$app"
done
# shellcheck disable=SC2086
canary finish "$app" "$to" $safely
