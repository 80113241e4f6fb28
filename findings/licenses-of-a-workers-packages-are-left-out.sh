#!/usr/bin/env bash
# A good guess: with `build.license`, Vite writes down the license of every package that is in what it builds.
# What is true: Vite 8.4.0 writes down those of the page's own chunks. A package that only a worker imports (`new Worker(new
# URL('./worker.js', import.meta.url))`) is bundled into the worker's file, and its license is not in the list, without a word.
# So a page that passes the file on does not pass on all license texts that it has to.
# Source: a worker is bundled in a build of its own (packages/vite/src/node/plugins/worker.ts), and the plugin of the list
# (plugins/license.ts) goes through the chunks of the outer one.
# Prints the version and both lists; exits with 1 if that changes. Needs Node, npm and a registry; removes what it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"name":"page","version":"1.0.0","private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts vite@8.4.0 ms@2.1.3 bytes@3.1.2
echo '<!doctype html><script type="module" src="./main.js"></script>' > index.html
cat > main.js <<'JS'
import ms from 'ms';
document.title = ms(1000);
new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
JS
cat > worker.js <<'JS'
import bytes from 'bytes';
postMessage(bytes(1024));
JS
echo "export default { build: { license: true, minify: false }, worker: { format: 'es' } };" > vite.config.js
npx vite build --logLevel warn
echo "vite $(node -p "require('vite/package.json').version")"
in_worker=$(grep -c 'function bytes' dist/assets/worker-*.js || true)
echo "the worker's file holds the package bytes: $in_worker place"
echo "packages in the list: $(sed -n 's/^## //p' dist/.vite/license.md | paste -sd ',')"
[ "$in_worker" -ge 1 ] && grep -q '^## ms ' dist/.vite/license.md && ! grep -q '^## bytes ' dist/.vite/license.md
