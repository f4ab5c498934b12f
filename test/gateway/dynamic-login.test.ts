import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { scramKeys } from '../../src/auth/methods/wamp-scram.ts';
import { deriveCraKey } from '../../src/auth/methods/wampcra.ts';
import { ClientSession } from '../../src/client/session/client-session.ts';
import { codecNamed } from '../../src/codec/codecs.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { craLogin, type Login, scramLogin, signLogin, ticketLogin, WampError } from '../../src/public/client.ts';
import { dial } from '../../src/transport/dial.ts';
import type { Dict } from '../../src/wamp/dict.ts';
import { asUri } from '../../src/wamp/uri.ts';

const PRIVATE_KEY = '04c32ac48ec8e5cadfea1f3dd806c302c3c53f6f76718ed658a1d522f4276403';
const PUBLIC_KEY = '2568578f59cbb08880a534b1be36d7f01164d4c52d90ee981cc4f9f1912bffc5';

const all = ['cryptosign', 'wamp-scram', 'wampcra', 'ticket'];

async function started(authenticator: Dict): Promise<Gateway> {
  const config = {
    realms: [{ name: 'home', anonymous: 'none', authenticator }],
    listeners: [{ type: 'rawsocket', port: 0 }],
    principals: [{ authid: 'service', role: 'service', ticket: 's' }],
  };
  const gateway = new Gateway(parseConfig(config, []), { bridges: [] });
  await gateway.start();
  return gateway;
}

async function join(gateway: Gateway, authid: string, login: Login): Promise<ClientSession> {
  const link = await dial(`tcp://${gateway.listeners[0]?.address}`, { codec: codecNamed('cbor') });
  return ClientSession.join(link, { realm: 'home', authid, logins: [login] });
}

async function joined(gateway: Gateway, authid: string, login: Login): Promise<unknown> {
  const session = await join(gateway, authid, login);
  await session.leave();
  const { authid: as, authrole, authmethod, authprovider } = session.welcome;
  return [as, authrole, authmethod, authprovider];
}

/** The answers of an application, by name and credential. */
function known(authid: unknown, details: Dict): unknown {
  const { authmethod, ticket, pubkey } = details;
  if (authid === 'tina' && authmethod === 'ticket') return ticket === 'geheim' ? 'user' : undefined;
  if (authid === 'carl' && authmethod === 'wampcra') {
    const salt = { salt: 'salt-123', iterations: 100, keylen: 32 };
    return { role: 'admin', secret: deriveCraKey('geheim', salt), ...salt };
  }
  if (authid === 'sue' && authmethod === 'wamp-scram') {
    const cost = { kdf: 'pbkdf2', iterations: 4096, memory: null } as const;
    const { storedKey, serverKey, salt } = scramKeys('geheim', Buffer.alloc(16, 1), cost);
    const keys = { stored_key: storedKey.toString('base64'), server_key: serverKey.toString('base64') };
    return { role: 'user', ...cost, salt, ...keys };
  }
  if (authid === 'kim' && authmethod === 'cryptosign') return pubkey === PUBLIC_KEY ? { role: 'user' } : undefined;
  return undefined;
}

const right = [
  ['tina', 'user', ticketLogin('geheim')],
  ['carl', 'admin', craLogin('geheim')],
  ['sue', 'user', scramLogin('geheim')],
  ['kim', 'user', signLogin(PRIVATE_KEY)],
] as const;

const wrong = [
  ['tina', ticketLogin('x')],
  ['carl', craLogin('x')],
  ['sue', scramLogin('x')],
  ['kim', signLogin('11'.repeat(32))],
  ...['ticket', 'cra', 'scram', 'sign'].map((_, index): [string, Login] => [
    'nobody',
    [ticketLogin('x'), craLogin('x'), scramLogin('x'), signLogin(PRIVATE_KEY)][index] ?? ticketLogin(''),
  ]),
] as const;

async function examine(gateway: Gateway): Promise<void> {
  for (const [authid, role, login] of right) {
    assert.deepEqual(await joined(gateway, authid, login), [authid, role, login.method, 'dynamic']);
  }
  for (const [authid, login] of wrong) {
    await assert.rejects(joined(gateway, authid, login), /authentication_denied/, `${authid} ${login.method}`);
  }
}

describe('logins that an application decides [advanced/authentication_dynamic]', () => {
  it('asks a procedure about names that are not in the configuration', async () => {
    await using gateway = await started({ procedure: 'home.authenticate', methods: all });
    const service = await join(gateway, 'service', ticketLogin('s'));
    const asked: unknown[] = [];
    await service.register('home.authenticate', ({ args: [realm, authid, details] }) => {
      asked.push([realm, authid, Object.keys(details as Dict)]);
      const answer = known(authid, details as Dict);
      if (answer === undefined) throw new WampError(asUri('home.error.nobody'), ['no such user']);
      return answer;
    });
    await examine(gateway);
    assert.deepEqual(asked[0], ['home', 'tina', ['authmethod', 'ticket', 'transport']]);
    assert.equal(
      asked.some(question => (question as unknown[])[1] === 'service'),
      false,
      'the application is not asked about principals of the configuration',
    );
  });

  it('admits no client if the application does not answer, and names the application as the cause', async () => {
    await using gateway = await started({ procedure: 'home.authenticate', methods: all });
    for (const [authid, , login] of right) {
      await assert.rejects(joined(gateway, authid, login), /wamp\.error\.authentication_failed/);
    }
    const service = await join(gateway, 'service', ticketLogin('s'));
    await service.register('home.authenticate', () => ({ nonsense: true }));
    await assert.rejects(joined(gateway, 'tina', ticketLogin('geheim')), /authentication_denied/);
    await assert.rejects(joined(gateway, 'sue', scramLogin('geheim')), /authentication_denied/);
  });

  it('asks an HTTP endpoint', async () => {
    const requests: unknown[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const { authid, details } = JSON.parse(body) as { authid: string; details: Dict };
      requests.push([request.method, request.headers.authorization]);
      const answer = known(authid, details);
      response.writeHead(authid === 'down' ? 500 : answer === undefined ? 404 : 200);
      response.end(JSON.stringify(answer ?? {}));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/authenticate`;
      await using gateway = await started({ url, bearer: 'of-the-gateway', methods: all });
      await examine(gateway);
      assert.deepEqual(requests[0], ['POST', 'Bearer of-the-gateway']);
      await assert.rejects(joined(gateway, 'down', ticketLogin('x')), /authentication_failed/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('is either a procedure or a URL', () => {
    const parse = (authenticator: Dict) => () => parseConfig({ realms: [{ name: 'home', authenticator }] }, []);
    assert.throws(parse({}), /needs either "procedure" or "url"/);
    assert.throws(parse({ procedure: 'a', url: 'http://b' }), /needs either/);
  });
});
