import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { ticketLogin } from '../../src/public/client.ts';
import { dial } from '../../src/transport/dial.ts';
import type { Dict } from '../../src/wamp/dict.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';

const permissions = [{ uri: '', match: 'prefix', allow: ['publish', 'subscribe', 'call', 'register'] }];

async function started(clock?: FakeClock): Promise<Gateway> {
  const config = {
    realms: [
      {
        name: 'home',
        anonymous: 'none',
        roles: { service: { permissions }, other: { permissions } },
        authorizer: { procedure: 'home.authorize', roles: ['device'], cache: 60, timeout: 60_000 },
      },
    ],
    listeners: [{ type: 'rawsocket', port: 0 }],
    principals: ['service', 'device', 'other', 'nobody'].map(role => ({ authid: role, role, ticket: 's' })),
  };
  const gateway = new Gateway(parseConfig(config, []), { bridges: [], ...(clock !== undefined && { clock }) });
  await gateway.start();
  return gateway;
}

async function join(gateway: Gateway, authid: string): Promise<ClientSession> {
  const link = await dial(`tcp://${gateway.listeners[0]?.address}`, { codec: codecNamed('json') });
  return ClientSession.join(link, { realm: 'home', authid, logins: [ticketLogin('s')] });
}

/** An application that answers when the test calls `answer`, or by `rule` at once. */
async function authorizing(gateway: Gateway, rule?: (uri: unknown) => unknown) {
  const session = await join(gateway, 'service');
  const asked: unknown[][] = [];
  const answers: ((answer: unknown) => void)[] = [];
  await session.register('home.authorize', ({ args }) => {
    asked.push([...args]);
    return rule === undefined ? new Promise(resolve => answers.push(resolve)) : rule(args[1]);
  });
  return { session, asked, answer: (value: unknown) => answers.shift()?.(value) };
}

describe('permissions that an application decides [advanced/authorization]', () => {
  it('asks about its roles, with session, URI, action and match policy', async () => {
    await using gateway = await started();
    const { asked } = await authorizing(gateway, uri => String(uri).startsWith('a.'));
    const device = await join(gateway, 'device');
    await device.subscribe('a.', () => {}, { match: 'prefix' });
    await device.publish('a.b', { acknowledge: true });
    await device.register('a.c', () => 1);
    await assert.rejects(device.publish('b', { acknowledge: true }), /wamp\.error\.not_authorized/);
    await assert.rejects(device.call('b'), /wamp\.error\.not_authorized/);
    assert.deepEqual(
      asked.map(([, uri, action, options]) => [uri, action, options]),
      [
        ['a.', 'subscribe', { match: 'prefix' }],
        ['a.b', 'publish', { match: 'exact' }],
        ['a.c', 'register', { match: 'exact' }],
        ['b', 'publish', { match: 'exact' }],
        ['b', 'call', { match: 'exact' }],
      ],
    );
    const [[about] = []] = asked;
    const { session, transport, ...who } = (about ?? {}) as Dict;
    assert.equal(session, device.id);
    assert.deepEqual(who, {
      ...{ realm: 'home', authid: 'device', authrole: 'device', authmethod: 'ticket', authprovider: 'static' },
    });
    const other = await join(gateway, 'other');
    await other.publish('z', { acknowledge: true });
    const nobody = await join(gateway, 'nobody');
    await assert.rejects(nobody.publish('a.b', { acknowledge: true }), /not_authorized/);
    assert.equal(asked.length, 5);
  });

  it('caches an answer for its lifetime', async () => {
    const clock = new FakeClock();
    await using gateway = await started(clock);
    const { asked } = await authorizing(gateway, () => true);
    const device = await join(gateway, 'device');
    for (let i = 0; i < 3; i++) await device.publish('a', { acknowledge: true });
    assert.equal(asked.length, 1);
    clock.advance(60_001);
    await device.publish('a', { acknowledge: true });
    assert.equal(asked.length, 2);
  });

  it('holds the messages of that session in order, including GOODBYE, and no other session’s', async () => {
    await using gateway = await started();
    const { session: service, answer, asked } = await authorizing(gateway);
    const heard: unknown[] = [];
    await service.subscribe('x.', ({ topic }) => heard.push(topic), { match: 'prefix' });
    const device = await join(gateway, 'device');
    void device.publish('x.one');
    void device.publish('x.two');
    void device.publish('x.one');
    const left = device.leave();
    await until('the first question', () => asked.length === 1);
    const other = await join(gateway, 'other');
    await other.publish('x.meanwhile', { acknowledge: true });
    await until('the event of another session', () => heard.length > 0);
    assert.deepEqual(heard, ['x.meanwhile']);
    answer(true);
    await until('the second question', () => asked.length === 2);
    answer({ allow: true });
    await left;
    await until('the events', () => heard.length === 4);
    assert.deepEqual(heard, ['x.meanwhile', 'x.one', 'x.two', 'x.one']);
  });

  it('fails the request if the application does not answer or its answer is not valid', async () => {
    await using gateway = await started();
    const device = await join(gateway, 'device');
    await assert.rejects(device.publish('a', { acknowledge: true }), /wamp\.error\.authorization_failed/);
    await authorizing(gateway, () => 'perhaps');
    await assert.rejects(device.publish('b', { acknowledge: true }), /wamp\.error\.authorization_failed/);
  });

  it('applies disclosure and trust level of the answer', async () => {
    await using gateway = await started();
    const { session } = await authorizing(gateway, () => ({
      allow: true,
      disclose: true,
      trustlevel: 3,
      retain: false,
    }));
    const details: Dict[] = [];
    await session.subscribe('a', event => details.push(event.details));
    const device = await join(gateway, 'device');
    await device.publish('a', { acknowledge: true });
    await until('the event', () => details.length === 1);
    assert.deepEqual([details[0]?.['publisher'], details[0]?.['trustlevel']], [device.id, 3]);
    const retained = device.publish('a', { acknowledge: true, options: { retain: true } });
    await assert.rejects(retained, /not_authorized.*retain/);
  });

  it('ends a session if its held message violates the protocol', async () => {
    await using gateway = await started();
    const { answer, asked } = await authorizing(gateway);
    const link = await dial(`tcp://${gateway.listeners[0]?.address}`, { codec: codecNamed('json') });
    const device = await ClientSession.join(link, { realm: 'home', authid: 'device', logins: [ticketLogin('s')] });
    void device.publish('a');
    // A message that a client must not send.
    link.send({ type: 2, session: device.id, details: {} });
    await until('the question', () => asked.length === 1);
    answer(true);
    assert.match(await device.closed, /WELCOME|protocol/i);
  });
});
