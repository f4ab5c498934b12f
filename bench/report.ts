import type { Figures, LoadResult, RouterResult } from './measure.ts';
import type { OtherResult } from './results.ts';

const titles: Readonly<Record<string, string>> = {
  sensor: '1 publisher -> 1 subscriber, sensor event of about 105 bytes',
  floats: '1 publisher -> 1 subscriber, 1 KiB of floats',
  mixed: '1 publisher -> 1 subscriber, sensor event, converted on the way',
  'fan-out 10': '1 publisher -> 10 subscribers, sensor event',
  'fan-out 100': '1 publisher -> 100 subscribers, sensor event',
  'fan-out 1000': '1 publisher -> 1000 subscribers, sensor event',
  topics: '1 publisher, 100 topics -> 1 subscriber by name and 1 by prefix',
  rpc: '4 callers x 16 calls outstanding -> 1 callee',
  'paced 10 k/s': '20 publishers, 10,000 events a second together -> 1 subscriber',
  'paced 50 k/s': '20 publishers, 50,000 events a second together -> 1 subscriber',
  acknowledged: '1 publisher that waits for each acknowledgement',
  features: 'what having it costs: 1 publisher -> 1 subscriber, sensor event',
  idle: 'memory of an idle session',
  storm: 'all connect at once',
  joining: 'joining and leaving with very much',
  'slow consumer': 'one subscriber that does not read, beside one that does',
  mqtt: 'MQTT to WAMP',
  growth: 'how cost grows: one receiver for each event, more and more of something else',
  soak: 'memory under a load that goes on, after garbage collections',
  'small machine': 'the whole gateway on one core with a heap of 256 MiB',
};

/** Below this share of a core the router waited for the load generator or for the machine. */
const BUSY = 0.9;

const NAME_WIDTH = 24;
const heads = {
  rate: ['a second', 'CPU us', 'router', 'load', 'rate', 'CPU'],
  latency: ['a second', 'CPU us', 'router', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU', 'p99'],
};

/** Prints results as a table, as they arrive. */
export class Report {
  #group = '';
  #waited = false;
  #lost = false;

  load(result: LoadResult): void {
    this.#title(result.group, heads[result.shows]);
    const [own] = result.routers;
    for (const each of result.routers) this.#row(result, each, own?.figures);
  }

  other({ group, name, lines, lost }: OtherResult): void {
    this.#title(group, undefined);
    console.log(`  ${name}`);
    for (const line of lines) console.log(`    ${line}`);
    if (lost !== 0) console.log(`    LOST OR WRONG: ${lost}`);
    this.#lost ||= lost !== 0;
  }

  end(seconds: number): void {
    console.log(
      '\na second: events delivered, or calls answered; CPU us: of the router for each. router, load: share of a core.',
    );
    console.log('In the last columns, how many times better the first router is than the one in that line.');
    if (this.#waited) {
      console.log('* the router had time to spare: load or machine was the limit, so CPU tells more than the rate.');
    }
    console.log(this.#lost ? 'SOMETHING WAS LOST: those figures are worth nothing.' : 'Nothing was lost.');
    console.log(`${seconds.toFixed(0)} seconds, Node ${process.version}`);
  }

  #title(group: string, columns: readonly string[] | undefined): void {
    if (group === this.#group) return;
    this.#group = group;
    console.log(`\n${titles[group] ?? group}`);
    if (columns !== undefined) console.log(row('', columns));
  }

  #row({ shows, name, routers }: LoadResult, { router, figures, lost }: RouterResult, own: Figures | undefined): void {
    const first = routers[0]?.router === router;
    const label = first ? name : `  ${router}`;
    if (figures === undefined) {
      console.log(row(label, ['not spoken']));
      return;
    }
    const waited = shows === 'rate' && figures.routerCores < BUSY;
    const cells = [grouped(figures.rate), figures.cpu.toFixed(2), percent(figures.routerCores)];
    if (shows === 'latency') {
      const { p50 = Number.NaN, p99 = Number.NaN, p999 = Number.NaN } = figures.latency ?? {};
      cells.push(p50.toFixed(3), p99.toFixed(3), p999.toFixed(3));
    } else cells.push(percent(figures.loadCores));
    if (!first && own !== undefined) {
      const cpu = times(figures.cpu / own.cpu);
      if (shows === 'rate') cells.push(times(own.rate / figures.rate), cpu);
      else cells.push(cpu, times((figures.latency?.p99 ?? Number.NaN) / (own.latency?.p99 ?? Number.NaN)));
    }
    // Losses of another router are reported too, because its figures are then better than they should be.
    console.log(row(waited ? `${label} *` : label, cells) + (lost === 0 ? '' : `  LOST OR WRONG: ${lost}`));
    this.#waited ||= waited;
    this.#lost ||= lost !== 0;
  }
}

function row(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(NAME_WIDTH)}${cells.map(cell => cell.padStart(10)).join('')}`;
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
}

function percent(cores: number): string {
  return `${Math.round(cores * 100)} %`;
}

function times(ratio: number): string {
  return Number.isNaN(ratio) ? '-' : `${ratio.toFixed(2)}x`;
}
