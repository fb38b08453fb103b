#!/bin/sh
# In certbot's container, called every few seconds: renews what is due twice a day, with nobody's help, and puts back
# what the gateway has lost. nginx takes both over by itself.
#   renew VOLUME
set -u
domains() { sort -u "$1"/domains/* 2>/dev/null; }
now=$(date +%s)
last=$(cat /tmp/last 2>/dev/null || echo 0)
# A clock that was set back is no reason to wait.
if [ "$now" -lt "$last" ] || [ $((now - last)) -ge 43200 ]; then
  failed=
  # A certificate whose domain has no site any more is left to expire.
  for domain in $(domains "$1"); do
    if ! words=$(sh "$1/scripts/ask.sh" "$1" "$domain" 2>&1); then
      failed=1
      printf '%s: was not renewed\n%s\n' "$domain" "$words" >&2
    fi
  done
  # The health check looks at it.
  [ -n "$failed" ] || touch /tmp/renewed
  date +%s > /tmp/last
fi
for domain in $(domains "$1"); do
  [ ! -e "/etc/letsencrypt/live/$domain/fullchain.pem" ] || sh "$1/scripts/install.sh" "$1" "$domain"
done
