#!/bin/bash
# In nginx's container: name and fingerprint of each of the platform's files in $1; another one where a file changed.
cd "$1/marks" 2>/dev/null || exit 0
find . -type f | sort | while read -r file; do
  read -r sum mark < "$file" || continue
  now=$(sha256sum "../$file" 2>/dev/null)
  # A restore that was killed may have left the site in maintenance.
  flag=../maintenance/$(basename "$file" .conf)
  [ "${now%% *}" = "$sum" ] && [ ! -e "$flag" ] || mark=drift-$(echo "$mark $now" | sha256sum | cut -c 1-12)
  echo "${file#./} $mark"
done
