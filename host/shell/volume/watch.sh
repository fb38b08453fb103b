#!/bin/bash
# In nginx's container: one look at the certificates. Where they are not those of the last look, nginx reloads.
#   watch VOLUME [SERVED]   prints what nginx serves now: SERVED of the next look
now=$(cat "$1"/certs/*/fullchain.pem 2>/dev/null | sha256sum)
served=${2:-$now}
if [ "$now" != "$served" ]; then
  # shellcheck disable=SC2016  # the inner shell expands it
  flock "$1/lock" sh -c 'nginx -t -q -c "$0/nginx.conf" && kill -HUP "$(cat /run/nginx.pid)"' "$1" >&2 && served=$now
fi
echo "$served"
