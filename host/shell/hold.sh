#!/bin/bash
# In nginx's container: keeps the flag of a server until `release`, or for LIMIT_S seconds if `release` is never called.
# Requests for the server wait, or have its name resolved: host/gateway.py. The flag is not on the volume, so it does not
# outlive the container.
#   hold VOLUME hold FLAG LIMIT_S
#   hold VOLUME release FLAG
set -euo pipefail
how=$2 flag=$3
if [ "$how" = release ]; then
  rm -f "$flag"
  exit
fi
mkdir -p "$(dirname "$flag")"
echo $$ > "$flag"
( sleep "$4" && { [ "$(cat "$flag")" != $$ ] || rm -f "$flag"; } ) < /dev/null > /dev/null 2>&1 &
