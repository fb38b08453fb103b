#!/bin/bash
# In nginx's container: reloads nginx if the certificates have changed since the last call.
#   watch VOLUME [SERVED]   prints the hash of the certificates that nginx serves: SERVED of the next call
now=$(cat "$1"/certs/*/fullchain.pem 2>/dev/null | sha256sum)
served=${2:-$now}

# The workers of an nginx that accept requests.
workers() {
  for child in $(cat "/proc/$1/task/$1/children"); do
    if grep -aqs '^nginx: worker' "/proc/$child/cmdline" && ! grep -aqs 'shutting down' "/proc/$child/cmdline"; then
      echo "$child"
    fi
  done | sort
}

# Fails if an old worker accepts requests for 5 s more.
reload() {
  local master before
  nginx -t -q -c "$1/nginx.conf" && master=$(cat /run/nginx.pid) || return
  before=$(workers "$master")
  kill -HUP "$master" || return
  # A switch that begins before their end would take the new workers for its own.
  for _ in $(seq 100); do
    [ -n "$(comm -12 <(echo "$before") <(workers "$master"))" ] || return 0
    sleep 0.05
  done
  return 1
}

if [ "$now" != "$served" ]; then
  { flock 9 && reload "$1" && served=$now; } 9> "$1/lock" >&2
fi
echo "$served"
