// What a subscriber that has stopped reading costs one beside it, and the router's process: the healthy one's latency
// and the memory, with and without the stalled one by turns, in one run. Not a test:
//
//     npm run build && node dist/test/bench/slow-consumer.js [--rate=20000] [--seconds=3] [--rounds=3]
import { parseArgs } from 'node:util';
import { cborCodec } from '../../src/codec/cbor/cbor-codec.ts';
import type { Link } from '../../src/link/link.ts';
import { slowPolicies } from '../../src/link/outgoing-policy.ts';
import { dial } from '../../src/transport/dial.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType } from '../../src/wamp/message-type.ts';
import type { Message } from '../../src/wamp/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { isUri, type Uri } from '../../src/wamp/uri.ts';
import { LoadSession } from './load-session.ts';
import { RouterProcess } from './router-process.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
  },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);
const rounds = Number(values.rounds);

const KIB = 1024;
const MIB = KIB * KIB;
/** Events that may be on their way: more would make the healthy one slow itself where the machine is. */
const WINDOW = 4000;
const filler = 'x'.repeat(KIB - 24);
const wire = { transport: 'raw', serializer: 'cbor' } as const;

interface Round {
  readonly p50: number;
  readonly p99: number;
  /** CPU of the router's process for each event, in microseconds. */
  readonly cpu: number;
  /** Events a second that really went through. */
  readonly rate: number;
  readonly heap: number;
  readonly rss: number;
}

function uri(text: string): Uri {
  if (!isUri(text, 'loose')) throw new Error(`${text} is not a URI`);
  return text;
}

const realm = uri('realm1');
const topic = uri('com.example.plant7.line2');

/** A session on a bare link, which keeps what comes. */
class Peer {
  readonly link: Link;
  listener: (message: Message) => void = () => {};

  private constructor(link: Link) {
    this.link = link;
  }

  static async join(port: number): Promise<Peer> {
    const peer = new Peer(await dial(`tcp://127.0.0.1:${port}`, { codec: cborCodec, maxQueuedBytes: 1024 * MIB }));
    peer.link.open({
      message: message => peer.listener(message),
      closed: reason => {
        if (reason === 'over') return;
        console.error(`the router closed: ${reason}`);
        process.exit(1);
      },
    });
    const details = { roles: { publisher: {}, subscriber: {} } };
    await peer.ask({ type: MessageType.Hello, realm, details });
    return peer;
  }

  /** Sends a message and waits for the next one. */
  ask(message: Message): Promise<Message> {
    return new Promise(resolve => {
      this.listener = resolve;
      this.link.send(message);
    });
  }
}

/** Publishes at the rate, and measures how long each event takes to the healthy subscriber. */
async function measure(router: RouterProcess, publisher: Peer, healthy: Peer): Promise<Round> {
  const total = rate * seconds;
  const sentAt = new Float64Array(total);
  const latencies = new Float64Array(total);
  const before = await router.usage();
  const begun = performance.now();
  let sent = 0;
  let received = 0;
  await new Promise<void>((resolve, reject) => {
    healthy.listener = message => {
      if (message.type !== MessageType.Event) return;
      const [number] = message.payload.args;
      if (number !== received) reject(new Error(`event ${String(number)} came instead of ${received}`));
      latencies[received] = performance.now() - (sentAt[received] ?? 0);
      received++;
      if (received === total) resolve();
    };
    const tick = setInterval(() => {
      const due = Math.min(total, received + WINDOW, Math.floor(((performance.now() - begun) / 1000) * rate));
      for (; sent < due; sent++) {
        sentAt[sent] = performance.now();
        const payload = Payload.of([sent, filler]);
        publisher.link.send({ type: MessageType.Publish, request: asId(sent + 1), options: {}, topic, payload });
      }
      if (sent === total) clearInterval(tick);
    }, 1);
  });
  const took = (performance.now() - begun) / 1000;
  const { cpu } = await router.usage();
  const { heap, rss } = await router.collect();
  latencies.sort();
  const at = (part: number): number => latencies[Math.floor(total * part)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), cpu: (cpu - before.cpu) / total, rate: total / took, heap, rss };
}

function median(of: readonly number[]): number {
  return of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)] ?? Number.NaN;
}

function row(name: string, cells: readonly string[]): void {
  console.log(name.padEnd(34) + cells.map(cell => cell.padStart(12)).join(''));
}

function show(name: string, figures: readonly Round[]): void {
  row(name, [
    median(figures.map(figure => figure.p50)).toFixed(2),
    median(figures.map(figure => figure.p99)).toFixed(2),
    median(figures.map(figure => figure.cpu)).toFixed(1),
    median(figures.map(figure => figure.rate)).toFixed(0),
    (median(figures.map(figure => figure.heap)) / MIB).toFixed(1),
    (median(figures.map(figure => figure.rss)) / MIB).toFixed(1),
  ]);
}

console.log(`events of 1 KiB, ${rate} a second for ${seconds} s; medians of ${rounds} rounds\n`);
row('', ['p50 ms', 'p99 ms', 'CPU us', 'events/s', 'heap MiB', 'rss MiB']);
for (const policy of slowPolicies) {
  const router = await RouterProcess.start({ policy });
  const publisher = await Peer.join(router.endpoint('raw').port);
  const healthy = await Peer.join(router.endpoint('raw').port);
  await healthy.ask({ type: MessageType.Subscribe, request: asId(1), options: {}, topic });
  await measure(router, publisher, healthy);
  const [without, beside]: [Round[], Round[]] = [[], []];
  for (let i = 0; i < rounds; i++) {
    without.push(await measure(router, publisher, healthy));
    const stalled = await LoadSession.join(wire, router);
    await stalled.request([MessageType.Subscribe, 1, {}, topic], MessageType.Subscribed);
    stalled.stall();
    beside.push(await measure(router, publisher, healthy));
    stalled.close();
  }
  show(`${policy}: alone`, without);
  show(`${policy}: beside a stalled one`, beside);
  const ratio = (of: (figure: Round) => number): string =>
    `${(median(beside.map(of)) / median(without.map(of))).toFixed(2)}x`;
  row('', [
    ratio(figure => figure.p50),
    ratio(figure => figure.p99),
    ratio(figure => figure.cpu),
    ratio(figure => figure.rate),
    ratio(figure => figure.heap),
    ratio(figure => figure.rss),
  ]);
  publisher.link.close('over');
  healthy.link.close('over');
  await router.stop();
}
