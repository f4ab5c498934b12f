import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// The test vectors of the specification itself (wamp-proto, `testsuite/`). They are not part of this repository: the
// folder that holds them is named by WAMP_VECTORS, or found as `shared/vectors` beside a folder above. (A variable that
// begins with WAMPWAY_ would be a setting to the gateways that tests start.)

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

const folder = [
  process.env['WAMP_VECTORS'] ?? '',
  ...['..', '../..', '../../..'].map(up => join(root, up, 'shared/vectors')),
].find(path => path !== '' && existsSync(join(path, 'singlemessage')));

/** The vectors of one kind, with their names; undefined where there are none at all. */
export function readVectors<T>(kind: 'singlemessage' | 'multisession'): [name: string, vector: T][] | undefined {
  if (folder === undefined) return undefined;
  const path = join(folder, kind);
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.json'))
    .map(name => [name, JSON.parse(readFileSync(join(path, name), 'utf8'))]);
}

/** The title of the test that stands where the vectors are absent, and what it says. */
export const ABSENT = 'are absent: set WAMP_VECTORS to the folder that holds singlemessage/';
export const WHERE = 'no vectors found, nothing compared; see https://github.com/wamp-proto/wamp-proto, testsuite/';
