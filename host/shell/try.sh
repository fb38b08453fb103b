#!/bin/bash
# In nginx's container: whether nginx accepts the text of a file together with all the others. Changes none of them.
#   try VOLUME TARGET   stdin: the text
# Exit code 12: it does not; stdout has nginx's words.
set -euo pipefail
try=$(mktemp -d)
trap 'rm -rf "$try"' EXIT
cd "$1"
mkdir -p sites
cp -rp sites "$try/sites"
cp -p nginx.conf "$try/nginx.conf"
(umask 077 && cat > "$try/$2")
nginx -t -q -c "$try/nginx.conf" 2> "$try/words" && exit
sed "s#$try/##g" "$try/words"
exit 12
