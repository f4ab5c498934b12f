import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { connectAsync } from 'mqtt';
import { codecNamed } from '../../src/codec/codecs.ts';
import { PrincipalsDocument } from '../../src/gateway/principals/principals-document.ts';
import type { Link } from '../../src/link/link.ts';
import { dial } from '../../src/transport/dial.ts';
import type { DialOptions } from '../../src/transport/endpoint/dial-options.ts';
import type { Dict } from '../../src/wamp/dict.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/messages/message-type.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { asUri } from '../../src/wamp/uri.ts';
import { Certificates } from '../support/certificates.ts';
import { Folder } from '../support/folder.ts';
import { until } from '../support/until.ts';
import { GatewayFixture } from './gateway-fixture.ts';

const everything = { publisher: {}, subscriber: {}, caller: {}, callee: {} };

/** A client of the cbor-tcp port that sends any HELLO, and answers each CHALLENGE with a wrong ticket. */
class Impostor {
  readonly received: Message[] = [];
  readonly #link: Link;
  closed = false;

  private constructor(link: Link) {
    this.#link = link;
    link.open({
      message: message => {
        this.received.push(message);
        if (message.type === MessageType.Challenge)
          this.send({ type: MessageType.Authenticate, signature: 'x', extra: {} });
      },
      closed: () => {
        this.closed = true;
      },
    });
  }

  static async connect(port: number, tls?: DialOptions['tls']): Promise<Impostor> {
    const url = `${tls === undefined ? 'tcp' : 'tcps'}://127.0.0.1:${port}`;
    return new Impostor(await dial(url, { codec: codecNamed('cbor'), ...(tls !== undefined && { tls }) }));
  }

  send(message: Message): void {
    this.#link.send(message);
  }

  /** Sends HELLO. Returns WELCOME.Details, or ABORT.Reason. */
  async hello(realm: string, details: Dict): Promise<Dict | string> {
    const before = this.received.length;
    this.send({ type: MessageType.Hello, realm: asUri(realm), details: { roles: everything, ...details } });
    const answer = await until('an answer to HELLO', () =>
      this.received.slice(before).find(({ type }) => type === MessageType.Welcome || type === MessageType.Abort),
    );
    return answer.type === MessageType.Welcome
      ? answer.details
      : answer.type === MessageType.Abort
        ? answer.reason
        : '';
  }

  /** Sends everything that a session could do in the namespace of another device. */
  attack(): void {
    const payload = Payload.of([666]);
    let request = 0;
    const next = () => asId<'request'>(++request);
    for (const topic of ['level', 'dev.pump.level']) {
      const options = { acknowledge: true, retain: true };
      this.send({ type: MessageType.Publish, request: next(), options, topic: asUri(topic), payload });
    }
    for (const procedure of ['set', 'dev.pump.set'])
      this.send({ type: MessageType.Register, request: next(), options: {}, procedure: asUri(procedure) });
    const testament = Payload.of(['dev.pump.level', [666], {}]);
    const procedure = asUri('wamp.session.add_testament');
    this.send({ type: MessageType.Call, request: next(), options: {}, procedure, payload: testament });
  }

  close(): void {
    this.#link.close('done');
  }
}

const REQUIRED = 'wamp.error.authentication_required';

const METHODS: readonly (readonly unknown[] | undefined)[] = [
  ['anonymous', 'ticket'],
  ['ticket', 'anonymous'],
  ['anonymous', 'wampcra'],
  ['anonymous', 'nonsense'],
  ['nonsense', 'anonymous'],
  ['anonymous', 'tls'],
  ['cookie', 'anonymous', 'tls'],
  ['cryptosign', 'anonymous'],
  ['anonymous', 7],
  ['anonymous', 'anonymous'],
  ['anonymous'],
  ['nonsense'],
  ['ticket'],
  [],
  undefined,
];

describe('the name of a principal', () => {
  for (const anonymous of ['none', 'loopback', 'any'] as const) {
    it(`cannot be used by an unauthenticated device with any authmethods, even in an open realm (bridge: ${anonymous})`, async () => {
      await using fixture = await GatewayFixture.start({
        realms: [
          { name: 'home', anonymous: 'any' },
          { name: 'vault', anonymous: 'any' },
        ],
        bridges: { mqtt: { port: 0 }, 'cbor-tcp': { port: 0, anonymous } },
      });
      const pump = await fixture.device('pump');
      await pump.register('set', () => 'mine');
      const watcher = await fixture.join('admin');
      const events: string[] = [];
      await watcher.subscribe('', ({ topic, args }) => args[0] === 666 && events.push(topic), { match: 'prefix' });
      const names = ['pump', '', null, undefined, 7, 'PUMP', 'pump ', 'dev.pump', 'lamp2'];
      for (const realm of ['home', 'vault']) {
        for (const authid of names) {
          for (const authmethods of METHODS) {
            const what = JSON.stringify([realm, authid, authmethods]);
            const impostor = await Impostor.connect(fixture.ports.device);
            const answer = await impostor.hello(realm, { authid, ...(authmethods && { authmethods }) });
            if (typeof answer !== 'string') {
              // The bridge admits a device without credentials if its name is not that of a principal. The policy of
              // the realm does not apply.
              assert.ok(authid === 'lamp2' || authid === 'PUMP', what);
              assert.deepEqual([answer['authid'], answer['authrole']], [authid, 'device'], what);
              assert.notEqual(anonymous, 'none', what);
              assert.equal(realm, 'home', what);
              impostor.attack();
              await until('its last answer', () => impostor.received.some(({ type }) => type === MessageType.Error));
            }
            impostor.close();
            await until('its end', () => impostor.closed);
          }
        }
      }
      assert.deepEqual((await watcher.call('dev.pump.set')).args, ['mine']);
      assert.deepEqual(
        events.filter(topic => !/^dev\.(lamp2|PUMP)\./.test(topic)),
        [],
      );
      // The authenticated device is still connected.
      await pump.publish('level', { args: [1], acknowledge: true });
      await Promise.all([pump.leave(), watcher.leave()]);
    });
  }

  it('ends the connection of an unauthenticated device that used it before the principal was added', async () => {
    using folder = new Folder();
    const file = folder.file('principals.yaml');
    const text = 'version: 1\nprincipals:\n  - { authid: admin, role: admin, ticket: admin-secret }\n';
    writeFileSync(file, text, { mode: 0o600 });
    await using fixture = await GatewayFixture.start({
      realms: [{ name: 'home', anonymous: 'any' }],
      principals: file,
      bridges: { mqtt: { port: 0, anonymous: 'any' }, 'cbor-tcp': { port: 0, anonymous: 'any' } },
    });
    const connect = async (authid: string): Promise<Impostor> => {
      const device = await Impostor.connect(fixture.ports.device);
      assert.equal(Object(await device.hello('home', { authid }))['authid'], authid);
      return device;
    };
    const [lamp, other] = [await connect('lamp'), await connect('other')];
    const connectPlug = () =>
      connectAsync(`mqtt://127.0.0.1:${fixture.ports.mqtt}`, { clientId: 'plug', reconnectPeriod: 0 });
    const plug = await connectPlug();
    const closed = new Promise<void>(resolve => {
      plug.once('close', () => resolve());
    });
    await PrincipalsDocument.update(file, {}, document => {
      for (const authid of ['lamp', 'plug']) document.add({ authid, role: 'device', ticket: 'x' });
    });
    await closed;
    await until('the end of the device by name', () => lamp.received.some(({ type }) => type === MessageType.Goodbye));
    lamp.send({ type: MessageType.Goodbye, details: {}, reason: asUri('wamp.close.goodbye_and_out') });
    assert.equal(await (await Impostor.connect(fixture.ports.device)).hello('home', { authid: 'lamp' }), REQUIRED);
    await assert.rejects(connectPlug());
    assert.equal(other.closed, false);
  });

  it('is taken from the client certificate, even if HELLO has no authid', async () => {
    using certificates = await Certificates.make('pump', 'lamp');
    const path = (name: string): string => certificates.path(name);
    const tls = {
      ...{ cert: path('server.pem'), key: path('server.key') },
      ...{ clientCertificates: 'request', clientCa: path('ca.pem') },
    };
    await using fixture = await GatewayFixture.start({
      realms: [{ name: 'home', anonymous: 'any' }],
      principals: [
        { authid: 'admin', role: 'admin', ticket: 'admin-secret' },
        { authid: 'pump', role: 'device', certificates: [{ subject: 'CN=pump' }] },
      ],
      bridges: { mqtt: { port: 0 }, 'cbor-tcp': { port: 0, anonymous: 'any', tls } },
    });
    const ca = certificates.read('ca.pem');
    const hello = async (device: string, details: Dict): Promise<Dict | string> => {
      const shown = { ca, cert: certificates.read(`${device}.pem`), key: certificates.read(`${device}.key`) };
      const impostor = await Impostor.connect(fixture.ports.device, shown);
      const answer = await impostor.hello('home', details);
      impostor.close();
      return typeof answer === 'string' ? answer : { authid: answer['authid'], authmethod: answer['authmethod'] };
    };
    const pump = { authid: 'pump', authmethod: 'tls' };
    for (const authid of [undefined, '', null, 7, 'pump'])
      for (const authmethods of [['tls'], ['anonymous', 'tls'], ['ticket', 'tls']])
        assert.deepEqual(await hello('pump', { authid, authmethods }), pump, JSON.stringify([authid, authmethods]));
    for (const authid of [undefined, 'pump'])
      for (const authmethods of [['tls'], ['anonymous', 'tls']])
        assert.match(String(await hello('lamp', { authid, authmethods })), /^wamp\.error\./);
  });
});
