# On the operator's machine: copy this version of the program to the host and make it the current one.
# Older versions stay: a step may be running one of them. Safe to run again.
# Usage: bash install.sh CONFIG ALIAS FILE. FILE is the program's path on the host.
config=$1 alias=$2 file=$3
bash "${0%/*}/copy.sh" "$config" "$alias" "$file" || exit
ssh -F "$config" "$alias" "ln -sfn ${file##*/} ${file%/*}/current"
