import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '../../src/base/logger.ts';
import type { Link, LinkInfo } from '../../src/link/link.ts';
import { localLinkPair } from '../../src/link/local-link.ts';
import { AnonymousAuthenticator } from '../../src/router/anonymous-authenticator.ts';
import { Router } from '../../src/router/router.ts';
import { asId, countingIds } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/message-type.ts';
import type { Message } from '../../src/wamp/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { asUri } from '../../src/wamp/uri.ts';
import { FakeClock } from '../support/fake-clock.ts';

const info: LinkInfo = {
  transport: 'local',
  serializer: 'none',
  peer: 'test',
  loopback: true,
  listener: 'test',
  tls: false,
};

function makeRouter() {
  return new Router({
    realms: [{ name: 'realm1', uri: 'loose' }],
    authenticator: new AnonymousAuthenticator({ who: 'loopback' }),
    clock: new FakeClock(),
    log: silentLogger,
    sessionIds: countingIds(),
    publicationIds: countingIds(),
  });
}

class Peer {
  readonly received: Message[] = [];
  readonly link: Link;
  constructor(router: Router) {
    const [near, far] = localLinkPair(info, info, silentLogger);
    router.attach(near);
    this.link = far;
    far.open({ message: message => this.received.push(message), closed: () => {} });
  }
}

const turn = () => new Promise(resolve => setImmediate(resolve));

describe('router', () => {
  it('passes the payload object on untouched, and one EVENT object to all subscribers', async () => {
    const router = makeRouter();
    const [a, b, c] = [new Peer(router), new Peer(router), new Peer(router)];
    for (const peer of [a, b, c]) {
      peer.link.send({ type: MessageType.Hello, realm: asUri('realm1'), details: { roles: { subscriber: {} } } });
    }
    for (const peer of [b, c]) {
      peer.link.send({ type: MessageType.Subscribe, request: asId(1), options: {}, topic: asUri('a.b') });
    }
    await turn();
    const payload = Payload.of([1]);
    a.link.send({ type: MessageType.Publish, request: asId(1), options: {}, topic: asUri('a.b'), payload });
    await turn();
    const [event] = b.received.slice(-1);
    assert.ok(event?.type === MessageType.Event);
    assert.equal(event.payload, payload);
    assert.equal(event, c.received.at(-1));
    assert.deepEqual(
      a.received.map(({ type }) => type),
      [MessageType.Welcome],
    );
  });
});
