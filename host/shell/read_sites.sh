#!/bin/bash
# In nginx's container: prints the files of all sites. No file is fine, and so is one that another step removes meanwhile.
#   read_sites VOLUME
set -euo pipefail
for file in "$1"/sites/*.conf; do
    cat "$file" || [ ! -e "$file" ]
done
