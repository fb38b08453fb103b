#!/bin/bash
# In nginx's container: tests the candidate configuration with a new text of one file. Changes no file.
#   test VOLUME LOCK_WAIT_S TARGET   stdin: the text
# Exit codes: host/gateway.py. With 12, stdout has nginx's errors.
set -euo pipefail
candidate=$(mktemp -d)
trap 'rm -rf "$candidate"' EXIT
cd "$1"
mkdir -p sites
# While certbot installs a certificate, a key may be newer than its chain.
exec 9>> lock
flock -s -w "$2" 9 || exit 10
cp -rp sites "$candidate/sites"
cp -p nginx.conf "$candidate/nginx.conf"
(umask 077 && cat > "$candidate/$3")
nginx -t -q -c "$candidate/nginx.conf" 2> "$candidate/errors" && exit
sed "s#$candidate/##g" "$candidate/errors"
exit 12
