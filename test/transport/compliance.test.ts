import { linkCompliance } from '../support/link-compliance.ts';
import { allCodecs, networkPair, type Transport } from '../support/link-pairs.ts';

const transports: readonly Transport[] = ['tcp', 'unix', 'ws', 'tcp on the shared port'];

for (const transport of transports) {
  for (const codec of allCodecs)
    linkCompliance(`${transport}, ${codec.name}`, networkPair(transport, codec), { stalls: true });
}
