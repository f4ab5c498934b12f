import { MessageType } from '../src/wamp/messages/message-type.ts';
import type { Effort } from './effort.ts';
import { listFormats } from './list-format.ts';
import { LoadSession } from './load-session.ts';
import type { Candidate } from './measured-router.ts';
import { PacedLoad } from './paced-load.ts';
import { rawCbor } from './samples.ts';
import type { Findings, OtherScenario } from './scenario.ts';
import { frameOf } from './wire-format.ts';

const SUBSCRIPTIONS = 10_000;
const TIMES = 10;

/** One publisher and one subscriber continue during the test. */
const RATE = 1000;

/** Made in advance: a process that makes and reads them one by one would measure the events wrongly. */
const frames = Buffer.concat(
  Array.from({ length: SUBSCRIPTIONS }, (_, i) => {
    const topic = `com.example.site..line${i}.pressure`;
    const list = [MessageType.Subscribe, i + 1, { match: 'wildcard' }, topic];
    return frameOf(rawCbor, listFormats[rawCbor.serializer].write(list));
  }),
);

/** A session with ten thousand subscriptions joins and leaves: the latency for other sessions. */
export const joining: OtherScenario = {
  kind: 'other',
  group: 'joining',
  name: `${SUBSCRIPTIONS} wildcard subscriptions, ${TIMES} times`,
  run,
};

async function run(_effort: Effort, candidates: readonly Candidate[]): Promise<Findings> {
  const lines: string[] = [];
  const figures: Record<string, unknown> = {};
  let lost = 0;
  for (const candidate of candidates.filter(({ own }) => own)) {
    const router = await candidate.start();
    const paced = await PacedLoad.open(router, { wire: rawCbor, publishers: 1, rate: RATE, payload: [['ok']] });
    try {
      await paced.run(1000);
      const alone = await paced.run(3000);
      const begun = performance.now();
      let seconds = 0;
      const comings = (async () => {
        for (let i = 0; i < TIMES; i++) {
          const session = await LoadSession.join(rawCbor, router);
          await subscribed(session);
          session.close();
        }
        seconds = (performance.now() - begun) / 1000;
      })();
      const beside = await paced.run(3000);
      await comings;
      lost += alone.lost + beside.lost;
      figures[candidate.name] = { alone: alone.latency, beside: beside.latency, seconds };
      for (const [when, { latency }] of [
        ['alone', alone],
        ['beside it', beside],
      ] as const) {
        const { p50 = Number.NaN, p99 = Number.NaN, max = Number.NaN } = latency ?? {};
        const took = [p50, p99, max].map(value => value.toFixed(2));
        lines.push(
          `${candidate.name.padEnd(12)}an event ${when.padEnd(10)} ${took[0]} ms (p50), ${took[1]} ms (p99), ${took[2]} ms (longest)`,
        );
      }
    } finally {
      paced.close();
      await router.stop();
    }
  }
  return { lines, lost, figures };
}

function subscribed(session: LoadSession): Promise<void> {
  let left = SUBSCRIPTIONS;
  return new Promise((resolve, reject) => {
    session.listen({
      message: code => {
        if (code !== MessageType.Subscribed) reject(new Error(`the router answered with ${code}`));
        else if (--left === 0) resolve();
      },
      chunkEnd: () => {},
    });
    session.write(frames);
  });
}
