# On the server: wait for the end of the first boot, and install python3 if it is missing.
# The next steps complete what a failed first boot did not do, or report it. Safe to run again.
# Usage: bash -s -- TIMEOUT_S
main() {
  local timeout_s=$1 output
  if command -v cloud-init >/dev/null; then
    timeout "$timeout_s" cloud-init status --wait >/dev/null
    case $? in
      # 2: cloud-init has warnings.
      0 | 2) ;;
      124)
        echo "host: the first boot is not over after $timeout_s s; its last lines:" >&2
        tail -n 15 /var/log/cloud-init-output.log >&2
        exit 1 ;;
      *)
        echo "host: the first boot failed:"
        cloud-init status --long
        tail -n 15 /var/log/cloud-init-output.log ;;
    esac
  fi
  command -v python3 >/dev/null && return
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update >/dev/null 2>&1
  if ! output=$(apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends python3 2>&1); then
    tail -n 5 <<< "$output" >&2
    echo "host: cannot install python3; run up again" >&2
    exit 1
  fi
  echo "host: installed python3"
}
# Commands must not read the rest of this script from stdin.
main "$@" < /dev/null
