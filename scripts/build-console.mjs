// Bundles console/ into dist/page/, the folder that the gateway serves at `/`: index.html, console.js, console.css,
// favicon.svg, licenses.txt, and wampway.js, the client for other pages. (dist/console/ holds the console's model, compiled
// for its tests.) The page sends no request to another host and contains no inline script or style, so it works with
// `Content-Security-Policy: default-src 'self'`.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'console');
const target = join(root, 'dist', 'page');

const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'console/main.tsx', out: 'console' },
    // The client alone, for pages of users: `import { Client, webSocketLink } from '/wampway.js'`.
    { in: 'src/public/client.ts', out: 'wampway' },
    { in: 'console/styles/console.css', out: 'console' },
  ],
  outdir: target,
  tsconfig: 'tsconfig.console.json',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  // Browsers since 2022.
  target: ['chrome100', 'firefox100', 'safari15.4'],
  minify: true,
  sourcemap: false,
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
});

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

let page = readFileSync(join(source, 'index.html'), 'utf8');
for (const { path, contents } of outputFiles) {
  const name = path.slice(target.length + 1);
  writeFileSync(path, contents);
  // The hash prevents a browser from using a cached script with a newer style sheet.
  const version = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  page = page.replaceAll(`"${name}"`, `"${name}?${version}"`);
}
writeFileSync(join(target, 'index.html'), page);
writeFileSync(join(target, 'favicon.svg'), readFileSync(join(source, 'favicon.svg')));
writeFileSync(join(target, 'licenses.txt'), licenses(Object.keys(metafile.inputs)));

/** Returns the licences of the bundled packages. They must be distributed with the bundle. */
function licenses(inputs) {
  const packages = new Set(
    inputs.map(path => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(name => name !== undefined),
  );
  return [...packages]
    .sort()
    .map(name => {
      const folder = join(root, 'node_modules', name);
      const file = existsSync(folder) ? readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry)) : undefined;
      const text = file === undefined ? 'See the package.' : readFileSync(join(folder, file), 'utf8').trim();
      return `${name}\n${'='.repeat(name.length)}\n\n${text}\n`;
    })
    .join('\n');
}
