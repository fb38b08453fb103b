#!/bin/sh
# In certbot's container, called every few seconds: renews due certificates twice a day, and copies lost ones to nginx
# again. nginx reloads both by itself.
#   renew VOLUME
set -u
domains() { sort -u "$1"/domains/* 2>/dev/null; }
now=$(date +%s)
last=$(cat /tmp/last 2>/dev/null || echo 0)
# Do not wait after the clock was set back.
if [ "$now" -lt "$last" ] || [ $((now - last)) -ge 43200 ]; then
  failed=
  # A certificate whose domain no longer has a site expires.
  for domain in $(domains "$1"); do
    if ! words=$(sh "$1/scripts/ask.sh" "$1" "$domain" 2>&1); then
      failed=1
      printf '%s: was not renewed\n%s\n' "$domain" "$words" >&2
    fi
  done
  # The health check reads its time.
  [ -n "$failed" ] || touch /tmp/renewed
  date +%s > /tmp/last
fi
for domain in $(domains "$1"); do
  [ ! -e "/etc/letsencrypt/live/$domain/fullchain.pem" ] || sh "$1/scripts/install.sh" "$1" "$domain"
done
