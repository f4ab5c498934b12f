import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BarePeer, wires } from '../support/bare-peer.ts';
import { RouterServer } from '../support/router-server.ts';
import { ABSENT, readVectors, WHERE } from '../support/vectors.ts';

// The specification's own dialogues, over every transport and serializer.

interface Spoken {
  readonly type: string;
  readonly [attribute: string]: unknown;
}

interface Dialogue {
  readonly description: string;
  readonly sessions: readonly {
    readonly session_id: string;
    readonly roles: readonly string[];
    readonly realm: string;
  }[];
  readonly sequence: readonly {
    readonly step: number;
    readonly from: string;
    readonly to: string;
    readonly message: Spoken;
  }[];
}

/** The order of attributes. Absent arguments are omitted. */
const layouts: Readonly<Record<string, readonly [code: number, ...attributes: string[]]>> = {
  PUBLISH: [16, 'request_id', 'options', 'topic', 'args', 'kwargs'],
  PUBLISHED: [17, 'request_id', 'publication_id'],
  SUBSCRIBE: [32, 'request_id', 'options', 'topic'],
  SUBSCRIBED: [33, 'request_id', 'subscription_id'],
  UNSUBSCRIBE: [34, 'request_id', 'subscription_id'],
  UNSUBSCRIBED: [35, 'request_id'],
  EVENT: [36, 'subscription_id', 'publication_id', 'details', 'args', 'kwargs'],
  CALL: [48, 'request_id', 'options', 'procedure', 'args', 'kwargs'],
  RESULT: [50, 'request_id', 'details', 'args', 'kwargs'],
};

function layoutOf({ type }: Spoken): readonly [number, ...string[]] {
  return layouts[type] ?? assert.fail(`this test does not know ${type}`);
}

/** The ids that the router has chosen, by their placeholders in the vector. */
type Ids = Map<string, unknown>;

function listOf(message: Spoken, ids: Ids): unknown[] {
  const [code, ...attributes] = layoutOf(message);
  const given = attributes.filter(attribute => message[attribute] !== undefined);
  return [code, ...given.map(attribute => ids.get(`${attribute} ${String(message[attribute])}`) ?? message[attribute])];
}

async function play({ sessions, sequence }: Dialogue, connect: () => Promise<BarePeer>): Promise<void> {
  const peers = new Map<string, BarePeer>();
  const ids: Ids = new Map();
  for (const { session_id: name, realm, roles } of sessions) {
    const peer = await connect();
    peers.set(name, peer);
    peer.send([1, realm, { roles: Object.fromEntries(roles.map(role => [role, {}])) }]);
    assert.equal((await peer.receive())[0], 2);
  }
  for (const { step, from, to, message } of sequence) {
    const peer = peers.get(from === 'router' ? to : from) ?? assert.fail(`step ${step}: who is that?`);
    if (from !== 'router') {
      peer.send(listOf(message, ids));
      continue;
    }
    const heard = await peer.receive();
    for (const [i, attribute] of layoutOf(message).entries()) {
      const key = `${attribute} ${String(message[String(attribute)])}`;
      if (attribute === 'subscription_id' || attribute === 'publication_id') ids.set(key, ids.get(key) ?? heard[i]);
    }
    assert.deepEqual(heard, listOf(message, ids), `step ${step}`);
  }
  for (const peer of peers.values()) peer.end();
}

describe('the dialogues of the specification', () => {
  const vectors = readVectors<Dialogue>('multisession');
  if (vectors === undefined) {
    it(ABSENT, t => t.diagnostic(WHERE));
    return;
  }
  for (const [name, dialogue] of vectors) {
    for (const wire of wires) {
      it(`${name}: ${dialogue.description}: ${wire.name}`, async () => {
        await using server = await RouterServer.start();
        await play(dialogue, () => BarePeer.connect({ web: server.port, rawSocket: server.port }, wire));
      });
    }
  }
  it('exist', () => assert.ok(vectors.length > 0));
});
