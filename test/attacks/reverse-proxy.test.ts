import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { connectAsync, type IClientOptions } from 'mqtt';
import { WebSocket } from 'ws';
import { FakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';
import { GatewayFixture } from './gateway-fixture.ts';

type Headers = Readonly<Record<string, string>>;

const HELLO = [1, 'home', { roles: { caller: {} } }];
const SETTING = /listeners\[\]\.trustedProxies/;

/** An answer of the router, and the cookie that the listener set. */
interface Answer {
  readonly message: readonly unknown[];
  readonly setCookie?: string | undefined;
}

async function overWebSocket(port: number, headers: Headers, then: readonly unknown[] = HELLO): Promise<Answer> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['wamp.2.json'], { headers });
  let setCookie: string | undefined;
  socket.on('upgrade', response => {
    setCookie = response.headers['set-cookie']?.[0];
  });
  try {
    const message = await new Promise<unknown[]>((resolve, reject) => {
      socket.once('open', () => socket.send(JSON.stringify(HELLO)));
      socket.on('message', data => {
        const answer = JSON.parse(String(data)) as unknown[];
        if (then !== HELLO && answer[0] === 2) socket.send(JSON.stringify(then));
        else resolve(answer);
      });
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('closed without an answer')));
    });
    return { message, setCookie };
  } finally {
    socket.terminate();
  }
}

function post(port: number, path: string, headers: Headers, body = ''): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false }, response => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function overLongPoll(port: number, headers: Headers): Promise<Answer> {
  const opened = await post(port, '/lp/open', headers, JSON.stringify({ protocols: ['wamp.2.json'] }));
  assert.equal(opened.status, 200, opened.body);
  const { transport } = JSON.parse(opened.body) as { transport: string };
  // The peer address of a transport is determined when it is opened. Headers of later requests cannot change it.
  await post(port, `/lp/${transport}/send`, { 'X-Forwarded-For': '198.51.100.1' }, JSON.stringify(HELLO));
  const received = await post(port, `/lp/${transport}/receive`, { 'X-Forwarded-For': '198.51.100.1' });
  await post(port, `/lp/${transport}/close`, {});
  return { message: JSON.parse(received.body) as unknown[] };
}

let clients = 0;

/** Returns the return code of CONNACK. */
async function overMqtt(port: number, headers: Headers, path = '/ws'): Promise<number> {
  const options: IClientOptions = {
    reconnectPeriod: 0,
    protocolVersion: 4,
    clientId: `client-${++clients}`,
    wsOptions: { headers },
  };
  try {
    const client = await connectAsync(`ws://127.0.0.1:${port}${path}`, options);
    await client.endAsync(true);
    return 0;
  } catch (error) {
    return error instanceof Error && 'code' in error ? Number(error.code) : Number.NaN;
  }
}

function start(
  trustedProxies: readonly string[] | undefined,
  anonymous: 'loopback' | readonly string[] = 'loopback',
  limits = {},
) {
  const realm = { name: 'home', anonymous, cookies: true, meta: { read: 'loopback', control: 'loopback' } } as const;
  return GatewayFixture.start({
    realms: [realm],
    listeners: [
      { type: 'web', port: 0, limits, ...(trustedProxies !== undefined && { trustedProxies: [...trustedProxies] }) },
      { type: 'rawsocket', port: 0 },
    ],
    principals: [],
    bridges: { mqtt: { port: 0, anonymous: 'loopback' } },
  });
}

function webPort({ gateway }: GatewayFixture): number {
  return gateway.listeners[0]?.port ?? assert.fail('no listener');
}

/** Headers that show that a request came through a proxy. */
const proxied: readonly Headers[] = [
  { 'X-Forwarded-For': '203.0.113.9' },
  { 'x-forwarded-for': '127.0.0.1' },
  { 'X-Forwarded-For': '::1' },
  { 'X-Forwarded-For': '' },
  { 'X-Forwarded-For': 'unknown' },
  { 'X-Forwarded-Proto': 'https' },
  { 'X-Forwarded-Host': 'home.example' },
  { 'X-Forwarded-Port': '443' },
  { Forwarded: 'for=203.0.113.9;proto=https' },
  { Forwarded: 'for=127.0.0.1' },
  { 'X-Real-IP': '203.0.113.9' },
  { Via: '1.1 proxy' },
];

describe('a client behind a reverse proxy that the configuration does not name', () => {
  let fixture: GatewayFixture;
  let web: number;
  before(async () => {
    fixture = await start(undefined);
    web = webPort(fixture);
  });
  after(() => fixture[Symbol.asyncDispose]());

  it('counts as local if the request came through no proxy', async () => {
    for (const answer of [await overWebSocket(web, {}), await overLongPollAlone(web)])
      assert.equal(answer.message[0], 2);
    assert.equal(await overMqtt(web, {}), 0);
  });

  for (const headers of proxied) {
    it(`does not count as local with ${JSON.stringify(headers)}`, async () => {
      for (const { message } of [await overWebSocket(web, headers), await overLongPoll(web, headers)]) {
        assert.deepEqual([message[0], message[2]], [3, 'wamp.error.authentication_required']);
        assert.match(JSON.stringify(message[1]), SETTING);
      }
      assert.equal(await overMqtt(web, headers), 5);
    });
  }

  it('is rejected with a log line that names the setting, over each transport', () => {
    for (const text of ['session refused', 'MQTT client refused']) {
      const line = fixture.log.lines.find(each => each.text === text);
      assert.match(JSON.stringify(line), SETTING);
    }
  });

  it('does not count as local for a list of addresses or for the meta API either', async () => {
    await using listed = await start(undefined, ['127.0.0.0/8', '::1/128', '0.0.0.0/0', '203.0.113.0/24']);
    const refused = await overWebSocket(webPort(listed), { 'X-Forwarded-For': '203.0.113.9' });
    assert.equal(refused.message[0], 3);
    assert.match(JSON.stringify(refused.message), SETTING);
    await using open = await GatewayFixture.start({
      realms: [{ name: 'home', anonymous: 'any' }],
      listeners: [{ type: 'web', port: 0 }],
      principals: [],
      bridges: { mqtt: { port: 0 } },
    });
    const port = webPort(open);
    const call = [48, 1, {}, 'wamp.session.count'];
    assert.equal((await overWebSocket(port, {}, call)).message[0], 50);
    const { message } = await overWebSocket(port, { Via: '1.1 proxy' }, call);
    assert.deepEqual([message[0], message[4]], [8, 'wamp.error.not_authorized']);
    assert.match(JSON.stringify(message[5]), SETTING);
  });

  /** Opens and uses a transport without any header of a proxy. */
  async function overLongPollAlone(port: number): Promise<Answer> {
    const opened = await post(port, '/lp/open', {}, JSON.stringify({ protocols: ['wamp.2.json'] }));
    const { transport } = JSON.parse(opened.body) as { transport: string };
    await post(port, `/lp/${transport}/send`, {}, JSON.stringify(HELLO));
    const { body } = await post(port, `/lp/${transport}/receive`, {});
    return { message: JSON.parse(body) as unknown[] };
  }
});

describe('a client behind a trusted proxy', () => {
  let fixture: GatewayFixture;
  let web: number;
  before(async () => {
    fixture = await start(['127.0.0.1', '10.0.0.0/8', '2001:db8:aaaa::/48']);
    web = webPort(fixture);
  });
  after(() => fixture[Symbol.asyncDispose]());

  const isIn = async (headers: Headers): Promise<boolean> => {
    const answers = [await overWebSocket(web, headers), await overLongPoll(web, headers)].map(
      ({ message }) => message[0] === 2,
    );
    const mqtt = (await overMqtt(web, headers)) === 0;
    assert.deepEqual(new Set([...answers, mqtt]).size, 1, 'every transport decides in the same way');
    return mqtt;
  };

  for (const [what, expected, chain] of [
    ['the client on this machine', true, '127.0.0.1'],
    ['the client on this machine by IPv6', true, '::1'],
    ['the client on this machine by an IPv4-mapped address', true, '::ffff:7f00:1'],
    ['a remote client', false, '203.0.113.9'],
    ['a remote client with a port', false, '203.0.113.9:5000'],
    ['a remote client behind another trusted proxy', false, '203.0.113.9, 10.0.0.7'],
    ['a forged address and the address of the client', false, '127.0.0.1, 203.0.113.9'],
    ['a forged address behind two trusted proxies', false, '127.0.0.1, 203.0.113.9, 10.0.0.7, 127.0.0.1'],
    ['a forged address of a client in the network of trusted proxies', false, '127.0.0.1, 10.0.0.77'],
    ['the same in IPv6', false, '::1, [2001:db8:aaaa::7]:443'],
    ['an unreadable hop', false, 'unknown'],
    ['an unreadable hop at the end', false, '127.0.0.1, unknown'],
    ['an empty hop at the end', false, '127.0.0.1,'],
    ['an empty value', false, ''],
    ['an octal spelling', false, '127.0.0.01'],
    ['a name', false, 'localhost'],
  ] as const) {
    it(`${expected ? 'counts' : 'does not count'} as local if X-Forwarded-For is ${what}: "${chain}"`, async () => {
      assert.equal(await isIn({ 'X-Forwarded-For': chain }), expected);
    });
  }

  it('is not identified by other headers, which a proxy may pass on unchanged from the client', async () => {
    for (const headers of [
      { Forwarded: 'for=127.0.0.1' },
      { 'X-Real-IP': '127.0.0.1' },
      { 'X-Forwarded-Proto': 'https' },
    ]) {
      assert.equal(await isIn(headers), false);
      assert.match(JSON.stringify((await overWebSocket(web, headers)).message), SETTING);
    }
    assert.equal(await isIn({ Forwarded: 'for=127.0.0.1', 'X-Forwarded-For': '203.0.113.9' }), false);
  });

  it('is logged with its own address, and gets a Secure cookie if it speaks TLS to the proxy', async () => {
    await overWebSocket(web, { 'X-Forwarded-For': '203.0.113.77' });
    assert.match(JSON.stringify(fixture.log.lines.at(-1)), /203\.0\.113\.77 via 127\.0\.0\.1:\d+/);
    const cookie = async (headers: Headers): Promise<string> => {
      const { setCookie } = await overWebSocket(web, { 'X-Forwarded-For': '127.0.0.1', ...headers });
      return setCookie ?? assert.fail('no cookie');
    };
    assert.match(await cookie({ 'X-Forwarded-Proto': 'https' }), /; Secure/);
    assert.match(await cookie({ 'X-Forwarded-Proto': 'HTTPS, http' }), /; Secure/);
    assert.doesNotMatch(await cookie({ 'X-Forwarded-Proto': 'http' }), /; Secure/);
    assert.doesNotMatch(await cookie({}), /; Secure/);
  });

  it('is identified anew for each request of a connection that the proxy keeps open', async () => {
    const socket = new Agent({ keepAlive: true, maxSockets: 1 });
    const open = (address: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const headers = { 'X-Forwarded-For': address };
        const sent = request(
          { host: '127.0.0.1', port: web, path: '/lp/open', method: 'POST', headers, agent: socket },
          response => {
            let text = '';
            response.on('data', (chunk: Buffer) => {
              text += chunk.toString();
            });
            response.on('end', () => resolve((JSON.parse(text) as { transport: string }).transport));
          },
        );
        sent.on('error', reject);
        sent.end(JSON.stringify({ protocols: ['wamp.2.json'] }));
      });
    const kinds: unknown[] = [];
    for (const address of ['127.0.0.1', '203.0.113.9', '127.0.0.1']) {
      const transport = await open(address);
      await post(web, `/lp/${transport}/send`, {}, JSON.stringify(HELLO));
      kinds.push((JSON.parse((await post(web, `/lp/${transport}/receive`, {})).body) as unknown[])[0]);
    }
    socket.destroy();
    assert.deepEqual(kinds, [2, 3, 2]);
  });

  it('counts with its own address for the connection limit, and the proxy does not count', async () => {
    await using limited = await start(['127.0.0.1'], ['203.0.113.0/24'], { maxConnectionsPerAddress: 2 });
    const port = webPort(limited);
    const sockets: WebSocket[] = [];
    const open = (address: string): Promise<number> =>
      new Promise(resolve => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['wamp.2.json'], {
          headers: { 'X-Forwarded-For': address },
        });
        sockets.push(socket);
        socket.once('open', () => resolve(101));
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
        socket.once('error', () => resolve(0));
      });
    for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.3']) {
      assert.deepEqual([await open(address), await open(address), await open(address)], [101, 101, 503], address);
    }
    sockets[0]?.terminate();
    await until('a free connection', async () => (await open('203.0.113.1')) === 101);
    for (const socket of sockets) socket.terminate();
  });

  it('counts with its own address for failed logins', async () => {
    const clock = new FakeClock();
    await using guessed = await GatewayFixture.start(
      {
        listeners: [
          { type: 'web', port: 0, trustedProxies: ['127.0.0.1'] },
          { type: 'rawsocket', port: 0 },
        ],
        limits: { failedLogins: { perAddress: 1, perPrincipal: 1000 } },
      },
      clock,
    );
    const port = webPort(guessed);
    const guess = async (address: string): Promise<void> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ['wamp.2.json'], {
        headers: { 'X-Forwarded-For': address },
      });
      const message = await new Promise<unknown[]>((resolve, reject) => {
        socket.once('error', reject);
        socket.once('open', () =>
          socket.send(JSON.stringify([1, 'home', { roles: { caller: {} }, authmethods: ['ticket'], authid: 'admin' }])),
        );
        socket.on('message', data => {
          const answer = JSON.parse(String(data)) as unknown[];
          if (answer[0] === 4) socket.send(JSON.stringify([5, 'wrong', {}]));
          else resolve(answer);
        });
      });
      socket.terminate();
      assert.equal(message[0], 3);
    };
    await guess('203.0.113.1');
    // The second login of one address is delayed by half a second. Logins of other addresses are not delayed.
    let answered = false;
    const second = guess('203.0.113.1').then(() => {
      answered = true;
    });
    await until('the answer is delayed', () => clock.isWaiting(500));
    for (const address of ['203.0.113.2', '203.0.113.3', '203.0.113.4']) await guess(address);
    assert.equal(answered, false);
    clock.advance(500);
    await second;
  });
});
