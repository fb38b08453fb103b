# On the operator's machine: the keys on stdin, and no others, open the host. Where they would lock out the operator, the
# previous ones come back. Safe to run again: keys that are there already change nothing.
# Usage: bash authorized_keys.sh CONFIG ALIAS < KEYS
config=$1 alias=$2
keys=$(cat)
there() { ssh -F "$config" "$alias" "$@"; }
# shellcheck disable=SC2016 # these are the host's variables
put='
set -e
umask 077
mkdir -p ~/.ssh
cd ~/.ssh
cat > authorized_keys.new
# A connection that breaks off ends the list early.
if [ "$(cksum < authorized_keys.new)" != "$sum" ]; then
  echo "host/authorized_keys: the keys did not arrive whole, and nothing was changed; run up again" >&2
  exit 1
fi
if cmp -s authorized_keys.new authorized_keys; then rm authorized_keys.new; exit 0; fi
[ ! -e authorized_keys ] || cp -p authorized_keys authorized_keys.before
# In one move: a file that is half written would lock everybody out.
mv authorized_keys.new authorized_keys
echo changed'
said=$(there "sum='$(cksum <<< "$keys")'$put" <<< "$keys") || exit
[ -n "$said" ] || exit 0
# A connection of its own: the open one would go on without any key.
if ! ssh -F "$config" -o ControlPath=none "$alias" true 2>/dev/null < /dev/null; then
  there 'cd ~/.ssh && [ ! -e authorized_keys.before ] || mv authorized_keys.before authorized_keys' < /dev/null
  echo "host/authorized_keys: the key that you use is not among them, and would have been shut out: add it; nothing was changed" >&2
  exit 1
fi
echo "host/authorized_keys: $(wc -l <<< "$keys" | tr -d ' ') open this server"
