#!/bin/bash
# In nginx's container: for some seconds, each request for a server has its name resolved. nginx itself asks again for
# the address of a server that it has not found only after its resolver_timeout, 30 s.
#   resolve VOLUME SERVER SECONDS
set -euo pipefail
flag=/run/unresolved/$2
mkdir -p /run/unresolved
echo $$ > "$flag"
( sleep "$3" && { [ "$(cat "$flag")" != $$ ] || rm -f "$flag"; } ) < /dev/null > /dev/null 2>&1 &
