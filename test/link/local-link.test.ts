import { linkCompliance } from '../support/link-compliance.ts';
import { localPair } from '../support/link-pairs.ts';

linkCompliance('local', localPair, { stalls: false });
