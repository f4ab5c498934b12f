import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { GatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { AutobahnJsPeer } from './peers/autobahn-js-peer.ts';
import { AutobahnPythonPeer } from './peers/autobahn-python-peer.ts';
import { type Peer, PeerError } from './peers/peer.ts';
import { WampyPeer } from './peers/wampy-peer.ts';

type Lack = 'disclosure' | 'exclude_me: false' | 'retain' | 'progress as a callee';

/** A client, and the features that its library lacks. The tests leave these out. */
interface Client {
  readonly name: string;
  readonly join: (gateway: GatewayProcess) => Promise<Peer>;
  readonly lacks: readonly Lack[];
}

const wampyLacks = ['exclude_me: false', 'retain', 'progress as a callee'] as const;

/** Autobahn|Python has no option for disclosure and leaves it to the router. */
const pythonLacks = ['disclosure'] as const;

const clients: readonly Client[] = [
  ...(['json', 'msgpack', 'cbor'] as const).flatMap((serializer): Client[] => [
    { name: `Autobahn|JS, ${serializer}`, join: ({ url }) => AutobahnJsPeer.join(url, serializer), lacks: [] },
    { name: `wampy, ${serializer}`, join: ({ url }) => WampyPeer.join(url, serializer), lacks: wampyLacks },
    {
      name: `Autobahn|Python, ${serializer}`,
      join: ({ url }) => AutobahnPythonPeer.join(url, serializer),
      lacks: pythonLacks,
    },
  ]),
  {
    name: 'Autobahn|Python, RawSocket, cbor',
    join: ({ ports }) => AutobahnPythonPeer.join(`rs://127.0.0.1:${ports.rawSocket}`, 'cbor'),
    lacks: pythonLacks,
  },
];

const refused = (uri: string) => (error: unknown) => error instanceof PeerError && error.uri === uri;

describe('the advanced profile with clients of other projects', () => {
  let gateway: GatewayProcess;
  before(async () => {
    gateway = await GatewayProcess.start();
  });
  after(() => gateway?.stop());

  for (const [index, { name, join, lacks }] of clients.entries()) {
    const uri = `com.advanced.n${index}`;

    describe(name, () => {
      let peer: Peer;
      // Each client meets the next in the list, which uses another library.
      let other: Peer;
      const next = clients[(index + 1) % clients.length] ?? assert.fail();
      before(async () => {
        [peer, other] = await Promise.all([join(gateway), next.join(gateway)]);
      });
      after(async () => {
        await Promise.all([peer?.close(), other?.close()]);
      });

      /** Waits until `to` has received `last` below `topic`, and returns the first argument of each event. */
      const received = async (to: Peer, topic: string, last: unknown): Promise<unknown[]> => {
        const mine = () => to.events.filter(event => event.topic.startsWith(topic)).map(({ args }) => args[0]);
        await until(`${String(last)} on ${topic}`, () => mine().includes(last));
        return mine();
      };

      it('subscribes to patterns, and receives the topic of each event [advanced/pubsub_pattern_based_subscription]', async () => {
        await peer.subscribe(`${uri}.pat`, 'prefix');
        await peer.subscribe(`${uri}..wild`, 'wildcard');
        for (const topic of ['pattern', 'pat.a', 'room.wild', 'room.tame', 'end.wild'])
          await other.publish(`${uri}.${topic}`, [topic]);
        assert.deepEqual(await received(peer, uri, 'end.wild'), ['pattern', 'pat.a', 'room.wild', 'end.wild']);
      });

      it('limits the receivers of its events [advanced/pubsub_black_whitelisting]', async () => {
        const topic = `${uri}.audience`;
        await Promise.all([peer.subscribe(topic), other.subscribe(topic)]);
        await peer.publish(topic, ['the others']);
        await peer.publish(topic, ['the other'], {}, { eligible: [other.session] });
        await peer.publish(topic, ['not the other'], {}, { exclude: [other.session] });
        await peer.publish(topic, ['no role'], {}, { eligible_authrole: ['nobody'] });
        await other.publish(topic, ['end']);
        await peer.publish(topic, ['end']);
        assert.deepEqual(await received(other, topic, 'end'), ['the others', 'the other', 'end']);
        assert.deepEqual(await received(peer, topic, 'end'), ['end']);
      });

      if (!lacks.includes('exclude_me: false')) {
        it('receives its own event if it asks for that [advanced/pubsub_publisher_exclusion]', async () => {
          const topic = `${uri}.mirror`;
          await peer.subscribe(topic);
          await peer.publish(topic, ['not this']);
          await peer.publish(topic, ['this'], {}, { exclude_me: false });
          assert.deepEqual(await received(peer, topic, 'this'), ['this']);
        });
      }

      it('receives the events that were retained before it subscribed [advanced/pubsub_event_retention]', async () => {
        const topic = `${uri}.kept`;
        const publisher = next.lacks.includes('retain') ? peer : other;
        for (const value of ['old', 'newest']) {
          await publisher.publish(topic, [value], {}, { retain: true, exclude_me: false });
        }
        await peer.subscribe(topic, 'exact', { get_retained: true });
        assert.deepEqual(await received(peer, topic, 'newest'), ['newest']);
        assert.equal(peer.events.find(event => event.topic === topic)?.retained, true);
      });

      it('registers a pattern, and receives the procedure of each call [advanced/rpc_pattern_based_registration]', async () => {
        await peer.register(`${uri}.offer`, 'procedure', { match: 'prefix' });
        assert.deepEqual((await other.call(`${uri}.offer.tea`, [])).args, [`${uri}.offer.tea`]);
      });

      it('shares a procedure with round-robin calls [advanced/rpc_shared_registration]', async () => {
        await peer.register(`${uri}.shared`, 'echo', { invoke: 'roundrobin' });
        await other.register(`${uri}.shared`, 'name', { invoke: 'roundrobin' });
        const answers = [];
        for (let n = 0; n < 4; n++) answers.push((await other.call(`${uri}.shared`, [])).args.length);
        assert.deepEqual(answers, [0, 1, 0, 1]);
        await peer.register(`${uri}.first`, 'name', { invoke: 'first' });
        await assert.rejects(
          other.register(`${uri}.first`, 'name', { invoke: 'last' }),
          refused('wamp.error.procedure_already_exists'),
        );
      });

      it('sends and receives progressive results [advanced/rpc_progressive_call_results]', async () => {
        await peer.register(`${uri}.count`, 'count');
        await other.register(`${uri}.other.count`, 'count');
        const all = [0, 1, 2, 3];
        const from = ({ lacks }: Client) => (lacks.includes('progress as a callee') ? all.slice(-1) : all);
        assert.deepEqual(await peer.callForProgress(`${uri}.other.count`, [3]), from(next));
        assert.deepEqual(await other.callForProgress(`${uri}.count`, [3]), from(clients[index] ?? assert.fail()));
        assert.deepEqual((await other.call(`${uri}.count`, [3])).args, [3]);
      });

      it('cancels a call [advanced/rpc_call_canceling]', async () => {
        await other.register(`${uri}.never`, 'never');
        const [registration] = (await peer.call('wamp.registration.match', [`${uri}.never`])).args;
        assert.equal(typeof registration, 'number');
        // The answer to a further call shows that the first call has arrived.
        await peer.callAndCancel(`${uri}.never`, () => peer.call('wamp.session.count', []));
        assert.deepEqual((await peer.call('wamp.registration.count_callees', [registration])).args, [1]);
      });

      it('receives an error when the timeout of its call expires [advanced/rpc_call_timeout]', async () => {
        await other.register(`${uri}.slow`, 'never');
        await assert.rejects(peer.call(`${uri}.slow`, [], {}, { timeout: 50 }), refused('wamp.error.timeout'));
      });

      if (!lacks.includes('disclosure')) {
        it('discloses its identity if it asks for that [advanced/rpc_caller_identification], [advanced/pubsub_publisher_identification]', async () => {
          await other.register(`${uri}.who`, 'caller');
          assert.deepEqual((await peer.call(`${uri}.who`, [], {}, { disclose_me: true })).args, [peer.session]);
          assert.deepEqual((await peer.call(`${uri}.who`, [])).args, ['undisclosed']);
          await other.subscribe(`${uri}.whose`);
          await peer.publish(`${uri}.whose`, ['hidden']);
          await peer.publish(`${uri}.whose`, ['shown'], {}, { disclose_me: true });
          await received(other, `${uri}.whose`, 'shown');
          const whose = other.events.filter(({ topic }) => topic === `${uri}.whose`).map(({ publisher }) => publisher);
          assert.deepEqual(whose, [undefined, peer.session]);
        });
      }

      it('calls the meta API and receives its events [advanced/meta_api_sessions], [advanced/meta_api_subscriptions]', async () => {
        await peer.subscribe('wamp.session.on_join');
        const third = await next.join(gateway);
        const { session } = third;
        const joined = await until('on_join', () =>
          peer.events.find(
            ({ topic, args: [details] }) =>
              topic === 'wamp.session.on_join' && Number(Object(details)['session']) === session,
          ),
        );
        assert.equal(Object(joined.args[0])['authrole'], 'anonymous');
        const [sessions] = (await peer.call('wamp.session.list', [])).args;
        assert.ok(Array.isArray(sessions) && sessions.map(Number).includes(session));
        await third.subscribe(`${uri}.meta`);
        const [subscription] = (await peer.call('wamp.subscription.lookup', [`${uri}.meta`])).args;
        assert.deepEqual((await peer.call('wamp.subscription.count_subscribers', [subscription])).args, [1]);
        await third.close();
        await assert.rejects(peer.call('wamp.session.get', [session]), refused('wamp.error.no_such_session'));
      });
    });
  }
});
