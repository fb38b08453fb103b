#!/bin/bash
# In nginx's container: changes one file of the gateway. The candidate configuration in next/ is tested first; on an
# error the old files are back. Safe to run again: it ends with the same files.
#   switch VOLUME LOCK_WAIT_S RELOAD_WAIT_S write TARGET FINGERPRINT [DOMAIN]...   stdin: the new text
#   switch VOLUME LOCK_WAIT_S RELOAD_WAIT_S remove TARGET
#   switch VOLUME LOCK_WAIT_S RELOAD_WAIT_S upstream TARGET UPSTREAM SERVER
# `upstream` replaces the server of one upstream in the file, and in its flags.
# Exit codes: host/gateway.py.
set -euo pipefail
lock_wait_s=$2 reload_wait_s=$3 how=$4 target=$5
name=$(basename "$target" .conf)
cd "$1"
mkdir -p sites certs marks/sites domains

# certbot takes the same lock, on the same volume.
exec 9> lock
flock -w "$lock_wait_s" 9 || exit 10

rm -rf next previous
mkdir next previous
cp -rp sites next/sites
if [ -e nginx.conf ]; then cp -p nginx.conf next/; fi
rm -f "next/$target"
case $how in
  write)
    fingerprint=$6
    (umask 077 && cat > "next/$target")
    # A killed client may have sent nothing, and nginx would accept an empty text.
    [ -s "next/$target" ] || exit 11
    ;;
  upstream)
    # Before the first release there is no site.
    [ -e "$target" ] || exit 0
    (umask 077 && awk -v upstream="$6" -v server="$7" '
      $1 == "upstream" { here = $2 == upstream }
      here && $1 == "server" { split($2, old, ":"); sub(/server [^:]*:/, "server " server ":"); here = 0 }
      $3 == "/run/held/" old[1] ")" { sub(/held\/.*\)/, "held/" server ")") }
      $3 == "/run/unresolved/" old[1] ")" { sub(/unresolved\/.*\)/, "unresolved/" server ")"); chosen = 1 }
      chosen && $1 == "set" { sub(/ [^ ]*:/, " " server ":"); chosen = 0 }
      { print }' "$target" > "next/$target")
    ! cmp -s "$target" "next/$target" || exit 0
    read -r _ fingerprint < "marks/$target" || fingerprint=
    ;;
esac
if [ -e next/nginx.conf ] && ! nginx -t -q -c "$PWD/next/nginx.conf" 2> next/words; then
  sed "s#$PWD/next/##g" next/words
  exit 12
fi

servers() { awk '$1 == "server" && $3 ~ /^resolve/ { sub(/:.*/, "", $2); print $2 }' "$1" 2> /dev/null | sort -u; }
new=$(comm -13 <(servers "$target") <(servers "next/$target"))

files=("$target" "marks/$target" "domains/$name")
[ "$how" != remove ] || files+=("users/$name")
for file in "${files[@]}"; do
  if [ -e "$file" ]; then cp -p --parents "$file" previous/; fi
done
revert() {
  for file in "${files[@]}"; do
    if [ -e "previous/$file" ]; then mv "previous/$file" "$file"; else rm -f "$file"; fi
  done
}
if [ "$how" = remove ]; then
  rm -f "${files[@]}"
else
  mv "next/$target" "$target"
  sum=$(sha256sum "$target")
  # fingerprints.sh compares the file with it.
  echo "${sum%% *} $fingerprint" > "marks/$target"
fi
if [ "$how" = write ]; then
  # The domains that need a certificate: serve.sh and renew.sh read them.
  rm -f "domains/$name"
  if [ $# -gt 6 ]; then printf '%s\n' "${@:7}" > "domains/$name"; fi
fi
# A killed restore may have left its notice on the site.
if [ "$how" != upstream ]; then rm -f "maintenance/$name"; fi

master=$(cat /run/nginx.pid 2>/dev/null || true)
[ -n "$master" ] && [ -e "/proc/$master" ] || exit 0
workers() {
  for child in $(cat "/proc/$master/task/$master/children"); do
    if grep -qs '^nginx: worker' "/proc/$child/cmdline"; then echo "$child"; fi
  done
}
before=" $(workers | tr '\n' ' ') "
reloaded=
# The new workers have no address of a new server yet. While its flag is here, each request has its name resolved.
for server in $new; do
  flag=/run/unresolved/$server
  mkdir -p /run/unresolved
  echo $$ > "$flag"
  ( sleep 10 && { [ "$(cat "$flag")" != $$ ] || rm -f "$flag"; } ) < /dev/null > /dev/null 2>&1 9>&- &
done
kill -HUP "$master"
for _ in $(seq $((reload_wait_s * 20))); do
  for worker in $(workers); do
    case "$before" in *" $worker "*) ;; *) reloaded=1 ;; esac
  done
  [ -z "$reloaded" ] || break
  sleep 0.05
done
if [ -z "$reloaded" ]; then
  revert
  kill -HUP "$master"  # it may have read the new files by now
  exit 13
fi
# For a moment the old workers accept requests too. The switch is complete once each is gone or shutting down.
for worker in $before; do
  for _ in $(seq 100); do
    { [ -e "/proc/$worker" ] && ! grep -q 'shutting down' "/proc/$worker/cmdline" 2>/dev/null; } || break
    sleep 0.05
  done
done
