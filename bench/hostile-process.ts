// Runs one attack of `hostile-attacks.ts`, given by number, against the given ports, for the given milliseconds.
import { hostileAttacks } from './hostile-attacks.ts';

const [number = '', part = '', ports = '', milliseconds = ''] = process.argv.slice(2);
const attack = hostileAttacks[Number(number)];
const end = performance.now() + Number(milliseconds);
if (part === 'prepare') await attack?.prepare?.(JSON.parse(ports));
else await attack?.run(JSON.parse(ports), () => performance.now() > end);
process.exit(0);
