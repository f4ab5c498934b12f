import { codecs } from '../../src/codec/codecs.ts';
import { linkCompliance } from '../support/link-compliance.ts';
import { networkPair, type Transport } from '../support/link-pairs.ts';

const transports: readonly Transport[] = [
  'tcp',
  'unix',
  'ws',
  'ws in batches',
  'long-poll',
  'long-poll in batches',
  'tcp on the shared port',
];

for (const transport of transports) {
  const many = transport === 'long-poll' ? 300 : 2000;
  for (const codec of codecs)
    linkCompliance(`${transport}, ${codec.name}`, networkPair(transport, codec), { stalls: true, many });
}
