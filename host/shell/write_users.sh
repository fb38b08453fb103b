#!/bin/bash
# In nginx's container: writes stdin to the file of a site's users. nginx's workers read it at each request.
#   write_users VOLUME SITE
set -euo pipefail
cd "$1"
mkdir -p users
worker=$(awk '$1 == "user" { sub(";", "", $2); print $2; exit }' nginx.conf)
umask 077
cat > "users/$2.new"
chgrp "$(id -gn "$worker")" "users/$2.new"
chmod 640 "users/$2.new"
mv "users/$2.new" "users/$2"
