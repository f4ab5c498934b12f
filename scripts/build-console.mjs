// Bundles console/ into dist/page/, the folder that the gateway serves at `/`: index.html, console.js, console.css,
// favicon.svg, licenses.txt, and wampway.js, the client for other pages. (dist/console/ is something else: the page's model as compiled for its tests.)
// Everything is inside: the page asks nothing of any other host, and holds no inline script or style, so that
// `Content-Security-Policy: default-src 'self'` suits it.
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
    // The client by itself, for pages of people's own: `import { Client, webSocketLink } from '/wampway.js'`.
    { in: 'src/public/client.ts', out: 'wampway' },
    { in: 'console/styles/console.css', out: 'console' },
  ],
  outdir: target,
  tsconfig: 'tsconfig.console.json',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  // Browsers of 2022 and later.
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
  // A browser that kept an older script must not run it with a newer style sheet.
  const version = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  page = page.replaceAll(`"${name}"`, `"${name}?${version}"`);
}
writeFileSync(join(target, 'index.html'), page);
writeFileSync(join(target, 'favicon.svg'), readFileSync(join(source, 'favicon.svg')));
writeFileSync(join(target, 'licenses.txt'), licenses(Object.keys(metafile.inputs)));

/** The licences of the packages that went into the bundle, as they ask to be passed on. */
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
