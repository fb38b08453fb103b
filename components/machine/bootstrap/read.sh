# On the operator's machine: call a verb that only reads. Prints nothing if the host cannot be reached.
# It runs before the steps, so it copies this version of the program to the host first.
# Usage: bash read.sh CONFIG ALIAS FILE LINE. FILE is the program's path on the host, LINE calls the verb.
config=$1 alias=$2 file=$3 line=$4
bash "${0%/*}/copy.sh" "$config" "$alias" "$file" && ssh -F "$config" "$alias" "python3 $file $line"
code=$?
[ $code -eq 255 ] || exit $code
