# shellcheck shell=sh
# What the scripts of this repository install. Sourced by try, test and .ci/run.

# need PATH_OR_PROGRAM=PACKAGE ...: installs the packages whose file or program is not there.
need() {
    missing=''
    for pair in "$@"; do
        case ${pair%%=*} in
            /*) [ -e "${pair%%=*}" ] || missing="$missing ${pair#*=}" ;;
            *) command -v "${pair%%=*}" >/dev/null 2>&1 || missing="$missing ${pair#*=}" ;;
        esac
    done
    [ "$missing" ] || return 0
    command -v apt-get >/dev/null 2>&1 || { echo "please install:$missing" >&2; return 1; }
    [ "$(id -u)" = 0 ] || { echo "not root: please run apt-get install$missing" >&2; return 1; }
    echo "installing$missing" >&2
    # shellcheck disable=SC2086 # one word for each package
    if ! install_packages $missing >/dev/null 2>&1; then
        # The lists may be old, or empty as on a fresh machine.
        apt-get update -qq && install_packages $missing >/dev/null
    fi
}

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# What building takes.
need_for_building() {
    command -v swift >/dev/null 2>&1 || { echo "no Swift toolchain: see https://www.swift.org/install/linux/" >&2; return 1; }
    need pkg-config=pkg-config /usr/include/fuse3/fuse_lowlevel.h=libfuse3-dev /usr/include/systemd/sd-daemon.h=libsystemd-dev
}

# What the tests read the files with.
need_for_testing() {
    need busybox=busybox-static free=procps mpstat=sysstat unshare=util-linux fusermount3=fuse3 runc=runc java=default-jre-headless \
        readelf=binutils /usr/bin/python3=python3 /usr/lib/python3/dist-packages/psutil=python3-psutil /usr/bin/pip3=python3-pip tmux=tmux socat=socat || return 1
    # A client of the control socket that nobody here wrote. Without PyPI its test is skipped, and the summary says so.
    [ -e .build/python/varlink/__init__.py ] || /usr/bin/pip3 install --quiet --target .build/python varlink 2>/dev/null || :
}

# The runtimes that lists of mounts are given to. CI installs them; on other machines the tests take those that are there: nobody who runs
# tests shall find an engine on the machine afterwards.
need_for_runtimes() {
    need dockerd=docker.io docker-compose=docker-compose podman=podman crun=crun lxc-start=lxc systemd-nspawn=systemd-container ctr=containerd \
        jq=jq || return 1
    # The schemas of Kubernetes, and what a kubelet speaks with containerd. Without PyPI, what needs them is skipped.
    [ -e .build/python/kubernetes_validate/__init__.py ] || /usr/bin/pip3 install --quiet --target .build/python kubernetes-validate 2>/dev/null || :
    [ -e .build/python/grpc/__init__.py ] || /usr/bin/pip3 install --quiet --target .build/python grpcio 2>/dev/null || :
}
