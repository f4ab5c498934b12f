import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cborTcpBridge } from '../../bridges/cbor-tcp/cbor-tcp-bridge.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { jsonCodec } from '../../src/codec/json/json-codec.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { dial } from '../../src/transport/dial.ts';
import { fc } from '../support/fast-check.ts';
import { ListLink, testLinkInfo } from '../support/list-link.ts';
import { transcriptRouter } from '../support/transcript-router.ts';
import { until } from '../support/until.ts';

/** A text in each payload of the confined session, which marks its events. */
const MARK = 'by p1';
const roles = {
  publisher: { features: { payload_passthru_mode: true } },
  subscriber: {},
  caller: { features: { progressive_call_invocations: true, payload_passthru_mode: true } },
  callee: { features: { call_canceling: true, progressive_call_invocations: true } },
};

const component = fc.constantFrom('dev', 'p1', 'victim', 'x', 'p10', 'P1', 'wamp', 'wampway', 'mqtt', '{authid}', '');
const name = fc.oneof(
  { weight: 4, arbitrary: fc.array(component, { minLength: 1, maxLength: 4 }).map(parts => parts.join('.')) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...['dev.victim.x', 'dev.p1.x', 'x', '', '.', 'dev.', 'dev.p1', 'dev.p1.', 'dev.p1..', 'dev..x', '..x', 'mqtt.x'],
      ...['wamp.session.on_join', 'wamp', 'wampway.x', 'dev.p10.x', 'dev.P1.x', 'DEV.p1.x', 'dev.p1.dev.victim.x'],
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
);
const flag = fc.constantFrom<unknown>(true, false, null, 1, 'yes');
const match = fc.constantFrom<unknown>('exact', 'prefix', 'wildcard', null, 'fuzzy', 7);
const publishOptions = fc.record(
  {
    ...{ acknowledge: flag, retain: flag, _retain_clear: flag, exclude_me: flag, disclose_me: flag },
    ...{ eligible_authrole: fc.constantFrom<unknown>(['anonymous'], [], 7), ppt_scheme: fc.constantFrom('mqtt', '') },
    ...{ _origin: fc.constant({ topic: 'dev/victim' }), match },
  },
  { requiredKeys: [] },
);
const publish = fc.tuple(publishOptions, name).map(([options, topic]) => [16, 0, options, topic, [MARK]]);
const register = fc
  .tuple(
    fc.record(
      {
        match,
        force_reregister: flag,
        disclose_caller: flag,
        invoke: fc.constantFrom('single', 'roundrobin', 'first'),
      },
      { requiredKeys: [] },
    ),
    name,
  )
  .map(([options, procedure]) => [64, 0, options, procedure]);
const testament = fc
  .tuple(
    fc.constantFrom<unknown>({}, { progress: true }, { timeout: 50 }, { receive_progress: true }),
    fc.constantFrom('wamp.session.add_testament', 'wamp.session.add_testament', 'wamp.session.flush_testaments'),
    fc.oneof(name, fc.constantFrom<unknown>(7, null, ['dev.victim.x'])),
    fc.record(
      { scope: fc.constantFrom<unknown>('detached', 'destroyed', null), publish_options: publishOptions },
      { requiredKeys: [] },
    ),
  )
  .map(([options, procedure, topic, kwargs]) => [48, 0, options, procedure, [topic, [MARK], {}], kwargs]);
const meta = fc
  .tuple(
    fc.constantFrom(
      ...['wamp.session.modify_details', 'wamp.session.kill_by_authid', 'wampway.registration.revoke'],
      ...['wamp.subscription.get_events', 'wampway.pairing.open', 'dev.victim.set', 'dev.p1.x'],
    ),
    fc.array(fc.oneof(name, fc.constantFrom<unknown>(1, 2, { topic: 'dev.victim.x' })), { maxLength: 3 }),
  )
  .map(([procedure, args]) => [48, 0, {}, procedure, args]);
const subscribe = name.map(topic => [32, 0, { match: 'prefix', get_retained: true }, topic]);
const program = fc.array(fc.oneof(publish, register, testament, meta, subscribe), { minLength: 1, maxLength: 12 });

/** Sets the request ids that the messages have on a session. */
function numbered(messages: readonly (readonly unknown[])[], after = 0): unknown[][] {
  return messages.map((message, index) => message.with(1, after + index + 1));
}

const isInside = (uri: string): boolean => uri.startsWith('dev.p1.');
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

describe('a confined session cannot publish, retain, register or leave a testament outside its prefix, with any messages', () => {
  it('at the router', async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.boolean(), async (messages, leaves) => {
        const { router, startMeta } = transcriptRouter();
        await startMeta();
        const join = async (authid: string, confinedTo?: string): Promise<ListLink> => {
          const link = new ListLink(confinedTo === undefined ? testLinkInfo : { ...testLinkInfo, confinedTo });
          router.attach(link);
          link.say([1, 'realm1', { roles, authid }]);
          await turn();
          assert.equal(link.heard.splice(0)[0]?.[0], 2);
          return link;
        };
        const victim = await join('victim');
        victim.say([16, 1, { retain: true }, 'dev.victim.x', ['mine']]);
        victim.say([64, 2, {}, 'dev.victim.set']);
        const watcher = await join('watcher');
        watcher.say([32, 1, { match: 'prefix' }, '']);
        await turn();
        watcher.heard.length = 0;
        const evil = await join('p1', 'dev.{authid}.');
        const realm = router.realm('realm1');
        for (const message of numbered(messages)) {
          evil.say(message);
          await turn();
          for (const { procedure, callees } of realm?.dealer.registrations.values() ?? []) {
            if (callees.some(({ session }) => session.principal.authid === 'p1'))
              assert.ok(isInside(procedure), procedure);
          }
        }
        if (leaves) evil.say([6, {}, 'wamp.close.close_realm']);
        evil.lose();
        await turn();
        const marked = watcher.heard.filter(event => JSON.stringify(event).includes(MARK));
        for (const event of marked) {
          // A meta event about the session, which the router sends.
          const { topic } = Object(event[3]);
          assert.ok(isInside(topic), JSON.stringify(event));
        }
        assert.equal(realm?.broker.retained.newest('dev.victim.x') === undefined, false, 'the retained event is gone');
        const late = await join('late');
        late.say([32, 1, { match: 'prefix', get_retained: true }, '']);
        await turn();
        const events = late.heard.flatMap(event => (event[0] === 36 ? [Object(event[3])] : []));
        const retained = events.filter(details => details.retained === true).map(details => String(details.topic));
        assert.deepEqual(
          retained.filter(topic => !isInside(topic)),
          ['dev.victim.x'],
        );
      }),
      { numRuns: 300 },
    );
  });

  it('over a real cbor-tcp connection', async () => {
    const config = {
      realms: [{ name: 'realm1', meta: { read: 'any', control: 'any' } }],
      listeners: [{ type: 'rawsocket', port: 0 }],
      bridges: { 'cbor-tcp': { port: 0 } },
    };
    await using gateway = new Gateway(parseConfig(config, [cborTcpBridge]), { bridges: [cborTcpBridge] });
    await gateway.start();
    const devicePort = /:(\d+):/.exec(gateway.bridges[0]?.banner[0] ?? '')?.[1] ?? assert.fail('no port');
    const join = async (): Promise<ClientSession> => {
      const link = await dial(`tcp://${gateway.listeners[0]?.address}`, { codec: codecNamed('json') });
      return ClientSession.join(link, { realm: 'realm1' });
    };
    const watcher = await join();
    await watcher.publish('dev.victim.x', { args: ['mine'], acknowledge: true, options: { retain: true } });
    await watcher.register('dev.victim.set', () => 'mine');
    const outside: string[] = [];
    const note = ({ topic, args }: { readonly topic: string; readonly args: readonly unknown[] }): void => {
      if (args[0] === MARK && !isInside(topic)) outside.push(topic);
    };
    await watcher.subscribe('', note, { match: 'prefix' });
    await fc.assert(
      fc.asyncProperty(program, async messages => {
        const link = await dial(`tcp://127.0.0.1:${devicePort}`, { codec: codecNamed('cbor') });
        let heard = 0;
        let closed = false;
        link.open({
          message: () => heard++,
          closed: () => {
            closed = true;
          },
        });
        const say = (list: readonly unknown[]): void =>
          link.send(jsonCodec.decode(Buffer.from(JSON.stringify(list)), false));
        say([1, 'realm1', { roles, authid: 'p1' }]);
        await until('WELCOME', () => heard > 0);
        for (const message of numbered(messages)) say(message);
        const registered = watcher.call('wamp.registration.list');
        const { exact = [], prefix = [], wildcard = [] } = Object((await registered).args[0]);
        for (const id of [...exact, ...prefix, ...wildcard]) {
          const found = await watcher.call('wamp.registration.get', { args: [id] }).catch(() => undefined);
          const { uri = 'dev.p1.' } = Object(found?.args[0]);
          assert.ok(isInside(uri) || uri === 'dev.victim.set', uri);
        }
        link.close('done');
        await until('its end', () => closed);
        await until('the end of its session', async () => (await watcher.call('wamp.session.count')).args[0] === 1);
        assert.deepEqual(outside, []);
        const late = await join();
        const retained: string[] = [];
        await late.subscribe('', ({ topic, details }) => details['retained'] === true && retained.push(topic), {
          match: 'prefix',
          options: { get_retained: true },
        });
        await late.call('wamp.session.count');
        assert.deepEqual(
          retained.filter(topic => !isInside(topic)),
          ['dev.victim.x'],
        );
        await late.leave();
      }),
      { numRuns: 40 },
    );
    assert.deepEqual((await watcher.call('dev.victim.set')).args, ['mine']);
    await watcher.leave();
  });
});
