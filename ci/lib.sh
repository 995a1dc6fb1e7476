# What every CI script shares: where things are, how missing Debian packages are named and
# installed, how a package is fetched without installing it. Sourced, never run. A script that
# sources it must list every package it uses itself: what a machine happens to have is no evidence.
set -eu
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${CLOUDOS_CACHE:-$ROOT/.cache}
JOBS=${JOBS:-$(nproc 2>/dev/null || echo 2)}
# What cloudbench and its configuration look for in .cache lies elsewhere then: a link leads there.
if [ "$CACHE" != "$ROOT/.cache" ]; then
    if [ -d "$ROOT/.cache" ] && [ ! -L "$ROOT/.cache" ]; then
        printf 'error: %s/.cache is a folder, CLOUDOS_CACHE=%s would leave it unused: move it there\n' "$ROOT" "$CACHE" >&2
        exit 1
    fi
    mkdir -p "$CACHE"
    ln -sfn "$CACHE" "$ROOT/.cache"
fi
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

PKGS_BUILD="cmake ninja-build gcc libc6-dev musl-tools binutils grub-common grub-pc-bin xorriso mtools
    pkg-config libjansson-dev libuv1-dev libarchive-dev libyaml-dev libsqlite3-dev libhwloc-dev libnuma-dev libpapi-dev"
PKGS_RUN="qemu-system-x86"
PKGS_FETCH="lz4 zstd"
PKGS_HOST="g++ libbenchmark-dev liburcu-dev libck-dev libabsl-dev libtbb-dev libjemalloc-dev libmimalloc-dev"
PKGS_TEST="libcmocka-dev gzip cpio procps python3 python3-yaml gdb spin clang libclang-rt-14-dev git chromium zsh fish groff-base"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# missing_packages NAME...: those of the names that are not installed.
missing_packages() {
    local p
    for p in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || printf '%s ' "$p"
    done
}

# package_size_kb NAME: the installed size apt knows, 0 when it knows none.
package_size_kb() {
    apt-cache show --no-all-versions "$1" 2>/dev/null | awk '/^Installed-Size:/ { s = $2 } END { print s + 0 }'
}

# as_root COMMAND...: run as root, directly or by sudo without a prompt; 5 when there is no way.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif sudo -n true 2>/dev/null; then
        local v keep=()
        for v in http_proxy https_proxy ftp_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY DEBIAN_FRONTEND; do
            if [ -n "${!v:-}" ]; then keep+=("$v=${!v}"); fi
        done
        sudo -n env "${keep[@]}" "$@"
    else
        return 5
    fi
}

# need_packages NAME...: make them present or say in one line what an administrator must run (exit 5).
need_packages() {
    local missing p
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        say "missing packages: $missing"
        say "an administrator must run: apt-get update && apt-get install -y --no-install-recommends $missing"
        exit 5
    fi
    # shellcheck disable=SC2086 # a list of names
    if ! apt-cache show $missing >/dev/null 2>&1; then
        as_root apt-get -q update >&2 || die "apt-get update failed"
    fi
    say "installing what is missing (size without dependencies):"
    for p in $missing; do say "  $(printf '%-24s %8d KiB' "$p" "$(package_size_kb "$p")")"; done
    # shellcheck disable=SC2086
    if ! as_root apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends $missing >&2; then
        as_root apt-get -q update >&2
        as_root apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends $missing >&2 ||
            die "apt-get could not install: $missing"
    fi
}

# lock_get FILE KEY: the value of "KEY = VALUE" in a lock file, empty when it has none.
lock_get() { sed -n "s/^$2 *= *//p" "$1" 2>/dev/null | head -n 1; }

sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

# candidate_version PACKAGE: the newest version the machine's own mirrors hold (or, after backports_apt, the backports).
candidate_version() { apt-cache ${APT_PRIVATE[@]+"${APT_PRIVATE[@]}"} policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *//p' | grep -v '(none)' || true; }

# need_lists PACKAGE: apt must know the package; else refresh its lists, or say who must (exit 5).
need_lists() {
    [ -n "$(candidate_version "$1")" ] && return 0
    if ! as_root apt-get -q update >&2; then
        say "apt knows no package $1 here; an administrator must run: apt-get update"
        exit 5
    fi
    [ -n "$(candidate_version "$1")" ] || die "no package $1 on this machine's mirrors"
}

# fetch_deb PACKAGE VERSION DIR: download the package into DIR and unpack it to DIR/root; never installs.
fetch_deb() {
    mkdir -p "$3"
    rm -f "$3"/*.deb
    (cd "$3" && apt-get -q ${APT_PRIVATE[@]+"${APT_PRIVATE[@]}"} -o APT::Sandbox::User=root download "$1=$2") >&2 || return 1
    rm -rf "$3/root"
    dpkg-deb -x "$3"/*.deb "$3/root"
}

# debian_mirror: the address of the Debian archive that this machine's own apt uses, in either format of its lists.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 2>/dev/null |
        awk '$3 == "main" && $1 !~ /security/ && $2 ~ /^(bookworm|stable)/ { sub(/\/$/, "", $1); print $1; exit }'
}

# backports_apt DIR: fetches the lists of Debian's backports into DIR and sets APT_PRIVATE, the options with
# which apt reads them and nothing else. The machine's own apt is not touched.
backports_apt() {
    local mirror
    mirror=$(debian_mirror)
    [ -n "$mirror" ] || return 1
    mkdir -p "$1/lists/partial" "$1/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm-backports main" >"$1/sources.list"
    APT_PRIVATE=(-o "Dir::Etc::sourcelist=$1/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$1/lists" -o "Dir::Cache=$1" -o APT::Sandbox::User=root)
    apt-get -q "${APT_PRIVATE[@]}" update >&2
}

# one_fetch DIR: of several callers one fetches into the folder, the others wait for it.
one_fetch() {
    mkdir -p "$1"
    exec 9>"$1/lock"
    flock 9
}

# What was fetched in place of a pinned version that the mirror no longer holds is kept until the pin changes. MARKER: a file.
# note_taken MARKER PINNED VERSION SHA256; taken_version MARKER PINNED; taken_hash MARKER PINNED: nothing when there is none.
note_taken() { printf '%s %s %s\n' "$2" "$3" "$4" >"$1"; }
taken_version() { awk -v pin="$2" '$1 == pin { print $2 }' "$1" 2>/dev/null || true; }
taken_hash() { awk -v pin="$2" '$1 == pin { print $3 }' "$1" 2>/dev/null || true; }
