# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by whoever sources it
#
# Engines by the same few functions, each by its own commands as people type them; more of what shared.sh has.
#
# An engine ENGINE has the functions
#   ENGINE_start NAME OPTION...         starts it with the usual limits
#   ENGINE_pid NAME                     prints the pid of its init
#   ENGINE_exec NAME COMMAND...         runs it inside
#   ENGINE_limit NAME MEMORY CPU        changes its limits
#   ENGINE_restart NAME
#   ENGINE_stop NAME, ENGINE_remove NAME
#
# Containers have /views, and /init, an init with children that ends when it is told to.

# A machine of their own for all processes, mounts and containers, as `lxcfsctl repair` looks at a whole machine. A virtual machine is one already. Nobody
# but us sees version 2 of a hybrid layout there: crun starts nothing where it has a controller.
if [[ ! ${RUN_IN_VM:-} && ! ${alone:-} ]]; then
    alone=1 exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
if [[ ! ${RUN_IN_VM:-} && -e /sys/fs/cgroup/unified/cgroup.controllers ]]; then umount /sys/fs/cgroup/unified; fi
# The disk of a virtual machine is too slow for images.
if [[ ${RUN_IN_VM:-} ]]; then export TMPDIR=/dev/shm; fi

# shellcheck source=Tests/runtimes/shared.sh
. "$(dirname "${BASH_SOURCE[0]}")/shared.sh"

# Whose list of mounts a container has: runc or crun.
declare -A runtimes=()

# `old` for an engine that starts a container again with the limits that it was made with, although it has been given others.
declare -A restarted_limits=()

# tell NAME COMMAND...: runs it; whether it succeeds is a result.
tell() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "status $?: $output"; return 1; fi
}

# limit_by_files PID MEMORY CPU: in the files of its cgroups, as engines without a command for it have it done.
limit_by_files() {
    local path file
    while read -r path; do
        for file in memory.limit_in_bytes memory.max; do
            [[ ! -e $path/$file ]] || echo "$2" >"$path/$file" || return
        done
        [[ ! -e $path/cpuset.cpus ]] || echo "$3" >"$path/cpuset.cpus" || return
    done < <(cgroups_of "$1")
}

# --- Docker ------------------------------------------------------------------

docker_start() {
    local name=$1
    shift
    docker run --detach --name "$name" "${docker_limits[@]}" "$@" lxcfs-busybox:1 /init
}
docker_pid() { docker inspect --format '{{.State.Pid}}' "$1"; }
docker_exec() { docker exec "$@"; }
docker_limit() { docker update --memory "$2" --cpuset-cpus "$3" "$1"; }
docker_restart() { docker restart --time 5 "$1"; }
docker_stop() { docker stop --time 5 "$1"; }
docker_remove() { docker rm "$1"; }

# docker_default lxcfs|runc: the runtime of containers that name none, from now on.
docker_default() {
    jq -n --arg default "$1" --arg path "$lxcfs_runtime" --arg socket "--lxcfs-socket=$folder/lxcfs/control.sock" \
        '{"default-runtime": $default, runtimes: {lxcfs: {path: $path, runtimeArgs: [$socket]}}}' >"$folder/docker/daemon.json"
    kill -HUP "$dockerd" && within 100 docker_default_is "$1"
}
docker_default_is() { [[ $(docker info --format '{{.DefaultRuntime}}') == "$1" ]]; }

# stop_docker: so that the next one can have other options.
stop_docker() {
    if [[ ${dockerd:-} ]]; then kill "$dockerd" 2>/dev/null; wait "$dockerd"; fi
    dockerd=''
}

# --- Podman ------------------------------------------------------------------

# podman_start NAME RUNTIME OPTION...
podman_start() {
    local name=$1 with=$2
    shift 2
    podman --runtime "$with" run --detach --name "$name" "${podman_limits[@]}" --cgroup-parent "/$group" "$@" lxcfs-busybox:1 /init
}
podman_pid() { podman inspect --format '{{.State.Pid}}' "$1"; }
podman_exec() { podman exec "$@"; }
podman_limit() { podman update --memory "$2" --cpuset-cpus "$3" "$1"; }
podman_restart() { podman restart --time 5 "$1"; }
podman_stop() { podman stop --time 5 "$1"; }
podman_remove() { podman rm "$1"; }
restarted_limits[podman]=old

# --- Bundles -----------------------------------------------------------------

# Of runc and crun; the runtime is the one whose list of mounts it has.
bundle() {
    local name=$1 runtime=${runtimes[$1]}
    shift
    "$runtime" --root "$folder/$name/state" "$@"
}
bundle_start() {
    local name=$1 runtime=${runtimes[$1]}
    mkdir -p "$folder/$name"
    if [[ ! -e $folder/$name/config.json ]]; then
        (cd "$folder/$name" && "$runtime" spec) || return
        mounts --format oci --runtime "$runtime" >"$folder/$name/mounts.json"
        jq --arg root "$folder/busybox" --arg cgroup "/$group/$name" --argjson memory "$memory" --arg cpu "$cpu" --slurpfile mounts "$folder/$name/mounts.json" \
            '.process.args = ["/init"] | .process.terminal = false | del(.process.rlimits) | .root = {path: $root, readonly: true} | .mounts += $mounts[0]
            | .linux.cgroupsPath = $cgroup | .linux.resources = {memory: {limit: $memory}, cpu: {cpus: $cpu}}' \
            "$folder/$name/config.json" >"$folder/$name/config" && mv "$folder/$name/config" "$folder/$name/config.json" || return
    fi
    bundle "$name" run --detach --bundle "$folder/$name" "$group-$name" </dev/null >"$folder/$name/log" 2>&1 || { cat "$folder/$name/log"; return 1; }
}
bundle_pid() { bundle "$1" state "$group-$1" | jq .pid; }
bundle_exec() { bundle "$1" exec "$group-$1" "${@:2}"; }
bundle_limit() { bundle "$1" update --memory "$2" --cpuset-cpus "$3" "$group-$1"; }
bundle_restart() { bundle_stop "$1" && bundle_remove "$1" && bundle_start "$1"; }
bundle_stop() { bundle "$1" kill "$group-$1" TERM && within 50 bundle_is_stopped "$1"; }
bundle_is_stopped() { [[ $(bundle "$1" state "$group-$1" | jq -r .status) == stopped ]]; }
bundle_remove() { bundle "$1" delete "$group-$1"; }
restarted_limits[bundle]=old

# --- containerd --------------------------------------------------------------

# containerd_here NAME: one of its own.
containerd_here() {
    needs "$1" containerd=containerd ctr=containerd jq=jq || return 1
    [[ ! ${containerd:-} ]] || return 0
    mkdir -p "$folder/containerd"
    echo 'disabled_plugins = ["io.containerd.grpc.v1.cri"]' >"$folder/containerd/config.toml"
    containerd --config "$folder/containerd/config.toml" --root "$folder/containerd/root" --state "$folder/containerd/state" \
        --address "$folder/containerd.sock" >"$folder/containerd/log" 2>&1 &
    containerd=$!
    within 300 ctr_here version || { skip "$1" "containerd does not run here: $(tail -n 1 "$folder/containerd/log")"; return 1; }
}
ctr_here() { ctr --address "$folder/containerd.sock" "$@"; }

# It has no option for a set of CPUs.
ctr_start() {
    # shellcheck disable=SC2046 # as people type it
    ctr_here run --detach --null-io --rootfs --cgroup "/$group/$1" --memory-limit "$memory" \
        $(mounts --json --runtime runc | jq -r '.mounts[] | "--mount type=bind,src=\(.source),dst=\(.destination),options=bind:rw"') \
        "$folder/busybox" "$1" /init && ctr_limit "$1" "$memory" "$cpu"
}
ctr_pid() { ctr_here task list | sed -n "s/^$1  *\([0-9]*\) .*/\1/p"; }
ctr_exec() { ctr_here task exec --exec-id "$RANDOM$RANDOM" "$@"; }
ctr_limit() { limit_by_files "$(ctr_pid "$1")" "$2" "$3"; }
ctr_restart() { ctr_stop "$1" && ctr_here task rm "$1" && ctr_here task start --detach --null-io "$1" && ctr_limit "$1" "$memory" "$cpu"; }
ctr_stop() { ctr_here task kill --signal SIGTERM "$1" && within 50 ctr_is_stopped "$1"; }
ctr_is_stopped() { ctr_here task list | grep -q "^$1 .* STOPPED"; }
ctr_remove() { ctr_here task rm "$1" && ctr_here container rm "$1"; }
restarted_limits[ctr]=old

# --- The run -----------------------------------------------------------------

# The script of the views, and an init with children that ends when it is told to.
make_image() {
    local applet
    image busybox
    for applet in awk touch; do ln -s busybox "$folder/busybox/bin/$applet"; done
    install -m 755 "$here/views" "$folder/busybox/views"
    cat >"$folder/busybox/init" <<'END'
#!/bin/sh
trap 'exit 0' TERM
sleep 6000 &
sh -c 'sleep 6000; :' &
while :; do wait; done
END
    chmod 755 "$folder/busybox/init"
    tar -C "$folder/busybox" -cf "$folder/busybox.tar" .
}

# own_etc: what is written to /etc from now on is for nobody else. Some programs have no option for what they read there.
own_etc() {
    [[ ! ${RUN_IN_VM:-} && ! -e $folder/etc ]] || return 0
    cp -a /etc "$folder/etc" && mount --bind "$folder/etc" /etc
}

cleanup_more() { [[ ! ${containerd:-} ]] || { kill "$containerd" && wait "$containerd"; }; }
