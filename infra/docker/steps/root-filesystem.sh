#!/bin/sh
# root-filesystem.sh BINARY WEB ROOT: the image's whole root folder.
#
# The binary, the libraries that it links, the authorities' certificates, the web UI, and a user who
# owns nothing. No shell and no package manager; the records of the packages that the libraries are
# from are kept, so that scanners for known vulnerabilities see them.
set -eu

binary=$1
web=$2
root=$3

if [ -e "$root" ]; then
    echo "root-filesystem.sh: $root is there already; name a folder that is not" >&2
    exit 1
fi
mkdir -p "$root/etc/ssl/certs" "$root/usr/lib/ssl" "$root/usr/local/bin" \
    "$root/usr/share/doc/quadrille" "$root/usr/share/quadrille" "$root/var/lib/dpkg/status.d"
mkdir -m 1777 "$root/tmp"

install -m 755 "$binary" "$root/usr/local/bin/quadrille"
cp -R "$web" "$root/usr/share/quadrille/web"
cp LICENSE-APACHE LICENSE-MIT "$root/usr/share/doc/quadrille/"

# A library is where the linker of the same Debian looks for it; its package is recorded.
packages=$(mktemp)
ldd "$binary" | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
    # Debian records some under /lib and some under /usr/lib.
    { dpkg-query -S "$library" || dpkg-query -S "/usr$library" \
        || dpkg-query -S "$(readlink -f "$library")"; } 2>/dev/null | cut -d: -f1 | sort -u >>"$packages"
done
echo ca-certificates >>"$packages"
sort -u "$packages" | while read -r package; do
    dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
    mkdir -p "$root/usr/share/doc/$package"
    cp "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/"
done
rm "$packages"

cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
# OpenSSL's compiled-in places.
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
cp -L /etc/os-release "$root/etc/os-release"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'quadrille:x:65532:65532:Quadrille:/:/usr/sbin/nologin' >"$root/etc/passwd"
echo 'quadrille:x:65532:' >"$root/etc/group"

# Readable by everyone, writable by nobody but root.
chmod -R u=rwX,go=rX "$root"
chmod 1777 "$root/tmp"
