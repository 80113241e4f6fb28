import { defineConfig } from 'vite';
import { bundledPackages } from './bundled-packages.ts';

const packages = bundledPackages();
/** On a busy machine it would be a warning of each start that a build took seconds. */
const QUIET = { checks: { bundlerTimings: false } };

// biome-ignore lint/style/noDefaultExport: Vite reads the default export.
export default defineConfig({
  // Links are relative: the page works below any BASE_PATH, and behind a proxy that strips a path.
  base: './',
  plugins: [packages.page],
  build: {
    outDir: '../dist/playground/page',
    emptyOutDir: true,
    assetsDir: 'playground',
    // A `data:` URL is what the content security policy of the page does not allow.
    assetsInlineLimit: 0,
    // Its polyfill is an inline script, and every browser that runs the rest preloads modules.
    modulePreload: { polyfill: false },
    target: 'es2022',
    rolldownOptions: QUIET,
  },
  worker: { format: 'es', plugins: () => [packages.worker], rolldownOptions: QUIET },
  // `npm run dev -w hotvec-playground`, beside `npm start`.
  server: { proxy: { '^/(v1|metrics|readyz|openapi)': 'http://127.0.0.1:8080' } },
});
