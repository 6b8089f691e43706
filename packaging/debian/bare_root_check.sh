#!/bin/bash
# Runs both README commands in a bare Debian 12 with nothing but Python and git, then installs and starts the .deb in
# another one. Needs root and debootstrap. The last commit is what is checked. Takes some 15 minutes.
#
#   sudo packaging/debian/bare_root_check.sh [FOLDER]     default: a new folder in ${TMPDIR:-/tmp}; removed when all is well
#
#   MIRROR     Debian mirror; unset: debootstrap's own
#   APT_CONF   a file of apt settings to take along, where a proxy or the like is needed
#   PIP_*      are handed on to pip; the files that PIP_CERT and PIP_CONFIG_FILE name go along
#   BIND       folders to show inside as well, where pip's settings name local ones: "FOLDER FOLDER"
set -euo pipefail
checkout=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:-$(mktemp -d "${TMPDIR:-/tmp}/s3browser-bare.XXXXXX")}
mkdir -p "$work" "$checkout/build"
began_at=$SECONDS
environment=(HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin)

stage() { printf '\n=== %s (%d s so far)\n' "$1" $((SECONDS - began_at)); }

leave() {
    code=$?
    for mount in "$work"/{commands,package}/{dev/shm,dev,proc} ${BIND:+$(printf "$work/commands%s " $BIND)}; do
        if mountpoint -q "$mount"; then umount -l "$mount"; fi
    done
    if [ $code = 0 ]; then rm -rf --one-file-system "$work"; else echo "Left for a look: $work" >&2; fi
}
trap leave EXIT

# new_root NAME: a bare root in $work/NAME
new_root() {
    cp -a "$work/bare" "$work/$1"
    mount -t proc proc "$work/$1/proc"
    mount --bind /dev "$work/$1/dev"
    mount -t tmpfs tmpfs "$work/$1/dev/shm"
    cp /etc/resolv.conf /etc/hosts "$work/$1/etc/"
    if [ -n "${APT_CONF:-}" ]; then cp "$APT_CONF" "$work/$1/etc/apt/apt.conf.d/99check"; fi
}

# inside NAME COMMAND: runs it there as root, without a terminal
inside() { env -i "${environment[@]}" chroot "$work/$1" sh -c "$2" </dev/null; }

stage "Debian 12 with Python and git, in $work"
debootstrap --variant=minbase --include=python3,git bookworm "$work/bare" ${MIRROR:+"$MIRROR"} >"$work/debootstrap.log" 2>&1 ||
    { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
new_root commands
for folder in ${BIND:-}; do
    mkdir -p "$work/commands$folder"
    mount --bind "$folder" "$work/commands$folder"
done
while IFS='=' read -r name value; do
    case $name in
        PIP_CERT | PIP_CONFIG_FILE)
            install -D -m 644 "$value" "$work/commands/opt/check/$name"
            value=/opt/check/$name ;;
    esac
    environment+=("$name=$value")
done < <(env | grep '^PIP_' || true)
git clone --quiet --no-hardlinks "file://$checkout" "$work/commands/srv/s3browser"

stage "the first command"
inside commands "cd /srv/s3browser && python3 packaging/bootstrap.py demo"
cp "$work/commands/srv/s3browser/build/demo.png" "$checkout/build/bare-demo.png"

stage "the second command"
inside commands "cd /srv/s3browser && python3 packaging/bootstrap.py test"

stage "the Debian package"
inside commands "cd /srv/s3browser && python3 packaging/bootstrap.py package"
new_root package
cp "$work"/commands/srv/s3browser/dist/s3browser_*.deb "$work/package/srv/"
inside package "apt-get update -qq && apt-get install -qq --yes --no-install-recommends /srv/s3browser_*.deb" >"$work/deb.log" 2>&1 ||
    { tail -n 20 "$work/deb.log" >&2; exit 1; }
inside package "cd / && QT_QPA_PLATFORM=offscreen s3browser --demo --screenshot /srv/installed.png"
cp "$work/package/srv/installed.png" "$checkout/build/bare-installed.png"

stage "all is well; the pictures are build/bare-demo.png and build/bare-installed.png"
