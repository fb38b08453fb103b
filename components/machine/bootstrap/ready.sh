# On the host: wait until Docker answers. Safe to run again: it changes nothing.
# Usage: bash -s
main() {
  local answer
  [ "${SHELL##*/}" = bash ] || { echo "host/user: its login shell must be bash: chsh -s /bin/bash there" >&2; exit 1; }
  for _ in $(seq 30); do
    answer=$(docker version -f '{{.Server.Version}}' 2>&1) && return
    case "$answer" in *'permission denied'* | *'not found'*) break ;; esac
    sleep 1
  done
  echo "host: Docker does not answer there: $answer" >&2
  echo "host: install Docker, start it, add this user to the group docker, then run up again" >&2
  exit 1
}
# Commands must not read the rest of this script from stdin.
main "$@" < /dev/null
