#!/bin/bash
# Runs both README commands, and installs and starts the .deb, in a bare Debian 12 with nothing but Python and git.
# Needs root and debootstrap. The last commit is what is checked.
#
#   sudo packaging/debian/bare_root_check.sh [FOLDER]     default: a new folder in ${TMPDIR:-/tmp}, removed when all is well
#
#   MIRROR        Debian mirror; empty: debootstrap's own
#   APT_CONF      a file to take along as apt's configuration, where a proxy or the like is needed
#   PIP_*         are handed on to pip; where PIP_CERT or PIP_CONFIG_FILE name a file, the file goes along
#   BIND          folders to show inside as well, where pip's configuration names local ones: "FOLDER FOLDER"
set -euo pipefail
checkout=$(cd "$(dirname "$0")/../.." && pwd)
root=${1:-$(mktemp -d "${TMPDIR:-/tmp}/s3browser-bare.XXXXXX")}

leave() {
    code=$?
    for mount in ${BIND:-} /dev/shm /dev /proc; do
        if mountpoint -q "$root$mount"; then umount -l "$root$mount"; fi
    done
    if [ $code = 0 ]; then rm -rf --one-file-system "$root"; else echo "Left for a look: $root" >&2; fi
}
trap leave EXIT

began_at=$SECONDS
stage() { printf '=== %s (%d s so far)\n' "$1" $((SECONDS - began_at)); }

stage "Debian 12 with Python and git in $root"
debootstrap --variant=minbase --include=python3,git bookworm "$root" ${MIRROR:+"$MIRROR"} >"$root.log" 2>&1 ||
    { tail -n 20 "$root.log" >&2; exit 1; }
rm "$root.log"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
for folder in ${BIND:-}; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
done
cp /etc/resolv.conf /etc/hosts "$root/etc/"
if [ -n "${APT_CONF:-}" ]; then cp "$APT_CONF" "$root/etc/apt/apt.conf.d/99check"; fi

environment=(HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin)
while IFS='=' read -r name value; do
    case $name in
        PIP_CERT | PIP_CONFIG_FILE)
            install -D -m 644 "$value" "$root/opt/check/$name"
            value=/opt/check/$name ;;
    esac
    environment+=("$name=$value")
done < <(env | grep '^PIP_' || true)
inside() { env -i "${environment[@]}" chroot "$root" sh -c "cd /root/s3browser && $1" </dev/null; }

git clone --quiet --no-hardlinks "file://$checkout" "$root/root/s3browser"

stage "the first command"
inside "python3 packaging/bootstrap.py demo"
cp "$root/root/s3browser/build/demo.png" "$checkout/build/bare-demo.png"

stage "the second command"
inside "python3 packaging/bootstrap.py test"

stage "the Debian package, in the same root without Python's virtual environment"
inside "python3 packaging/bootstrap.py package"
inside "rm -rf .venv && apt-get install -qq --yes --no-install-recommends ./dist/s3browser_*.deb >build/deb.log 2>&1"
inside "cd / && QT_QPA_PLATFORM=offscreen s3browser --demo --screenshot /root/installed.png"
cp "$root/root/installed.png" "$checkout/build/bare-installed.png"

stage "done; the pictures are build/bare-demo.png and build/bare-installed.png"
