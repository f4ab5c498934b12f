import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALLOW, type Authorizer, DENY } from '../../../../src/router/policy/authorizer.ts';
import { HeldStore } from '../../../support/held-store.ts';
import { RecordingLogger } from '../../../support/recording-logger.ts';
import { until } from '../../../support/until.ts';
import { BridgeHarness } from '../bridge-harness.ts';
import { collect } from '../broker-harness.ts';

/** A retained message as version 0.1 wrote it. */
const RECORD = Buffer.concat([Buffer.from('0541d954fc400000000005', 'hex'), Buffer.from('old/1v')]);

async function started(config: Record<string, unknown>, authorizer: Authorizer = { decide: () => ALLOW }) {
  const store = new HeldStore();
  await store.put('rold/1', RECORD);
  const log = new RecordingLogger();
  const harness = await BridgeHarness.start(config, { store, log, authorizer });
  const realm: string[] = [];
  await harness.wamp.subscribe('mqtt.', ({ topic }) => realm.push(topic), {
    ...{ match: 'prefix', options: { get_retained: true } },
  });
  const warnings = log.lines.filter(({ text }) => text.startsWith('messages of an earlier run'));
  return { harness, realm, warnings };
}

describe('retained messages without an owner', () => {
  it('are published on the realm if a client without credentials is allowed to publish them', async () => {
    const { harness, realm, warnings } = await started({});
    await using _ = harness;
    await until('the message is published', () => realm.length > 0);
    assert.deepEqual([realm, warnings.length], [['mqtt.old.1'], 0]);
  });

  for (const [why, config, authorizer] of [
    ['may not come in', { anonymous: 'none' }, undefined],
    [
      'may not publish them',
      {},
      {
        decide: (session, action) =>
          action === 'publish' && session.principal.authrole === 'anonymous' ? DENY : ALLOW,
      },
    ],
  ] as const satisfies readonly (readonly [string, object, Authorizer | undefined])[]) {
    it(`stay on MQTT only if such a client ${why}, which is logged once`, async () => {
      const { harness, realm, warnings } = await started(config, authorizer);
      await using _ = harness;
      assert.deepEqual(
        warnings.map(({ fields }) => [fields['forgotten'], fields['onMqttAlone'], fields['topic']]),
        [[0, 1, 'old/1']],
      );
      if (!('anonymous' in config)) {
        const received = await collect(await harness.client(), 'old/#');
        await until('MQTT has it', () => received.length > 0);
      }
      assert.deepEqual(realm, []);
    });
  }
});
