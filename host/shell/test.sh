#!/bin/bash
# In nginx's container: tests the candidate configuration with a new text of one file. Changes no file.
#   test VOLUME TARGET   stdin: the text
# Exit code 12: nginx refuses it; stdout has nginx's errors.
set -euo pipefail
candidate=$(mktemp -d)
trap 'rm -rf "$candidate"' EXIT
cd "$1"
mkdir -p sites
cp -rp sites "$candidate/sites"
cp -p nginx.conf "$candidate/nginx.conf"
(umask 077 && cat > "$candidate/$2")
nginx -t -q -c "$candidate/nginx.conf" 2> "$candidate/errors" && exit
sed "s#$candidate/##g" "$candidate/errors"
exit 12
