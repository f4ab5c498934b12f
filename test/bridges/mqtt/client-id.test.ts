import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UNSAFE_CHARACTERS } from '../../support/unsafe-characters.ts';
import { BridgeHarness } from './bridge-harness.ts';

describe('MQTT client ids', () => {
  for (const broker of ['wampway', 'aedes'] as const) {
    it(`${broker}: are refused with CONNACK 2 if they contain characters that an authid may not contain`, async () => {
      await using harness = await BridgeHarness.start({ broker, anonymous: 'any' });
      // MQTT forbids U+0000 and surrogates in all text: that packet is malformed. [MQTT-1.5.3-1]
      const unsafe = UNSAFE_CHARACTERS.filter(character => !/[\0\p{Cs}]/u.test(character));
      for (const character of unsafe) {
        await assert.rejects(
          harness.client({ clientId: `gate${character}way`, reconnectPeriod: 0 }),
          /\p{Cc}/u.test(character) ? /rejected|closed/i : /Identifier rejected/,
        );
      }
      await harness.client({ clientId: 'türöffner 温度 👍' });
    });
  }
});
