// Records test/fixtures/public-surface.json from the compiled program, when a change of the public surface is intended.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publicSurface } from '../dist/test/support/public-surface.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, 'test', 'fixtures', 'public-surface.json');
writeFileSync(file, `${JSON.stringify(await publicSurface(), null, 2)}\n`);
