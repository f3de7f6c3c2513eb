#!/usr/bin/env bash
# Fetch what the viewer tests need into a folder: the browser's driver, and OHIF as its
# makers built it. OHIF's package names build-time dependencies that cannot all be
# installed and that its dist/ does not need, hence pack and unpack instead of install.
set -euo pipefail

folder=${1:?usage: install.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
version=3.13.2
sha512=5997719a9986eeba85816f5924b71b82bdd70ad2e2d4a0cd3e831a798e4f3deea3e06e1f8c48e393271933a0ba664d85f3b04ac457e9abe8dde715d907d13c10

mkdir -p "$folder"
cp "$here/package.json" "$here/package-lock.json" "$folder/"
cd "$folder"
npm ci --silent --no-audit --no-fund --ignore-scripts
npm pack --silent "@ohif/app@$version" >/dev/null
echo "$sha512  ohif-app-$version.tgz" | sha512sum --check --quiet
mkdir -p ohif
tar -xzf "ohif-app-$version.tgz" -C ohif --strip-components 1 package/dist
rm "ohif-app-$version.tgz"
