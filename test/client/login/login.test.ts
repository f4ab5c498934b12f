import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientSession, type SessionOptions } from '../../../src/client/session/client-session.ts';
import { codecNamed } from '../../../src/codec/codecs.ts';
import { parseConfig } from '../../../src/gateway/config/load-config.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';
import type { Link, LinkReceiver } from '../../../src/link/link.ts';
import { craLogin, type Login, scramLogin, signLogin, ticketLogin } from '../../../src/public/client.ts';
import { dial } from '../../../src/transport/dial.ts';
import type { Dict } from '../../../src/wamp/dict.ts';
import { asId } from '../../../src/wamp/ids.ts';
import { MessageType } from '../../../src/wamp/messages/message-type.ts';
import type { Message } from '../../../src/wamp/messages/messages.ts';
import { testLinkInfo } from '../../support/list-link.ts';

const PRIVATE_KEY = '04c32ac48ec8e5cadfea1f3dd806c302c3c53f6f76718ed658a1d522f4276403';
const PUBLIC_KEY = '2568578f59cbb08880a534b1be36d7f01164d4c52d90ee981cc4f9f1912bffc5';

const principals = [
  { authid: 'ticket', role: 'user', ticket: 'geheim' },
  { authid: 'cra', role: 'user', wampcra: { secret: 'geheim' } },
  { authid: 'salted', role: 'user', wampcra: { password: 'geheim', salt: 'salt-123', iterations: 100, keylen: 24 } },
  { authid: 'scram,=', role: 'user', scram: { password: 'päss' } },
  { authid: 'argon', role: 'user', scram: { password: 'päss', kdf: 'argon2id13', iterations: 1, memory: 1024 } },
  { authid: 'sign', role: 'user', cryptosign: [PUBLIC_KEY] },
];

async function started(): Promise<Gateway> {
  const config = {
    realms: [{ name: 'home', anonymous: 'none' }],
    listeners: [{ type: 'rawsocket', port: 0 }],
    principals,
  };
  const gateway = new Gateway(parseConfig(config, []), { bridges: [] });
  await gateway.start();
  return gateway;
}

async function joined(gateway: Gateway, options: Partial<SessionOptions>): Promise<string> {
  const link = await dial(`tcp://${gateway.listeners[0]?.address}`, { codec: codecNamed('cbor') });
  const session = await ClientSession.join(link, { realm: 'home', ...options });
  await session.leave();
  return `${session.welcome['authid']} by ${session.welcome['authmethod']}`;
}

/** A link whose far end answers HELLO with WELCOME, or with the messages of `answer`. */
function stub(answer: (message: Message) => Message | undefined): Link & { readonly heard: Message[] } {
  let receiver: LinkReceiver | undefined;
  const heard: Message[] = [];
  return {
    info: testLinkInfo,
    heard,
    queuedBytes: 0,
    open: ears => {
      receiver = ears;
    },
    send(message) {
      heard.push(message);
      const said = answer(message);
      if (said !== undefined) queueMicrotask(() => receiver?.message(said));
    },
    close: () => {},
  };
}

const welcome = (details: Dict = {}): Message => ({ type: MessageType.Welcome, session: asId(1), details });
const challenge = (method: string, extra: Dict): Message => ({ type: MessageType.Challenge, method, extra });

describe('logins', () => {
  it('authenticate with every method', async () => {
    await using gateway = await started();
    const by = (authid: string, login: Login): Promise<string> => joined(gateway, { authid, logins: [login] });
    assert.equal(await by('ticket', ticketLogin('geheim')), 'ticket by ticket');
    assert.equal(await by('cra', craLogin('geheim')), 'cra by wampcra');
    assert.equal(await by('salted', craLogin('geheim')), 'salted by wampcra');
    assert.equal(await by('scram,=', scramLogin('pa\u0308ss')), 'scram,= by wamp-scram');
    assert.equal(await by('argon', scramLogin('päss')), 'argon by wamp-scram');
    assert.equal(await by('sign', signLogin(PRIVATE_KEY)), 'sign by cryptosign');
    assert.equal(await joined(gateway, { logins: [signLogin(PRIVATE_KEY)] }), 'sign by cryptosign');
    const all = [signLogin(PRIVATE_KEY), scramLogin('päss'), craLogin('geheim'), ticketLogin('geheim')];
    assert.equal(await joined(gateway, { authid: 'ticket', logins: all }), 'ticket by ticket');
    assert.equal(await joined(gateway, { authid: 'argon', logins: all }), 'argon by wamp-scram');
    for (const [authid, login] of [
      ['ticket', ticketLogin('x')],
      ['cra', craLogin('x')],
      ['argon', scramLogin('x')],
      ['sign', signLogin('11'.repeat(32))],
    ] as const) {
      await assert.rejects(by(authid, login), /authentication_denied/, authid);
    }
  });

  it('do not answer a CHALLENGE of a method that was not offered', async () => {
    const link = stub(({ type }) => (type === MessageType.Hello ? challenge('ticket', {}) : undefined));
    await assert.rejects(
      ClientSession.join(link, { realm: 'r', authid: 'a', logins: [craLogin('x')] }),
      /requires authentication by ticket/,
    );
    assert.deepEqual(
      link.heard.map(({ type }) => type),
      [MessageType.Hello, MessageType.Abort],
    );
  });

  it('end if the router does not prove that it knows the password [advanced/authentication_scram]', async () => {
    const join = (link: Link): Promise<ClientSession> =>
      ClientSession.join(link, { realm: 'r', authid: 'a', logins: [scramLogin('x')] });
    await assert.rejects(join(stub(() => welcome())), /did not prove its identity/);
    const nonceOf = (message: Message): string =>
      message.type === MessageType.Hello ? String((message.details['authextra'] as Dict)['nonce']) : '';
    const cheat = (change: Dict, last: Message = welcome()): Link =>
      stub(message => {
        if (message.type !== MessageType.Hello) return message.type === MessageType.Authenticate ? last : undefined;
        const usual = { salt: 'AAAAAAAAAAAAAAAA', kdf: 'pbkdf2', iterations: 4096, memory: null };
        return challenge('wamp-scram', { nonce: `${nonceOf(message)}AAAA`, ...usual, ...change });
      });
    await assert.rejects(join(cheat({})), /does not prove/);
    await assert.rejects(join(cheat({}, welcome({ authextra: { verifier: 'AAAA' } }))), /does not prove/);
    await assert.rejects(join(cheat({ nonce: 'AAAAAAAA' })), /does not begin with the nonce of this attempt/);
    await assert.rejects(join(cheat({ iterations: 10 })), /must be an integer from 4096/);
    await assert.rejects(join(cheat({ iterations: 2 ** 40 })), /must be an integer from/);
    await assert.rejects(join(cheat({ kdf: 'md5' })), /kdf must be pbkdf2 or argon2id13/);
    await assert.rejects(
      join(cheat({ kdf: 'argon2id13', iterations: 1, memory: 2 ** 30 })),
      /must be an integer from 1024/,
    );
  });

  it('end if the router does not accept the requested channel binding [advanced/authentication_cryptosign: TLS Channel Binding]', async () => {
    const info = { ...testLinkInfo, channelBinding: () => new Uint8Array(32) };
    const link = {
      ...stub(({ type }) =>
        type === MessageType.Hello ? challenge('cryptosign', { challenge: '00'.repeat(32) }) : undefined,
      ),
      info,
    };
    const logins = [signLogin(PRIVATE_KEY, { channelBinding: 'tls-exporter' })];
    await assert.rejects(
      ClientSession.join(link, { realm: 'r', authid: 'a', logins }),
      /did not accept the requested channel binding/,
    );
    await assert.rejects(
      ClientSession.join(
        stub(() => welcome()),
        { realm: 'r', logins },
      ),
      /does not support the channel binding/,
    );
  });
});
