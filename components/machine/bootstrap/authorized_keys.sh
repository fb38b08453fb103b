# On the operator's machine: make the keys on stdin the host's only authorized keys. Reverts if they would lock out the
# operator. Safe to run again: equal keys change nothing.
# Usage: bash authorized_keys.sh CONFIG ALIAS < KEYS
config=$1 alias=$2
keys=$(cat)
there() { ssh -F "$config" "$alias" "$@"; }
# shellcheck disable=SC2016 # these are the host's variables
write='
set -e
umask 077
mkdir -p ~/.ssh
cd ~/.ssh
cat > authorized_keys.new
# If the connection breaks, the list is incomplete.
if [ "$(cksum < authorized_keys.new)" != "$sum" ]; then
  echo "host/authorized_keys: the keys did not arrive whole, and nothing was changed; run up again" >&2
  exit 1
fi
if cmp -s authorized_keys.new authorized_keys; then rm authorized_keys.new; exit 0; fi
[ ! -e authorized_keys ] || cp -p authorized_keys authorized_keys.before
# Atomically: an incomplete file would lock out everybody.
mv authorized_keys.new authorized_keys
echo changed'
output=$(there "sum='$(cksum <<< "$keys")'$write" <<< "$keys") || exit
[ -n "$output" ] || exit 0
# A new connection: the open one works without any key.
if ! ssh -F "$config" -o ControlPath=none "$alias" true 2>/dev/null < /dev/null; then
  there 'cd ~/.ssh && [ ! -e authorized_keys.before ] || mv authorized_keys.before authorized_keys' < /dev/null
  echo "host/authorized_keys: does not contain the key that you use, so you would be locked out: add it; nothing was changed" >&2
  exit 1
fi
echo "host/authorized_keys: $(wc -l <<< "$keys" | tr -d ' ') open this server"
