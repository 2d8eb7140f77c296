#!/usr/bin/env bash
# Builds the image that the measurements in docs/performance.md are made on: a
# Debian system with development packages, well over 1 GB and 70,000 files in
# layers of very different sizes, with the usual waste.
#
# Usage: build-image.sh FOLDER [RECIPE]
#   FOLDER  is made; it gets image.tar (docker archive, uncompressed layers),
#           image-gz.tar and image-zstd.tar (OCI archives)
#   RECIPE  large (the default), or small, a web server of some 500 MB
#
# Needs root, and mmdebstrap, buildah and skopeo from Debian. Packages come from
# the Debian mirror that mmdebstrap uses. Neither a daemon nor a registry is needed.
set -euo pipefail

folder=${1:?usage: build-image.sh FOLDER [large|small]}
recipe=${2:-large}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d "$folder/build.XXXXXX")
trap 'rm -rf "$work"' EXIT

export STORAGE_DRIVER=vfs
export BUILDAH_ISOLATION=chroot

mmdebstrap --quiet --variant=minbase bookworm "$work/base.tar"

case $recipe in
large)
    cat > "$work/Dockerfile" <<'DOCKERFILE'
FROM scratch
ADD base.tar /
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends build-essential python3-dev git curl
RUN apt-get install -y --no-install-recommends golang libboost-all-dev
RUN apt-get install -y --no-install-recommends nodejs npm
RUN apt-get install -y --no-install-recommends linux-headers-amd64 openjdk-17-jdk-headless
RUN apt-get install -y --no-install-recommends texlive-latex-extra
RUN head -c 31457280 /dev/urandom > /opt/model.bin
RUN rm /opt/model.bin
RUN chown -R 1000:1000 /usr/share/go-*
RUN rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
CMD ["bash"]
DOCKERFILE
    ;;
small)
    cat > "$work/Dockerfile" <<'DOCKERFILE'
FROM scratch
ADD base.tar /
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y nginx python3-pip
RUN apt-get install -y postgresql-common && chown -R www-data /usr/share/nginx
RUN rm -rf /var/lib/apt/lists/*
CMD ["nginx", "-g", "daemon off;"]
DOCKERFILE
    ;;
*)
    echo "build-image.sh: no recipe '$recipe'; large or small" >&2
    exit 2
    ;;
esac

name=localhost/rslim-bench-$recipe
buildah bud --quiet --isolation chroot --network host --layers -t "$name" \
    -f "$work/Dockerfile" "$work"
save() {
    rm -f "$folder/$2"
    skopeo copy --quiet "${@:3}" "containers-storage:$name:latest" "$1:$folder/$2:bench:latest"
}
save docker-archive image.tar
save oci-archive image-gz.tar --dest-compress-format gzip
save oci-archive image-zstd.tar --dest-compress-format zstd
buildah rmi --force "$name" > "$work/rmi.log"
ls -l "$folder"/image*.tar
