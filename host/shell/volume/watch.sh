#!/bin/bash
# In nginx's container: reloads nginx if the certificates have changed since the last call.
#   watch VOLUME [SERVED]   prints the hash of the certificates that nginx serves: SERVED of the next call
now=$(cat "$1"/certs/*/fullchain.pem 2>/dev/null | sha256sum)
served=${2:-$now}
if [ "$now" != "$served" ]; then
  # shellcheck disable=SC2016  # the inner shell expands it
  flock "$1/lock" sh -c 'nginx -t -q -c "$0/nginx.conf" && kill -HUP "$(cat /run/nginx.pid)"' "$1" >&2 && served=$now
fi
echo "$served"
