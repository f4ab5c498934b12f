import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { cborTcpBridge } from '../../../bridges/cbor-tcp/cbor-tcp-bridge.ts';
import { cborTcpDemo } from '../../../bridges/cbor-tcp/cbor-tcp-demo.ts';
import { DeviceGate } from '../../../bridges/cbor-tcp/device-gate.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { WampEvent } from '../../../src/client/api/session-api.ts';
import { ClientSession } from '../../../src/client/session/client-session.ts';
import { codecNamed } from '../../../src/codec/codecs.ts';
import { GatewayNetwork } from '../../../src/gateway/gateway-network.ts';
import type { Link, LinkInfo } from '../../../src/link/link.ts';
import { localLinkPair } from '../../../src/link/local-link.ts';
import { dial } from '../../../src/transport/dial.ts';
import { WampError } from '../../../src/wamp/errors.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import { asUri } from '../../../src/wamp/uri.ts';
import { TestGateway, type TestGatewayOptions } from '../../support/bridge-context.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { until } from '../../support/until.ts';

const network = new GatewayNetwork(
  { maxMessageSize: 65_536, maxQueuedBytes: 1_000_000, maxUriComponents: 200, maxConnections: 100 },
  silentLogger,
  systemClock,
);

/** A gateway whose cbor-tcp bridge listens on a free port. */
class Site implements AsyncDisposable {
  readonly gateway: TestGateway;
  port = 0;
  #bridge: AsyncDisposable | undefined;

  private constructor(options: TestGatewayOptions) {
    this.gateway = new TestGateway({
      ...options,
      listenRawSocket: async (listen, accept) => {
        const listening = await network.listenForBridge('cbor-tcp', listen, accept);
        this.port = listening.port;
        return listening;
      },
    });
  }

  static async open(config: Record<string, unknown> = {}, options: TestGatewayOptions = {}): Promise<Site> {
    const site = new Site(options);
    const parsed = cborTcpBridge.schema.parse({ port: 0, ...config });
    site.#bridge = await cborTcpBridge.start(parsed, site.gateway.context);
    return site;
  }

  /** Connects as the device with that name. */
  async device(name: string | undefined, authmethods?: readonly string[]): Promise<ClientSession> {
    const link = await network.dialRawSocket({ host: '127.0.0.1', port: this.port, serializer: 'cbor' });
    const authid = name === undefined ? {} : { authid: name };
    return ClientSession.join(link, { realm: 'realm1', ...authid, ...(authmethods && { authmethods }) });
  }

  async closeBridge(): Promise<void> {
    await this.#bridge?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeBridge();
    await this.gateway[Symbol.asyncDispose]();
  }
}

/** A peer that sends single messages, and records the reasons and types of the received ones. */
class RawPeer {
  readonly link: Link;
  readonly heard: (string | number)[] = [];
  closed = false;

  constructor(link: Link) {
    this.link = link;
    link.open({
      message: message => this.heard.push('reason' in message ? message.reason : message.type),
      closed: () => {
        this.closed = true;
      },
    });
  }

  static async connect(site: Site): Promise<RawPeer> {
    return new RawPeer(await network.dialRawSocket({ host: '127.0.0.1', port: site.port, serializer: 'cbor' }));
  }

  hello(authid: string): void {
    const details = { authid, roles: { publisher: {} } };
    this.link.send({ type: MessageType.Hello, realm: asUri('realm1'), details });
  }

  goodbye(): void {
    const reason = asUri('wamp.close.close_realm');
    this.link.send({ type: MessageType.Goodbye, details: {}, reason });
  }
}

// Timers of the clock do not keep a process alive.
let awake: NodeJS.Timeout;
before(() => {
  awake = setInterval(() => {}, 1000);
});
after(() => clearInterval(awake));

/** The URI and text of the error that `promise` rejects with. */
async function refusal(promise: Promise<unknown>): Promise<[string, unknown]> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof WampError, String(error));
    return [error.uri, error.args[0]];
  }
  return ['accepted', undefined];
}

describe('cbor-tcp bridge', () => {
  it('expands the topics of a device', async () => {
    await using site = await Site.open();
    const events: WampEvent[] = [];
    const user = await site.gateway.join();
    await user.subscribe('dev.', event => events.push(event), { match: 'prefix' });
    const device = await site.device('esp32-1');
    await device.publish('temperature', { args: [21.5], kwargs: { unit: 'C' } });
    await device.publish('dev.esp32-1.humidity', { args: [40] });
    await device.publish('devices.near', { acknowledge: true });
    assert.deepEqual(
      events.map(event => event.topic),
      ['dev.esp32-1.temperature', 'dev.esp32-1.humidity', 'dev.esp32-1.devices.near'],
    );
    assert.deepEqual([events[0]?.args, events[0]?.kwargs], [[21.5], { unit: 'C' }]);
    assert.deepEqual([device.welcome['authid'], device.welcome['authrole']], ['esp32-1', 'device']);
  });

  it('expands the procedures of a device, patterns too', async () => {
    await using site = await Site.open();
    const user = await site.gateway.join();
    const device = await site.device('a');
    await device.register('led.set', ({ args }) => args[0]);
    await device.register('relay.', ({ procedure }) => procedure, { match: 'prefix' });
    await device.register('.reset', ({ procedure }) => procedure, { match: 'wildcard' });
    assert.deepEqual((await user.call('dev.a.led.set', { args: [true] })).args, [true]);
    assert.deepEqual((await user.call('dev.a.relay.3')).args, ['dev.a.relay.3']);
    assert.deepEqual((await user.call('dev.a.valve.reset')).args, ['dev.a.valve.reset']);
    await device.register('', () => 'all', { match: 'prefix' });
    assert.deepEqual((await user.call('dev.a.else')).args, ['all']);
    for (const uri of ['dev.b.reset', 'dev.ab', 'dev.a', 'led.set']) {
      assert.deepEqual((await refusal(user.call(uri)))[0], 'wamp.error.no_such_procedure', uri);
    }
  });

  it("refuses names of other namespaces, with a text that shows the device's namespace", async () => {
    await using site = await Site.open({}, { namespaces: ['dev.', 'mqtt.', 'home.mqtt.', 'serial.'] });
    const user = await site.gateway.join();
    const topics: string[] = [];
    await user.subscribe('', ({ topic }) => topics.push(topic), { match: 'prefix' });
    const device = await site.device('p1');
    const outside = [
      'dev.victim.x',
      'dev.p10.x',
      'wamp.session.on_join',
      'wampway.x',
      'mqtt.x',
      'home.mqtt.x',
      'serial.x',
    ];
    const isRefused = async (request: Promise<unknown>, name: string): Promise<void> => {
      const [uri, text] = await refusal(request);
      assert.deepEqual([uri, String(text).includes('dev.p1.')], ['wamp.error.not_authorized', true], name);
    };
    for (const name of outside) {
      await isRefused(device.publish(name, { acknowledge: true }), name);
      await device.publish(name, { options: { retain: true } });
      for (const match of ['exact', 'prefix', 'wildcard'] as const)
        await isRefused(
          device.register(name, () => {}, { match }),
          name,
        );
    }
    await isRefused(
      device.register('dev..x', () => {}, { match: 'wildcard' }),
      'dev..x',
    );
    await device.publish('mqtt', { acknowledge: true });
    assert.deepEqual(topics, ['dev.p1.mqtt']);
    const [session] = [...(site.gateway.router.realm('realm1')?.sessions() ?? [])].filter(
      ({ principal }) => principal.authid === 'p1',
    );
    // Two PUBLISH and three REGISTER for each name, and one wildcard.
    assert.equal(session?.refused, outside.length * 5 + 1);
  });

  it('lets a device subscribe and call by full name', async () => {
    await using site = await Site.open();
    const user = await site.gateway.join();
    await user.register('farm.time', () => 7);
    const device = await site.device('a');
    const heard: WampEvent[] = [];
    await device.subscribe('farm.', event => heard.push(event), { match: 'prefix' });
    assert.deepEqual((await device.call('farm.time')).args, [7]);
    await user.publish('farm.alarm', { args: ['fire'], acknowledge: true });
    await until('the event', () => heard.length === 1);
    assert.equal(heard[0]?.topic, 'farm.alarm');
  });

  it('requires a name that is valid in a URI', async () => {
    await using site = await Site.open();
    for (const name of [undefined, '', 'a.b', 'a b', 'x'.repeat(65), '__proto__.a', 'a\n']) {
      const [uri, text] = await refusal(site.device(name));
      assert.equal(uri, 'wamp.error.invalid_argument', String(name));
      assert.match(String(text), /authid must be a device name: 1 to 64 letters/);
    }
    await site.device('__proto__');
  });

  it('replaces the stale connection of a device that reconnects', async () => {
    await using site = await Site.open({ maxDevices: 1 });
    const user = await site.gateway.join();
    const old = await site.device('a');
    await old.register('led.set', () => 'old');
    const anew = await site.device('a');
    await anew.register('led.set', () => 'new');
    assert.deepEqual((await user.call('dev.a.led.set')).args, ['new']);
    assert.match(await old.closed, /wamp\.close\.killed/);
    assert.equal(site.gateway.router.sessionCount, 2);
    // The end of the old connection does not end the new one.
    assert.deepEqual((await refusal(site.device('b')))[0], 'wampway.error.limit_exceeded');
    await anew.leave();
    await until('the place to be free', () => site.gateway.router.linkCount === 1);
    await site.device('b');
  });

  it('disconnects a device that sends a message beyond the size limit', async () => {
    await using site = await Site.open({ maxMessageSize: 1024 });
    const device = await site.device('a');
    const sent = device.publish('t', { args: ['x'.repeat(2000)], acknowledge: true });
    assert.notEqual((await refusal(sent))[0], 'accepted');
  });

  it('accepts CBOR only', async () => {
    await using site = await Site.open();
    await assert.rejects(dial(`tcp://127.0.0.1:${site.port}`, { codec: codecNamed('json') }), /serializer/);
  });

  it('closes a connection whose first message is not HELLO, and no other', async () => {
    await using site = await Site.open();
    const device = await site.device('a');
    const raw = await RawPeer.connect(site);
    raw.link.send({ type: MessageType.Subscribe, request: asId(1), options: {}, topic: asUri('a') });
    await until('the end', () => raw.closed);
    assert.deepEqual(raw.heard, ['wamp.error.protocol_violation']);
    await device.publish('alive', { acknowledge: true });
  });

  it('names a device by WELCOME, not by HELLO', async () => {
    await using site = await Site.open(
      {},
      {
        authenticator: {
          begin: ({ details }) => ({
            welcome: {
              authid: details['authid'] === 'odd' ? 'a.b' : 'real',
              authrole: 'device',
              authmethod: 'ticket',
              authprovider: 'dynamic',
            },
          }),
        },
      },
    );
    const user = await site.gateway.join();
    const topics: string[] = [];
    await user.subscribe('', ({ topic }) => topics.push(topic), { match: 'prefix' });
    const first = await site.device('claimed', ['ticket']);
    await first.publish('x', { acknowledge: true });
    assert.equal(
      (await refusal(first.publish('dev.claimed.x', { acknowledge: true })))[0],
      'wamp.error.not_authorized',
    );
    // The same device reconnects, with another name in HELLO.
    const second = await site.device('other', ['ticket']);
    assert.match(await first.closed, /real has connected again/);
    await second.publish('dev.real.y', { acknowledge: true });
    assert.deepEqual(topics, ['dev.real.x', 'dev.real.y']);
    assert.equal((await refusal(site.device('odd', ['ticket'])))[0], 'wamp.error.invalid_argument');
  });

  it('protects an authenticated device from one that only claims its name', async () => {
    await using site = await Site.open(
      {},
      {
        authenticator: {
          begin: ({ details: { authid } }) => ({
            welcome: {
              authid: String(authid),
              authrole: 'device',
              authmethod: 'ticket',
              authprovider: 'dynamic',
            },
          }),
        },
      },
    );
    const proved = await site.device('a', ['ticket']);
    const [uri, text] = await refusal(site.device('a'));
    assert.deepEqual([uri, /authenticated device/.test(String(text))], ['wamp.error.authentication_required', true]);
    await proved.publish('alive', { acknowledge: true });
    const byName = await site.device('b');
    await site.device('b', ['ticket']);
    assert.match(await byName.closed, /connected again/);
  });

  it('allows one device per connection', async () => {
    await using site = await Site.open();
    const raw = await RawPeer.connect(site);
    raw.hello('a');
    await until('WELCOME', () => raw.heard.length === 1);
    raw.goodbye();
    await until('GOODBYE', () => raw.heard.length === 2);
    raw.hello('a');
    await until('WELCOME again', () => raw.heard.length === 3);
    raw.goodbye();
    raw.hello('b');
    await until('the end', () => raw.closed);
    assert.equal(raw.heard.at(-1), 'wamp.error.protocol_violation');
  });

  it('sends GOODBYE to devices when it stops, and closes their connections', async () => {
    await using site = await Site.open();
    const device = await site.device('a');
    const pendingSocket = connect(site.port, '127.0.0.1');
    await new Promise(resolve => pendingSocket.once('connect', resolve));
    await site.closeBridge();
    assert.match(await device.closed, /wamp\.close\.system_shutdown/);
    await until('the links', () => site.gateway.router.linkCount === 0);
    await until('the close of the pending connection', () => pendingSocket.destroyed || pendingSocket.closed);
    await assert.rejects(network.dialRawSocket({ host: '127.0.0.1', port: site.port, serializer: 'cbor' }));
  });
});

describe('device gate', () => {
  const remote: LinkInfo = {
    transport: 'rawsocket',
    serializer: 'cbor',
    peer: '192.0.2.1:1000',
    loopback: false,
    listener: 'test',
    tls: false,
  };

  /** The messages that a device from another machine receives. */
  async function fromAfar(anonymous: 'loopback' | 'any'): Promise<RawPeer> {
    const gateway = new TestGateway();
    const gate = new DeviceGate({ anonymous, maxDevices: 2 }, gateway.context);
    const [near, far] = localLinkPair(remote, remote, silentLogger);
    gate.accept(near);
    const peer = new RawPeer(far);
    peer.hello('a');
    await until('an answer', () => peer.heard.length > 0);
    peer.link.close('done');
    await gateway[Symbol.asyncDispose]();
    return peer;
  }

  it('admits devices of this machine only, by default', async () => {
    assert.equal((await fromAfar('loopback')).heard[0], 'wamp.error.authentication_required');
    assert.equal((await fromAfar('any')).heard[0], MessageType.Welcome);
  });

  it('bounds the pending connections and their time', async () => {
    await using gateway = new TestGateway();
    const clock = new FakeClock();
    const gate = new DeviceGate({ anonymous: 'any', maxDevices: 2 }, { ...gateway.context, clock });
    const peers = [1, 2, 3].map(() => {
      const [near, far] = localLinkPair(remote, remote, silentLogger);
      gate.accept(near);
      return new RawPeer(far);
    });
    // The connection that has waited longest is closed.
    await until('room', () => peers[0]?.closed);
    assert.deepEqual([peers[1]?.closed, peers[2]?.closed], [false, false]);
    clock.advance(10_000);
    await until('the end of their time', () => peers[1]?.closed && peers[2]?.closed);
    assert.equal(clock.timers, 0);
  });
});

describe('cbor-tcp demo', () => {
  it('starts a meter that connects through the socket', async () => {
    await using site = await Site.open();
    const user = await site.gateway.join();
    const topics = new Set<string>();
    await user.subscribe('dev.meter.power.', ({ topic }) => topics.add(topic), { match: 'prefix' });
    const config = cborTcpBridge.schema.parse({ port: site.port });
    await using _meter = await cborTcpDemo.start(config, {
      log: silentLogger,
      clock: systemClock,
      realm: 'realm1',
      dialRawSocket: options => network.dialRawSocket(options),
    });
    await until('values', () => topics.size === 2);
    assert.deepEqual((await user.call('dev.meter.led.set', { args: [true] })).args, [true]);
    assert.deepEqual(
      (await refusal(user.call('dev.meter.led.set', { args: ['on'] })))[0],
      'wamp.error.invalid_argument',
    );
    assert.equal(typeof (await user.call('dev.meter.reboot')).args[0], 'number');
  });
});
