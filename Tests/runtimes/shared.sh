# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by whoever sources it
#
# What the programs in this folder have in common. Each gives lxcfs to real runtimes and looks from inside the containers; a line for each thing that was
# looked at: `ok NAME`, `not ok NAME - why`, `skip NAME - why it cannot be tried here`. Everything lies below a temporary folder (images, a dockerd of
# its own, Podman's storage) and is removed at the end; nothing of the machine's own runtimes is touched.
#
# A program sources this, says `prepare NAME "$@"`, and then has
#   folder        for everything; removed at the end
#   group         the name of its cgroups
#   mnt           where lxcfs is mounted, unless it says otherwise before start_daemon
#   build         where the programs of this project lie: lxcfs, lxcfsctl, lxcfs_runtime are their paths
#   arguments     those of its own that are no option known here

prog=${0##*/}
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

# What every container is given.
readonly memory=268435456 cpu=0

ok() { echo "ok $1"; }
not_ok() {
    echo "not ok $1 - $(printf '%s' "$2" | tr '\n' ' ' | cut -c 1-900)"
    failed=1
}
skip() { echo "skip $1 - $2"; }

# needs NAME PROGRAM=PACKAGE...: whether the programs are here; says so if not.
needs() {
    local name=$1 pair
    shift
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null 2>&1 || { skip "$name" "not installed: apt-get install ${pair#*=}"; return 1; }
    done
}

# expect NAME OUTPUT LINE...: whether each of the lines is in the output.
expect() {
    local name=$1 output=${2//$'\r'/} line
    shift 2
    for line in "$@"; do
        grep -qxF -- "$line" <<<"$output" || { not_ok "$name" "expected '$line' in: $output"; return 1; }
    done
    ok "$name"
}

# within TENTHS COMMAND...: waits so long for it to succeed.
within() {
    local tenths=$1 try
    shift
    for ((try = 0; try < tenths; try++)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}

mounts() { "$lxcfsctl" mounts "$@"; }

# The number of mounts in the list for a runtime.
count() { mounts --json "$@" | grep -c '"source"'; }

# What /probe prints in a container with the usual limits, of all files that the runtime takes, one line each.
own_values() {
    printf '%s\n' "memory $((memory / 1024))" "cpus 1 1 1 $cpu" "lxcfs $(count --runtime "$1")"
    # These two lie below /proc, where runc lets nobody mount.
    [[ $1 == runc ]] || printf '%s\n' 'vmstat yes' 'pressure lxcfs'
}

# seen NAME OUTPUT RUNTIME: whether /probe saw what it should in a container that has just been started.
seen() {
    local lines
    mapfile -t lines < <(own_values "$3")
    expect "$1" "$2" "${lines[@]}" 'young yes'
}

# --- What is inside the containers -------------------------------------------

make_probe() {
    cat >"$1/probe" <<'END'
#!/bin/sh
cat /proc/meminfo >/dev/null || exit 1
echo "memory $(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)"
echo "cpus $(grep -c '^processor' /proc/cpuinfo) $(grep -c '^cpu[0-9]' /proc/stat) $(ls -d /sys/devices/system/cpu/cpu[0-9]* | wc -l) $(cat /sys/devices/system/cpu/online)"
seconds=$(sed 's/\..*//' /proc/uptime)
[ "$seconds" -lt 60 ] && echo "young yes" || echo "young $seconds"
# Files and folders of it, not the whole (systemd-nspawn and LXC may have that too).
echo "lxcfs $(grep -c ' /[ps][^ ]* .* - fuse.lxcfs ' /proc/self/mountinfo)"
# 65536 pages are all that the limit allows; the host has more of them free.
[ "$(sed -n 's/^nr_free_pages //p' /proc/vmstat)" -le 65536 ] && echo "vmstat yes"
if [ -e /proc/pressure/memory ]; then
    grep -q ' /proc/pressure/memory .* - fuse.lxcfs ' /proc/self/mountinfo && grep -q '^some avg10=' /proc/pressure/memory && echo "pressure lxcfs"
else
    echo "pressure lxcfs"
fi
# What people type; the second image has them of Debian.
if [ -x /usr/bin/free ] && [ ! -L /usr/bin/free ]; then
    echo "free $(free -k | sed -n 's/^Mem: *\([0-9]*\) .*/\1/p')"
    echo "nproc $(nproc)"
fi
exit 0
END
    chmod 755 "$1/probe"
}

make_busybox() {
    local root=$1 applet
    mkdir -p "$root"/{bin,sbin,usr/bin,proc,sys,dev,tmp,etc,run,var,root}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for applet in sh cat grep sed wc ls head sleep env tr id mkdir rmdir; do ln -s busybox "$root/bin/$applet"; done
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    touch "$root/etc/os-release"
    make_probe "$root"
}

# Of this machine's own programs, with the libraries that they are linked to.
make_debian() {
    local root=$1 program file
    mkdir -p "$root"/{usr/bin,usr/lib,usr/lib64,proc,sys,dev,tmp,etc,run,var,root}
    for file in bin lib lib64; do ln -s "usr/$file" "$root/$file"; done
    for program in sh cat grep sed wc ls head sleep env free uptime nproc; do
        file=$(command -v "$program") || continue
        cp -L "$file" "$root/usr/bin/$program"
        ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r file; do
            mkdir -p "$root${file%/*}" && cp -L "$file" "$root$file"
        done
    done
    cp /etc/passwd /etc/os-release "$root/etc/"
    make_probe "$root"
}

# image NAME: the folder $folder/NAME and the archive $folder/NAME.tar, made by make_NAME when it is asked for.
image() {
    [[ -e $folder/$1.tar ]] || { "make_$1" "$folder/$1" && tar -C "$folder/$1" -cf "$folder/$1.tar" .; }
}

# --- Cgroups -----------------------------------------------------------------

cgroup_mounts() { sed -n 's/^[^ ]* [^ ]* [^ ]* \/ \([^ ]*\) .* - cgroup2\{0,1\} .*/\1/p' /proc/self/mountinfo; }

# in_cgroup NAME COMMAND...: runs it with the limits.
in_cgroup() {
    local name=$1 hierarchy
    shift
    (
        while read -r hierarchy; do
            mkdir -p "$hierarchy/$group/$name"
            inherit_cpuset "$hierarchy/$group"
            inherit_cpuset "$hierarchy/$group/$name"
            for file in memory.limit_in_bytes memory.max; do
                [[ ! -e $hierarchy/$group/$name/$file ]] || echo "$memory" >"$hierarchy/$group/$name/$file"
            done
            [[ ! -e $hierarchy/$group/$name/cpuset.cpus ]] || echo "$cpu" >"$hierarchy/$group/$name/cpuset.cpus"
            echo "$BASHPID" >"$hierarchy/$group/$name/cgroup.procs"
        done < <(cgroup_mounts)
        exec "$@"
    )
}

# A cpuset of version 1 is born empty.
inherit_cpuset() {
    local file
    for file in cpuset.cpus cpuset.mems; do
        [[ -e $1/$file && ! -e $1/cgroup.controllers ]] || continue
        [[ -n $(<"$1/$file") ]] || cat "${1%/*}/$file" >"$1/$file"
    done
    if [[ -e ${1%/*}/cgroup.subtree_control ]]; then echo '+memory +cpuset' >"${1%/*}/cgroup.subtree_control" 2>/dev/null; fi
    return 0
}

# crun starts no container where version 2 of the cgroups has a controller beside version 1: for it, that one is not there.
without_hybrid() {
    if [[ -e /sys/fs/cgroup/unified/cgroup.controllers ]]; then
        unshare --mount --propagation slave sh -c 'umount /sys/fs/cgroup/unified && exec "$@"' sh "$@"
    else
        "$@"
    fi
}

# cgroups_of PID: the folders of its cgroups.
cgroups_of() {
    local hierarchy controllers path
    while read -r hierarchy; do
        while IFS=: read -r _ controllers path; do
            [[ $hierarchy == *,$controllers,* || ( -z $controllers && $hierarchy == cgroup2* ) ]] && echo "${hierarchy##* }$path"
        done <"/proc/$1/cgroup"
    done < <(sed -n 's/^[^ ]* [^ ]* [^ ]* \/ \([^ ]*\) .* - \(cgroup2\{0,1\}\) [^ ]* \(.*\)/\2 ,\3, \1/p' /proc/self/mountinfo)
}

# enter PID COMMAND...: runs it in all namespaces, the root and the cgroups of a process.
enter() {
    local pid=$1 path
    shift
    (
        while read -r path; do echo "$BASHPID" >"$path/cgroup.procs"; done < <(cgroups_of "$pid") 2>/dev/null
        exec nsenter --target "$pid" --all --root --wd "$@"
    )
}

# --- Docker ------------------------------------------------------------------

# docker_here NAME: an engine of its own, started by the first who asks: no network, no rules of a firewall, no part in the machine's own Docker. Its
# configuration is $folder/docker/daemon.json, $docker_options are more of its options, and $docker_parent is where its cgroups are.
docker_options=()
docker_here() {
    needs "$1" dockerd=docker.io docker=docker.io || return 1
    [[ ${dockerd:-} ]] && return 0
    export DOCKER_HOST=unix://$folder/docker.sock
    image busybox
    mkdir -p "$folder/docker" "$folder/cdi"
    [[ -e $folder/docker/daemon.json ]] || echo '{}' >"$folder/docker/daemon.json"
    if dockerd --help | grep -q cdi-spec-dir; then
        echo '{"features": {"cdi": true}}' >"$folder/docker/daemon.json"
        docker_options+=(--cdi-spec-dir "$folder/cdi")
    fi
    dockerd --config-file "$folder/docker/daemon.json" --data-root "$folder/docker/data" --exec-root "$folder/docker/exec" \
        --pidfile "$folder/docker/pid" --host "$DOCKER_HOST" --storage-driver vfs --bridge none --iptables=false --ip-forward=false \
        --cgroup-parent "${docker_parent:-/$group}" "${docker_options[@]}" >"$folder/docker/log" 2>&1 &
    dockerd=$!
    local try
    # It takes 10 seconds on an emulated machine.
    for ((try = 0; try < 600; try++)); do
        docker version >/dev/null 2>&1 && break
        kill -0 "$dockerd" 2>/dev/null || break
        sleep 0.1
    done
    if ! docker import "$folder/busybox.tar" lxcfs-busybox:1 >/dev/null 2>&1; then
        skip "$1" "dockerd does not run here: $(tail -n 1 "$folder/docker/log")"
        return 1
    fi
}

docker_limits=(--network none --memory "$memory" --cpuset-cpus "$cpu")

# --- Podman ------------------------------------------------------------------

# podman_here NAME RUNTIME: a Podman with storage of its own.
podman_here() {
    needs "$1" podman=podman "$2=$2" || return 1
    if [[ ! -e $folder/podman/containers.conf ]]; then
        image busybox
        mkdir -p "$folder/podman"
        # Limits that a machine without CAP_SYS_RESOURCE can set; locks that no other Podman has.
        cat >"$folder/podman/containers.conf" <<'END'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
END
        podman import -q "$folder/busybox.tar" lxcfs-busybox:1 >"$folder/podman/log" 2>&1 || podman_problem=$(tail -n 1 "$folder/podman/log")
    fi
    [[ -z ${podman_problem:-} ]] || { skip "$1" "podman does not run here: $podman_problem"; return 1; }
}

# Its mounts are in the namespace of its own that it was started in: a container that runs on is reached by its pid (`enter`).
podman() {
    CONTAINERS_CONF=${CONTAINERS_CONF:-$folder/podman/containers.conf} without_hybrid env podman --root "$folder/podman/root" \
        --runroot "$folder/podman/run" --tmpdir "$folder/podman/tmp" --storage-driver vfs "$@"
}

podman_limits=(--network none --memory "$memory" --cpuset-cpus "$cpu")

# --- LXC ---------------------------------------------------------------------

# lxc_config NAME ROOT: a configuration with the usual limits, without a network.
lxc_config() {
    cat <<END
lxc.uts.name = $1
lxc.net.0.type = empty
lxc.rootfs.path = dir:$2
lxc.tty.max = 1
lxc.pty.max = 1
lxc.mount.auto = cgroup:mixed proc:mixed sys:mixed
lxc.apparmor.profile = unconfined
lxc.init.cmd = /bin/sleep 600
lxc.cgroup.dir = $group/$1
END
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        printf 'lxc.cgroup2.memory.max = %s\nlxc.cgroup2.cpuset.cpus = %s\n' "$memory" "$cpu"
    else
        printf 'lxc.cgroup.memory.limit_in_bytes = %s\nlxc.cgroup.cpuset.cpus = %s\n' "$memory" "$cpu"
    fi
}

# --- lxcfs -------------------------------------------------------------------

# start_daemon: mounts $mnt, and sets `daemon`, the keeper's pid.
daemon_options=()
start_daemon() {
    # The folder of a mount that nobody serves cannot be made.
    mkdir "$mnt" 2>/dev/null
    "$lxcfs" --runtime-dir "$folder" "${daemon_options[@]}" "$mnt" 2>>"$folder/lxcfs.log" &
    daemon=$!
    export LXCFS_CONTROL_SOCKET=$folder/lxcfs/control.sock
    local try
    for ((try = 0; try < 300; try++)); do
        mounts >/dev/null 2>&1 && return 0
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    echo "$prog: no lxcfs to test with: $(mounts 2>&1 >/dev/null); $(tail -n 3 "$folder/lxcfs.log")" >&2
    return 1
}

# Keeper and worker at once, so that nobody takes over.
kill_daemon() {
    local children
    children=$(cat "/proc/$daemon/task/$daemon/children")
    # shellcheck disable=SC2086 # a list
    kill -KILL "$daemon" $children
    wait "$daemon" 2>/dev/null
    # The worker's threads end one by one; a read that is under way when the last does gets ECONNABORTED.
    local try
    for ((try = 0; try < 100; try++)); do
        [[ $(timeout 5 cat "$mnt/proc/uptime" 2>&1) != *'not connected'* ]] || return 0
        sleep 0.05
    done
}

# --- The run -----------------------------------------------------------------

# prepare NAME [ARGUMENT...]: the programs, the folder, and that all is cleaned up at the end.
prepare() {
    local name=$1
    shift
    build=$here/../../.build/debug failed=0 arguments=()
    while (($#)); do
        case $1 in
            --build) build=$2; shift ;;
            --keep) keep=1 ;;
            -h | --help) usage; exit 0 ;;
            *) arguments+=("$1") ;;
        esac
        shift
    done
    build=$(realpath "$build")
    lxcfs=$build/lxcfs lxcfsctl=$build/lxcfsctl lxcfs_runtime=$build/lxcfs-runtime
    [[ $(id -u) == 0 ]] || { echo "$prog: not root" >&2; exit 2; }
    needs "$prog" busybox=busybox-static python3=python3 || exit 2
    folder=$(mktemp -d "${TMPDIR:-/tmp}/lxcfs-$name-XXXXXX") group=lxcfs-$name-$$
    mnt=$folder/mnt
    chmod 755 "$folder"
    trap 'cleanup; exit "$failed"' EXIT
    trap 'failed=1; exit' INT TERM
}

# Whoever is left in them, an engine's watcher on its way out for instance, is ended.
remove_cgroups() {
    local folders pids try
    for ((try = 0; try < 50; try++)); do
        mapfile -t folders < <(cgroup_mounts | while read -r point; do find "$point/$group" -depth -type d 2>/dev/null; done)
        ((${#folders[@]})) || return 0
        mapfile -t pids < <(cat "${folders[@]/%//cgroup.procs}" 2>/dev/null)
        ((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2>/dev/null
        rmdir "${folders[@]}" 2>/dev/null || sleep 0.1
    done
    echo "# left: cgroups $group" >&2
}

# A program that has more to clean up defines cleanup_more.
cleanup() {
    trap - EXIT INT TERM
    cd /
    local point
    if declare -F cleanup_more >/dev/null; then cleanup_more; fi
    if [[ ${dockerd:-} ]]; then
        # shellcheck disable=SC2046 # a list
        docker rm --force $(docker ps --quiet --all) >/dev/null 2>&1
        kill "$dockerd" 2>/dev/null && wait "$dockerd" 2>/dev/null
    fi
    if [[ -e $folder/podman/containers.conf ]]; then podman rm --force --all --time 0 >/dev/null 2>&1; fi
    for point in "$folder"/lxc/*/config; do
        [[ ! -e $point ]] || lxc-stop -P "$folder/lxc" -n "$(basename "${point%/config}")" -k >/dev/null 2>&1
    done
    if [[ ${daemon:-} ]] && kill "$daemon" 2>/dev/null; then wait "$daemon" 2>/dev/null; fi
    # What a runtime left, the deepest first.
    sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .*/\1/p' /proc/self/mountinfo | grep -F "$folder/" | sort -r | while read -r point; do
        umount -l "$point" 2>/dev/null
    done
    remove_cgroups
    if [[ ${keep:-} ]]; then echo "# left: $folder" >&2; else rm -rf --one-file-system "$folder"; fi
}

# tests_named [NAME...]: runs the functions test_NAME, all if none is named.
tests_named() {
    local name names=("$@")
    ((${#names[@]})) || mapfile -t names < <(declare -F | sed -n 's/^declare -f test_//p')
    for name in "${names[@]}"; do
        declare -F "test_${name//-/_}" >/dev/null || { echo "$prog: no test $name" >&2; failed=2; continue; }
        "test_${name//-/_}"
    done
}

known_tests() { declare -F | sed -n 's/^declare -f test_//p' | tr '_\n' '- '; }
