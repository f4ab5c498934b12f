// Writes config/gateway.schema.json from the compiled schema. Editors use it to complete and check configuration files.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bridges } from '../dist/bridges/index.js';
import { configJsonSchema } from '../dist/src/gateway/config/config-schema.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
writeFileSync(join(root, 'config', 'gateway.schema.json'), `${JSON.stringify(configJsonSchema(bridges), null, 2)}\n`);
