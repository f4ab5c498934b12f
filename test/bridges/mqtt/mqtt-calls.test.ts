import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MqttClient } from 'mqtt';
import { WampError } from '../../../src/wamp/errors.ts';
import type { TestGatewayOptions } from '../../support/bridge-context.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { until } from '../../support/until.ts';
import { BridgeHarness } from './bridge-harness.ts';
import { connectMqtt } from './broker-harness.ts';

type Answer = (topic: string, text: string) => void;

/** A device that has subscribed, controlled by the test. */
async function device(harness: BridgeHarness, clientId: string, filter: string, answer: Answer): Promise<MqttClient> {
  const client = await harness.client({ clientId });
  client.on('message', (topic, payload) => answer(topic, payload.toString()));
  await client.subscribeAsync(filter, { qos: 1 });
  return client;
}

/** Waits until a client has registered. */
async function registered(harness: BridgeHarness, procedure: string): Promise<void> {
  const { dealer } = harness.gateway.router.realm('realm1') ?? assert.fail();
  await until(procedure, () => dealer.match(procedure as never) !== undefined);
}

const failure =
  (uri: string, ...args: readonly unknown[]) =>
  (error: unknown) => {
    assert.ok(error instanceof WampError, String(error));
    assert.equal(error.uri, uri);
    if (args.length > 0) assert.deepEqual(error.args, args);
    return true;
  };

describe('mqttBridge: calls to devices', () => {
  it('sends the call to the device, and returns its answer', async () => {
    await using harness = await BridgeHarness.start();
    const asked: string[] = [];
    const client = await device(harness, 'lamp', 'rpc/lamp/req/#', (topic, text) => {
      asked.push(`${topic} ${text}`);
      const [, , , method, n] = topic.split('/');
      client.publish(`rpc/lamp/res/${n}`, method === 'sum' ? '{"args":[1,2],"kwargs":{"a":3}}' : `"${text}!"`, {
        qos: 1,
      });
    });
    await registered(harness, 'mqtt.rpc.lamp.led.set');
    const heard = await harness.hear('');
    assert.deepEqual((await harness.wamp.call('mqtt.rpc.lamp.led.set', { args: ['on'] })).args, ['on!']);
    const sum = await harness.wamp.call('mqtt.rpc.lamp.sum', { args: [1], kwargs: { b: 2 } });
    assert.deepEqual([sum.args, sum.kwargs], [[1, 2], { a: 3 }]);
    assert.deepEqual(asked, ['rpc/lamp/req/led.set/1 on', 'rpc/lamp/req/sum/2 {"args":[1],"kwargs":{"b":2}}']);
    // Answers are not events.
    assert.deepEqual(heard, []);
  });

  it('returns the errors and the progress of the device', async () => {
    await using harness = await BridgeHarness.start();
    const client = await device(harness, 'lamp', 'rpc/lamp/req/#', (topic, text) => {
      const [, , , , n] = topic.split('/');
      if (text === 'plain') client.publish(`rpc/lamp/res/${n}/err`, 'too hot');
      else if (text === 'list') client.publish(`rpc/lamp/res/${n}/err`, '{"error":"com.lamp.hot","kwargs":["C"]}');
      else if (text === 'uri')
        client.publish(`rpc/lamp/res/${n}/err`, '{"error":"com.lamp.hot","args":[80],"kwargs":{"u":"C"}}');
      else {
        client.publish(`rpc/lamp/res/${n}/prog`, '1');
        client.publish(`rpc/lamp/res/${n}/prog`, '2');
        client.publish(`rpc/lamp/res/${n}`, '3');
      }
    });
    await registered(harness, 'mqtt.rpc.lamp.x');
    await assert.rejects(
      harness.wamp.call('mqtt.rpc.lamp.x', { args: ['plain'] }),
      failure('wampway.error.device', 'too hot'),
    );
    await assert.rejects(harness.wamp.call('mqtt.rpc.lamp.x', { args: ['uri'] }), failure('com.lamp.hot', 80));
    await assert.rejects(harness.wamp.call('mqtt.rpc.lamp.x', { args: ['list'] }), error => {
      assert.ok(error instanceof WampError);
      assert.deepEqual([error.uri, error.kwargs], ['com.lamp.hot', {}], 'a list is no dictionary');
      return true;
    });
    const progress: unknown[] = [];
    const final = await harness.wamp.call('mqtt.rpc.lamp.x', { onProgress: ({ args }) => progress.push(...args) });
    assert.deepEqual([progress, final.args], [[1, 2], [3]]);
  });

  it('fails a call at once if the device is absent or disconnects', async () => {
    await using harness = await BridgeHarness.start();
    await assert.rejects(harness.wamp.call('mqtt.rpc.lamp.x'), failure('wamp.error.no_such_procedure'));
    const client = await device(harness, 'lamp', 'rpc/lamp/req/#', () => client.stream.destroy());
    await registered(harness, 'mqtt.rpc.lamp.x');
    await assert.rejects(harness.wamp.call('mqtt.rpc.lamp.x'), failure('wamp.error.canceled'));
    await assert.rejects(harness.wamp.call('mqtt.rpc.lamp.x'), failure('wamp.error.no_such_procedure'));
  });

  it('unregisters when the device unsubscribes', async () => {
    await using harness = await BridgeHarness.start();
    const client = await device(harness, 'lamp', 'rpc/lamp/req/#', () => client.unsubscribe('rpc/lamp/req/#'));
    await registered(harness, 'mqtt.rpc.lamp.x');
    await assert.rejects(harness.wamp.call('mqtt.rpc.lamp.x'), failure('wamp.error.canceled'));
    await until('it is unregistered', async () =>
      harness.wamp.call('mqtt.rpc.lamp.x').then(
        () => false,
        (error: unknown) => error instanceof WampError && error.uri === 'wamp.error.no_such_procedure',
      ),
    );
  });

  it('stops waiting with the caller, and drops a late answer', async () => {
    await using harness = await BridgeHarness.start();
    const asked: string[] = [];
    const client = await device(harness, 'lamp', 'rpc/lamp/req/#', (topic, text) => {
      const [, , , , n] = topic.split('/');
      asked.push(n ?? '');
      if (text !== 'now') return;
      for (const late of asked) client.publish(`rpc/lamp/res/${late}`, `"${late}"`);
    });
    await registered(harness, 'mqtt.rpc.lamp.x');
    const heard = await harness.hear('');
    await assert.rejects(
      harness.wamp.call('mqtt.rpc.lamp.x', { options: { timeout: 50 } }),
      failure('wamp.error.timeout'),
    );
    const canceled = new AbortController();
    const call = harness.wamp.call('mqtt.rpc.lamp.x', { signal: canceled.signal });
    await until('it has been asked', () => asked.length === 2);
    canceled.abort();
    await assert.rejects(call, failure('wamp.error.canceled'));
    assert.deepEqual((await harness.wamp.call('mqtt.rpc.lamp.x', { args: ['now'] })).args, ['3']);
    assert.deepEqual(heard, []);
  });

  it('accepts answers from the device only, and lets no other client register in its name', async () => {
    await using harness = await BridgeHarness.start();
    const thief = await device(harness, 'thief', 'rpc/lamp/req/#', () => {});
    await device(harness, 'lamp', 'rpc/lamp/req/#', () => {
      void (async () => {
        await thief.publishAsync('rpc/lamp/res/1', '"forged"', { qos: 1 });
        await lamp.publishAsync('rpc/lamp/res/1', '"real"', { qos: 1 });
      })();
    });
    const lamp = await harness.client({ clientId: 'lamp2' });
    await registered(harness, 'mqtt.rpc.lamp.x');
    await assert.rejects(
      harness.wamp.call('mqtt.rpc.lamp.x', { options: { timeout: 100 } }),
      failure('wamp.error.timeout'),
    );
  });

  it('separates two devices with the same method', async () => {
    await using harness = await BridgeHarness.start();
    for (const id of ['a', 'b']) {
      const client = await device(harness, id, `rpc/${id}/req/#`, topic =>
        client.publish(`rpc/${id}/res/${topic.split('/').at(-1)}`, `"${id}"`),
      );
      await registered(harness, `mqtt.rpc.${id}.who`);
    }
    const [a, b] = await Promise.all(['a', 'b'].map(id => harness.wamp.call(`mqtt.rpc.${id}.who`)));
    assert.deepEqual([a?.args, b?.args], [['a'], ['b']]);
  });
});

describe('mqttBridge: calls to existing kinds of devices', () => {
  it('calls ThingsBoard devices', async () => {
    await using harness = await BridgeHarness.start({ calls: { presets: ['thingsboard'] } });
    const client = await device(harness, 'tb', 'v1/devices/me/rpc/request/+', (topic, text) => {
      const n = topic.split('/').at(-1);
      client.publish(`v1/devices/me/rpc/response/${n}`, JSON.stringify({ got: JSON.parse(text) }));
    });
    await registered(harness, 'mqtt.thingsboard.tb.setGpio');
    const { args } = await harness.wamp.call('mqtt.thingsboard.tb.setGpio', { args: [{ pin: 3, enabled: true }] });
    assert.deepEqual(args, [{ got: { method: 'setGpio', params: { pin: 3, enabled: true } } }]);
  });

  it('calls the bridge and the devices of zigbee2mqtt', async () => {
    await using harness = await BridgeHarness.start({ calls: { presets: ['zigbee2mqtt'] } });
    const client = await device(harness, 'z2m', 'zigbee2mqtt/#', (topic, text) => {
      if (topic === 'zigbee2mqtt/bridge/request/device/rename') {
        const { transaction, ...data } = JSON.parse(text);
        const failed = data.to === undefined;
        const answer = failed
          ? { status: 'error', error: 'no name', transaction }
          : { data, status: 'ok', transaction };
        client.publish(topic.replace('request', 'response'), JSON.stringify({ ...answer, transaction: 'other' }));
        client.publish(topic.replace('request', 'response'), JSON.stringify(answer));
      } else if (topic === 'zigbee2mqtt/lamp/set') client.publish('zigbee2mqtt/lamp', text);
    });
    await registered(harness, 'mqtt.zigbee2mqtt.device.lamp.set');
    const renamed = await harness.wamp.call('mqtt.zigbee2mqtt.bridge.device.rename', {
      args: [{ from: 'a', to: 'b' }],
    });
    assert.deepEqual(renamed.args, [{ from: 'a', to: 'b' }]);
    await assert.rejects(
      harness.wamp.call('mqtt.zigbee2mqtt.bridge.device.rename', { args: [{}] }),
      failure('wampway.error.device', 'no name'),
    );
    const heard = await harness.hear('mqtt.zigbee2mqtt.');
    const set = await harness.wamp.call('mqtt.zigbee2mqtt.device.lamp.set', { args: [{ state: 'ON' }] });
    assert.deepEqual(set.args, [{ state: 'ON' }]);
    // Its state is also an event.
    await until('the state', () => heard.length > 0);
    assert.deepEqual(heard[0], { topic: 'mqtt.zigbee2mqtt.lamp', args: [{ state: 'ON' }] });
  });

  it('calls Tasmota, one command after the other', async () => {
    await using harness = await BridgeHarness.start({ calls: { presets: ['tasmota'] } });
    const asked: string[] = [];
    const client = await device(harness, 'DVES_1', 'cmnd/plug/#', (topic, text) => {
      const command = topic.split('/').at(-1) ?? '';
      asked.push(command);
      const answer = command === 'NONE' ? { Command: 'Unknown' } : { [command]: text };
      setTimeout(() => client.publish('stat/plug/RESULT', JSON.stringify(answer)), 20);
    });
    await registered(harness, 'mqtt.tasmota.plug.POWER');
    const results = await Promise.all(
      ['POWER1', 'POWER2', 'POWER3'].map(command =>
        harness.wamp.call(`mqtt.tasmota.plug.${command}`, { args: ['ON'] }),
      ),
    );
    assert.deepEqual(
      results.map(({ args }) => args),
      [[{ POWER1: 'ON' }], [{ POWER2: 'ON' }], [{ POWER3: 'ON' }]],
    );
    await assert.rejects(harness.wamp.call('mqtt.tasmota.plug.NONE'), failure('wampway.error.device', 'Unknown'));
  });

  it('reports an Error of Tasmota, and reads Status from its own topic', async () => {
    await using harness = await BridgeHarness.start({ calls: { presets: ['tasmota'] } });
    const asked: string[] = [];
    const client = await device(harness, 'DVES_1', 'cmnd/plug1/#', (topic, text) => {
      const command = topic.split('/').at(-1) ?? '';
      asked.push(`${command} ${text}`.trim());
      const status = /^status/i.test(command) ? `STATUS${command.slice(6)}${text === '0' ? '' : text}` : undefined;
      if (status !== undefined) client.publish(`stat/plug1/${status}`, JSON.stringify({ [status]: { n: text } }));
      else if (text === 'x') client.publish('stat/plug1/RESULT', '{"Command":"Error"}');
      else client.publish('stat/plug1/RESULT', JSON.stringify({ [command]: text }));
    });
    await registered(harness, 'mqtt.tasmota.plug1.POWER');
    const call = (command: string, ...args: unknown[]) => harness.wamp.call(`mqtt.tasmota.plug1.${command}`, { args });
    await assert.rejects(call('PulseTime', 'x'), failure('wampway.error.device', 'Error'));
    assert.deepEqual((await call('Status', 5)).args, [{ STATUS5: { n: '5' } }]);
    assert.deepEqual((await call('STATUS', '11')).args, [{ STATUS11: { n: '11' } }]);
    assert.deepEqual((await call('Status12')).args, [{ STATUS12: { n: '' } }]);
    assert.deepEqual((await call('status')).args, [{ STATUS: { n: '' } }]);
    assert.deepEqual((await call('Status', 0)).args, [{ STATUS: { n: '0' } }]);
    assert.deepEqual((await call('POWER', 'ON')).args, [{ POWER: 'ON' }]);
    const sent = await harness.wamp.call('mqtt.tasmota.plug1.ZbSend', { kwargs: { device: 1 } });
    assert.deepEqual(sent.args, [{ ZbSend: '{"device":1}' }]);
    // A message that another client requested does not answer a command.
    client.publish('stat/plug1/STATUS', '{"Status":1}');
    assert.deepEqual((await call('POWER', 'OFF')).args, [{ POWER: 'OFF' }]);
  });

  it('allows slashes in names of zigbee2mqtt, and sends keyword arguments as the payload', async () => {
    for (const uris of ['loose', 'strict'] as const) {
      await using harness = await BridgeHarness.start({ calls: { presets: ['zigbee2mqtt'] }, uris });
      const asked: string[] = [];
      const client = await device(harness, 'z2m', 'zigbee2mqtt/#', (topic, text) => {
        asked.push(`${topic} ${text}`);
        const set = /^(.*)\/(?:set|get)$/.exec(topic)?.[1];
        if (set !== undefined) client.publish(set, JSON.stringify({ of: set, was: text }));
      });
      await registered(harness, 'mqtt.zigbee2mqtt.device.lamp.set');
      const slash = uris === 'loose' ? '%2F' : '_2f';
      const options = { kwargs: { state: 'ON' } };
      for (const name of ['kitchen.lamp', `kitchen${slash}lamp`]) {
        const { args } = await harness.wamp.call(`mqtt.zigbee2mqtt.device.${name}.set`, options);
        assert.deepEqual(args, [{ of: 'zigbee2mqtt/kitchen/lamp', was: '{"state":"ON"}' }], name);
      }
      await harness.wamp.call('mqtt.zigbee2mqtt.device.lamp.set', options);
      await harness.wamp.call('mqtt.zigbee2mqtt.device.lamp.set', {
        args: [{ state: 'ON' }],
        kwargs: { brightness: 5 },
      });
      await harness.wamp.call('mqtt.zigbee2mqtt.device.lamp.set', { args: ['TOGGLE'] });
      await harness.wamp.call('mqtt.zigbee2mqtt.device.a.b.c.get');
      assert.deepEqual(asked.filter(line => /(set|get) /.test(line)).slice(2), [
        'zigbee2mqtt/lamp/set {"state":"ON"}',
        'zigbee2mqtt/lamp/set {"state":"ON","brightness":5}',
        'zigbee2mqtt/lamp/set TOGGLE',
        'zigbee2mqtt/a/b/c/get ',
      ]);
      for (const wrong of ['lamp', 'set', 'lamp.state', 'lamp..set', 'a.set.b']) {
        const procedure = `mqtt.zigbee2mqtt.device.${wrong}`;
        const expected = wrong.includes('..') ? 'wamp.error.invalid_uri' : 'wamp.error.no_such_procedure';
        await assert.rejects(harness.wamp.call(procedure), failure(expected), wrong);
      }
      await assert.rejects(
        harness.wamp.call('mqtt.zigbee2mqtt.bridge.restart', { args: [60] }),
        failure('wamp.error.invalid_argument'),
      );
    }
  });
});

/** A simulated zigbee2mqtt for calls. `silent`: it no longer answers. */
async function zigbee2mqtt(harness: BridgeHarness, clientId: string, state = { silent: false }): Promise<MqttClient> {
  const client = await device(harness, clientId, 'zigbee2mqtt/#', (topic, text) => {
    const name = /^zigbee2mqtt\/bridge\/request\/(.*)$/.exec(topic)?.[1];
    if (name === undefined || state.silent) return;
    const { transaction, ...data } = JSON.parse(text);
    const answer = { data: { ...data, by: clientId }, status: 'ok', transaction };
    client.publish(`zigbee2mqtt/bridge/response/${name}`, JSON.stringify(answer));
  });
  return client;
}

const permitJoin = (harness: BridgeHarness, timeout = 5_000) =>
  harness.wamp.call('mqtt.zigbee2mqtt.bridge.permit_join', { args: [{ time: 60 }], options: { timeout } });

describe('mqttBridge: shared callees', () => {
  it('any listening client may answer a call, as long as one listens', async () => {
    await using harness = await BridgeHarness.start({ calls: { presets: ['zigbee2mqtt'] } });
    const seen: string[] = [];
    const dashboard = await device(harness, 'dashboard', 'zigbee2mqtt/#', topic => seen.push(topic));
    await registered(harness, 'mqtt.zigbee2mqtt.bridge.permit_join');
    const z2m = await zigbee2mqtt(harness, 'z2m');
    const late = await device(harness, 'late', 'zigbee2mqtt/#', () => {});
    assert.deepEqual((await permitJoin(harness)).args, [{ time: 60, by: 'z2m' }]);
    await until('all who listen see it', () => seen.includes('zigbee2mqtt/bridge/request/permit_join'));
    await dashboard.endAsync();
    assert.deepEqual((await permitJoin(harness)).args, [{ time: 60, by: 'z2m' }]);
    await late.unsubscribeAsync('zigbee2mqtt/#');
    assert.deepEqual((await permitJoin(harness)).args, [{ time: 60, by: 'z2m' }]);
    await z2m.endAsync();
    await until('no client listens', () =>
      permitJoin(harness, 20).then(
        () => false,
        (error: unknown) => error instanceof WampError && error.uri === 'wamp.error.no_such_procedure',
      ),
    );
    await zigbee2mqtt(harness, 'z2m');
    await registered(harness, 'mqtt.zigbee2mqtt.bridge.permit_join');
    assert.deepEqual((await permitJoin(harness)).args, [{ time: 60, by: 'z2m' }]);
  });

  it('a call fails at once when the answering client disconnects, and not when another one does', async () => {
    await using harness = await BridgeHarness.start({ calls: { presets: ['zigbee2mqtt'] } });
    const state = { silent: false };
    await device(harness, 'dashboard', 'zigbee2mqtt/#', () => {});
    const other = await device(harness, 'other', 'zigbee2mqtt/#', () => {});
    const z2m = await zigbee2mqtt(harness, 'z2m', state);
    await registered(harness, 'mqtt.zigbee2mqtt.bridge.permit_join');
    await permitJoin(harness);
    state.silent = true;
    let settled = false;
    const call = permitJoin(harness).finally(() => {
      settled = true;
    });
    call.catch(() => {});
    await other.endAsync();
    await harness.wamp.call('mqtt.zigbee2mqtt.device.x.set', { options: { timeout: 50 } }).catch(() => {});
    assert.equal(settled, false);
    z2m.stream.destroy();
    await assert.rejects(call, failure('wamp.error.canceled'));
  });

  it('a client that reconnects receives calls at once, and an absent one receives none later', async () => {
    await using harness = await BridgeHarness.start({ calls: { presets: ['zigbee2mqtt'] } });
    const kept = await harness.client({ clientId: 'kept', clean: false });
    await kept.subscribeAsync('zigbee2mqtt/#', { qos: 1 });
    await kept.endAsync();
    await device(harness, 'dashboard', 'zigbee2mqtt/#', () => {});
    await registered(harness, 'mqtt.zigbee2mqtt.bridge.permit_join');
    await assert.rejects(permitJoin(harness, 50), failure('wamp.error.timeout'));
    const heard: string[] = [];
    const back = connectMqtt(harness.port, { clientId: 'kept', clean: false });
    back.on('message', topic => heard.push(topic));
    await new Promise(resolve => back.once('connect', resolve));
    const z2m = await zigbee2mqtt(harness, 'z2m');
    await z2m.publishAsync('zigbee2mqtt/last', '', { qos: 1 });
    await until('what comes now', () => heard.includes('zigbee2mqtt/last'));
    back.end(true);
    assert.deepEqual(heard, ['zigbee2mqtt/last']);
  });

  it('only clients whose role is allowed to register the procedures count', async () => {
    const permits: NonNullable<TestGatewayOptions['permits']> = (session, action) =>
      !(action === 'register' && session.welcome['authid'] === 'viewer');
    await using harness = await BridgeHarness.start({ calls: { presets: ['zigbee2mqtt'] } }, { permits });
    await device(harness, 'viewer', 'zigbee2mqtt/#', () => {});
    await assert.rejects(permitJoin(harness), failure('wamp.error.no_such_procedure'));
    await zigbee2mqtt(harness, 'z2m');
    await registered(harness, 'mqtt.zigbee2mqtt.bridge.permit_join');
    assert.deepEqual((await permitJoin(harness)).args, [{ time: 60, by: 'z2m' }]);
  });

  it('a client is limited in the devices that it listens for, and the log reports it once', async () => {
    const log = new RecordingLogger();
    await using harness = await BridgeHarness.start({ calls: { presets: ['tasmota'] } }, { log });
    const greedy = await harness.client({ clientId: 'greedy' });
    for (let i = 0; i < 120; i++) await greedy.subscribeAsync(`cmnd/plug${i}/#`);
    await registered(harness, 'mqtt.tasmota.plug99.POWER');
    const { dealer } = harness.gateway.router.realm('realm1') ?? assert.fail();
    assert.equal(dealer.match('mqtt.tasmota.plug100.POWER' as never), undefined);
    const lines = log.lines.filter(({ text }) => text === 'MQTT client cannot be called');
    assert.deepEqual(
      lines.map(({ fields }) => fields['reason']),
      ['it listens for more than 100 devices that topics name'],
    );
    await greedy.unsubscribeAsync('cmnd/plug0/#');
    await greedy.subscribeAsync('cmnd/plug100/#');
    await registered(harness, 'mqtt.tasmota.plug100.POWER');
  });

  it('a custom scheme with exclusive answer topics accepts answers of any client', async () => {
    const scheme = {
      listen: 'valve/{device}/cmd',
      procedure: 'valve.{device}.move',
      request: { topic: 'valve/{device}/cmd', payload: { to: '$value', id: '$n' } },
      response: { topic: 'valve/{device}/done', match: '/id', result: '/position' },
    };
    await using harness = await BridgeHarness.start({ calls: { schemes: [scheme] } });
    const heard = await harness.hear('mqtt.');
    await device(harness, 'logger', 'valve/north/cmd', () => {});
    const speaker = await harness.client({ clientId: 'speaker' });
    await device(harness, 'ears', 'valve/north/cmd', (_, text) => {
      const { to, id } = JSON.parse(text);
      speaker.publish('valve/north/done', JSON.stringify({ id, position: to }));
    });
    await registered(harness, 'mqtt.valve.north.move');
    assert.deepEqual((await harness.wamp.call('mqtt.valve.north.move', { args: [7] })).args, [7]);
    await speaker.publishAsync('valve/north/done', '{"id":"99"}', { qos: 1 });
    await speaker.publishAsync('valve/south/done', '{"id":"1"}', { qos: 1 });
    await until('what is no answer', () => heard.length > 0);
    assert.deepEqual(
      heard.map(({ topic }) => topic),
      ['mqtt.valve.south.done'],
    );
  });

  it('calls devices of a custom scheme, also one without answers', async () => {
    await using harness = await BridgeHarness.start({
      calls: {
        schemes: [
          { listen: 'cmd/{device}', procedure: 'cmd.{device}.run', request: { topic: 'cmd/{device}', qos: 0 } },
        ],
      },
    });
    const asked: string[] = [];
    await device(harness, 'x', 'cmd/pump', (_, text) => asked.push(text));
    await registered(harness, 'mqtt.cmd.pump.run');
    assert.deepEqual((await harness.wamp.call('mqtt.cmd.pump.run', { args: ['go'] })).args, []);
    await until('the device has received the call', () => asked.join() === 'go');
  });
});

describe('mqttBridge: calls by devices', () => {
  it('are made in the device’s name, and answered to that device only', async () => {
    await using harness = await BridgeHarness.start();
    await harness.wamp.register(
      'com.add',
      ({ args, details }) => ({ sum: Number(args[0]) + 1, by: details['caller_authid'] }),
      {
        options: { disclose_caller: true },
      },
    );
    const answers: string[] = [];
    const client = await device(harness, 'meter', 'rpc/meter/ret/#', (topic, text) => answers.push(`${topic} ${text}`));
    const heard = await harness.hear('mqtt.');
    await client.publishAsync('call/meter/7/com.add', '41', { qos: 1 });
    await client.publishAsync('call/meter/8/com.none', '', { qos: 1 });
    await until('both answers', () => answers.length === 2);
    assert.deepEqual(answers.sort(), [
      'rpc/meter/ret/7 {"sum":42,"by":"meter"}',
      'rpc/meter/ret/8/err {"error":"wamp.error.no_such_procedure","args":["no callee has registered com.none"]}',
    ]);
    assert.deepEqual(heard, []);
  });

  it('are made once if the device repeats them, and never in the name of another device', async () => {
    await using harness = await BridgeHarness.start();
    let calls = 0;
    await harness.wamp.register('com.count', () => ++calls);
    const answers: string[] = [];
    const client = await device(harness, 'meter', 'rpc/meter/ret/#', (_, text) => answers.push(text));
    await client.publishAsync('call/meter/1/com.count', '', { qos: 1 });
    await until('an answer', () => answers.length === 1);
    await client.publishAsync('call/meter/1/com.count', '', { qos: 1 });
    await client.publishAsync('call/other/2/com.count', '', { qos: 1 });
    await client.publishAsync('call/meter/3/com.count', '', { qos: 1 });
    await until('all answers', () => answers.length === 3);
    assert.deepEqual([answers, calls], [['1', '1', '2'], 2]);
  });

  it('are accepted in the protocol of ThingsBoard devices', async () => {
    await using harness = await BridgeHarness.start({ calls: { presets: ['thingsboard'] } });
    await harness.wamp.register('com.time', ({ args }) => args[0]);
    const answers: string[] = [];
    const client = await device(harness, 'tb', 'v1/devices/me/rpc/response/+', (topic, text) =>
      answers.push(`${topic} ${text}`),
    );
    await client.publishAsync('v1/devices/me/rpc/request/5', '{"method":"com.time","params":{"zone":"UTC"}}', {
      qos: 1,
    });
    await until('the answer', () => answers.length === 1);
    assert.deepEqual(answers, ['v1/devices/me/rpc/response/5 {"zone":"UTC"}']);
  });
});
