import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { codecs } from '../../src/codec/codecs.ts';
import { parseConfig } from '../../src/gateway/config/load-config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { dial } from '../../src/transport/dial.ts';
import type { Dict } from '../../src/wamp/dict.ts';
import { MessageType, messageName } from '../../src/wamp/messages/message-type.ts';
import type { Message } from '../../src/wamp/messages/messages.ts';
import { asUri } from '../../src/wamp/uri.ts';
import { until } from '../support/until.ts';

/** Values that clients without a name send. */
const nameless: readonly unknown[] = ['', null, undefined, 7, 0, 1.5, false, true, [], {}];

describe('HELLO.Details.authid of a client without a name', () => {
  let gateway: Gateway;
  before(async () => {
    const web = { type: 'web', port: 0, page: false, longpoll: '/lp' };
    const input = {
      realms: [{ name: 'realm1' }],
      principals: [{ authid: 'joe', role: 'admin', ticket: 'secret' }],
      listeners: [web, { ...web, strict: true }, { type: 'rawsocket', port: 0 }],
    };
    gateway = new Gateway(parseConfig(input, []), { bridges: [] });
    await gateway.start();
  });
  after(() => gateway.stop());

  async function answer(url: string, details: Dict, codec = codecs[0], batched = false): Promise<Message> {
    assert.ok(codec !== undefined);
    const link = await dial(url, { codec, batched });
    const heard: Message[] = [];
    link.open({ message: message => heard.push(message), closed: () => {} });
    link.send({ type: MessageType.Hello, realm: asUri('realm1'), details: { roles: { caller: {} }, ...details } });
    const first = await until('an answer', () => heard[0]);
    link.close('done');
    return first;
  }

  const port = (index: number): number => gateway.listeners[index]?.port ?? assert.fail('no listener');

  it('counts as absent on lenient listeners, over every transport and in every serializer', async () => {
    const urls = [`ws://127.0.0.1:${port(0)}/ws`, `tcp://127.0.0.1:${port(0)}`, `tcp://127.0.0.1:${port(2)}`];
    urls.push(`http://127.0.0.1:${port(0)}/lp`);
    for (const url of urls) {
      for (const codec of codecs) {
        for (const batched of url.startsWith('tcp:') ? [false] : [false, true]) {
          for (const authid of nameless) {
            for (const authmethods of [undefined, null, [], ['anonymous'], ['ticket', 'anonymous']]) {
              // Every transport and serializer, and every list of methods, but not all of them together.
              if (authmethods !== undefined && (batched || codec.name !== 'json')) continue;
              const what = JSON.stringify([url, codec.name, batched, authid, authmethods]);
              const heard = await answer(url, { authid, authmethods }, codec, batched);
              assert.equal(messageName(heard.type), 'WELCOME', what);
            }
          }
        }
      }
    }
  });

  it('asks for a name if the method needs one', async () => {
    for (const authid of nameless) {
      const heard = await answer(`ws://127.0.0.1:${port(0)}/ws`, { authid, authmethods: ['ticket'] });
      assert.ok(heard.type === MessageType.Abort);
      assert.equal(heard.reason, 'wamp.error.authentication_required', JSON.stringify(authid));
    }
  });

  it('ends the session on strict listeners if it is present and not null', async () => {
    for (const authid of nameless) {
      const heard = await answer(`ws://127.0.0.1:${port(1)}/ws`, { authid });
      if (authid === undefined || authid === null) assert.equal(messageName(heard.type), 'WELCOME');
      else assert.equal(heard.type === MessageType.Abort && heard.reason, 'wamp.error.protocol_violation');
    }
  });

  it('is rejected if it is not a valid name: control characters could forge logs', async () => {
    for (const authid of ['a\n', 'x'.repeat(300), '\u009b']) {
      const heard = await answer(`ws://127.0.0.1:${port(0)}/ws`, { authid });
      assert.equal(heard.type === MessageType.Abort && heard.reason, 'wamp.error.invalid_argument');
    }
  });

  it('is absent also if methods or roles are written as common clients do', async () => {
    const methods = [null, '', 7, {}, 'anonymous', [null], [''], [7, null], [['anonymous']]];
    const roles = [{ caller: [] }, { caller: true, callee: null }, { callee: {}, caller: [] }];
    const details = [...methods.map(authmethods => ({ authmethods })), ...roles.map(roles => ({ roles }))];
    for (const one of details) {
      for (const codec of codecs) {
        const lenient = await answer(`ws://127.0.0.1:${port(0)}/ws`, one, codec);
        assert.equal(messageName(lenient.type), 'WELCOME', JSON.stringify(one));
      }
      const strict = await answer(`ws://127.0.0.1:${port(1)}/ws`, one);
      const reason = strict.type === MessageType.Abort ? strict.reason : undefined;
      const isAbsent = 'authmethods' in one && one.authmethods === null;
      assert.equal(reason, isAbsent ? undefined : 'wamp.error.protocol_violation', JSON.stringify(one));
    }
    for (const roles of [{ caller: null }, { caller: false }, {}, [], ['caller'], 'caller', true]) {
      const heard = await answer(`ws://127.0.0.1:${port(0)}/ws`, { roles });
      assert.equal(heard.type === MessageType.Abort && heard.reason, 'wamp.error.protocol_violation');
    }
    // A list that names a method is a list of methods.
    const refused = await answer(`ws://127.0.0.1:${port(0)}/ws`, { authmethods: ['ticket', null] });
    assert.equal(refused.type === MessageType.Abort && refused.reason, 'wamp.error.authentication_required');
  });
});
