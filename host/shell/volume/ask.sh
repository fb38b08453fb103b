#!/bin/sh
# In certbot's container: requests a certificate for DOMAIN, unless there is one that is not due.
#   ask VOLUME DOMAIN
# Environment: ACME_EMAIL, ACME_DIRECTORY, WEBROOT; CA_BUNDLE for an authority that public CA bundles do not contain.
# Exit code 10: there is none; stdout has certbot's output.
set -eu
if [ -n "${CA_BUNDLE:-}" ]; then
  printf '%s' "$CA_BUNDLE" > "$REQUESTS_CA_BUNDLE.$$"
  mv "$REQUESTS_CA_BUNDLE.$$" "$REQUESTS_CA_BUNDLE"
fi
# One certbot at a time: it refuses to run concurrently.
request() {
  flock "$WEBROOT" certbot certonly --non-interactive --agree-tos --email "$ACME_EMAIL" --webroot -w "$WEBROOT" \
    -d "$1" --cert-name "$1" --keep-until-expiring --server "$ACME_DIRECTORY" 2>&1
}
words=$(request "$2") && exit
# If the authority no longer knows our account, as a test authority after a restart, register a new one.
if printf '%s' "$words" | grep -Eqi 'account.*(does not exist|not found)|accountDoesNotExist|unable to find account'
then
  folder=${ACME_DIRECTORY#*://}
  folder=${folder%%\?*}
  rm -rf "/etc/letsencrypt/accounts/${folder:?}"
  words=$(request "$2") && exit
fi
printf '%s\n' "$words"
exit 10
