#!/bin/bash
# In nginx's container: prints what its volume $1 has, one thing a line.
#   file PATH SUM          a file of nginx's configuration
#   mark PATH SUM MARK     what the step that wrote the file has recorded
#   server PATH LINE       a line of a site's upstreams
#   maintenance SITE       its site shows a notice
#   certificate HOST TEXT  the first certificate of its file, without line breaks
cd "$1" || exit 1
for file in nginx.conf sites/*.conf; do
  [ ! -e "$file" ] || { sum=$(sha256sum "$file") && echo "file $file ${sum%% *}"; }
done
for file in marks/nginx.conf marks/sites/*.conf; do
  [ ! -e "$file" ] || echo "mark ${file#*/} $(cat "$file")"
done
grep -HE '^upstream |^ *server [^ ]+ resolve;' sites/*.conf 2>/dev/null | sed 's/^\([^:]*\):/server \1 /'
# A restore writes a file here; an operator's notice is a line of the site: see render/templates/site.conf.j2.
for file in maintenance/*; do
  [ ! -e "$file" ] || echo "maintenance ${file#*/}"
done
grep -lE '^    return 503;$' sites/*.conf 2>/dev/null | sed 's/^sites\/\(.*\)\.conf$/maintenance \1/'
for folder in certs/*/; do
  text=$(sed -n '/BEGIN/,/END/{/-----/!p;/END/q}' "${folder}fullchain.pem" 2>/dev/null | tr -d '\n')
  [ -z "$text" ] || echo "certificate $(basename "$folder") $text"
done
exit 0
