import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ticketLogin } from '../../src/client/login/ticket-login.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { dial } from '../../src/transport/dial.ts';
import { isDict } from '../../src/wamp/dict.ts';
import { until } from '../support/until.ts';

const config = {
  listeners: [
    { type: 'web', port: 0 },
    { type: 'rawsocket', port: 0 },
  ],
  realms: [
    {
      name: 'realm1',
      roles: {
        device: { limits: { sessions: 1, messageRate: { rate: 20, burst: 5 }, subscriptions: 7 } },
      },
    },
  ],
  principals: [
    { authid: 'pump', role: 'device', ticket: 'pump-secret' },
    { authid: 'hub', role: 'device', ticket: 'hub-secret', limits: { sessions: 2, messageRate: { rate: 1e6 } } },
  ],
};

describe('limits of principals', () => {
  it('come from the role, differ by principal, slow a client that exceeds them, and are visible', async () => {
    await using gateway = new Gateway(parseConfig(config, []), { bridges: [] });
    await gateway.start();
    const [web, raw] = gateway.listeners.map(({ port }) => port);
    for (const url of [`ws://127.0.0.1:${web}/ws`, `tcp://127.0.0.1:${raw}`, `http://127.0.0.1:${web}/lp`]) {
      const connect = () => dial(url, { codec: codecNamed('cbor') });
      const as = async (authid: string): Promise<ClientSession> =>
        ClientSession.join(await connect(), { realm: 'realm1', authid, logins: [ticketLogin(`${authid}-secret`)] });
      const pump = await as('pump');
      const hubs = [await as('hub'), await as('hub')];
      const watch = await ClientSession.join(await connect(), { realm: 'realm1' });
      const list = async (authid: string) => {
        const { args } = await watch.call('wampway.session.list');
        const sessions: unknown = args[0];
        assert.ok(Array.isArray(sessions));
        return sessions.filter(isDict).filter(session => session['authid'] === authid);
      };
      await assert.rejects(as('pump'), /limit_exceeded/);

      for (let i = 0; i < 15; i++) await pump.publish('dev.pump.level', { args: [i], acknowledge: true });
      const [shown] = await until('it is counted', async () => {
        const found = await list('pump');
        return Number(found[0]?.['slowed']) > 0 && found;
      });
      assert.deepEqual(shown?.['limits'], { sessions: 1, subscriptions: 7, message_rate: 20, taken: { sessions: 1 } });
      // Other clients are not slowed.
      for (const hub of hubs) for (let i = 0; i < 200; i++) await hub.publish('dev.hub.level', { acknowledge: true });
      assert.deepEqual(
        (await list('hub')).map(({ slowed }) => slowed),
        [0, 0],
      );
      for (let i = 0; i < 7; i++) await pump.subscribe(`t${i}`, () => {});
      await assert.rejects(
        pump.subscribe('t7', () => {}),
        /limit_exceeded/,
      );
      assert.equal((await list('pump'))[0]?.['refused_by_limit'], 1);
      await Promise.all([pump, ...hubs].map(session => session.leave()));
      await watch.leave();
      await until('all have left', () => gateway.sessionCount === 0);
    }
  });
});
