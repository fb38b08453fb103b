#!/bin/bash
# In nginx's container: prints name and fingerprint of each of the platform's files in $1; a new fingerprint after drift.
cd "$1/marks" 2>/dev/null || exit 0
find . -type f | sort | while read -r file; do
  read -r sum mark < "$file" || continue
  now=$(sha256sum "../$file" 2>/dev/null)
  # A killed restore may have left its notice on the site.
  flag=../maintenance/$(basename "$file" .conf)
  [ "${now%% *}" = "$sum" ] && [ ! -e "$flag" ] || mark=drift-$(echo "$mark $now" | sha256sum | cut -c 1-12)
  echo "${file#./} $mark"
done
