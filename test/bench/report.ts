import type { RateResult, Result } from './measure.ts';

const titles: Readonly<Record<string, string>> = {
  sensor: '1 publisher -> 1 subscriber, sensor event of about 105 bytes',
  floats: '1 publisher -> 1 subscriber, 1 KiB of floats',
  mixed: '1 publisher -> 1 subscriber, sensor event, converted on the way',
  'fan-out 10': '1 publisher -> 10 subscribers, sensor event',
  'fan-out 100': '1 publisher -> 100 subscribers, sensor event',
  'fan-out 1000': '1 publisher -> 1000 subscribers, sensor event',
  rpc: '4 callers x 16 calls outstanding -> 1 callee',
  idle: 'memory of an idle session',
};

/** Below this much of a core the router has waited for the generator of load, or for the machine. */
const BUSY = 0.9;

const NAME_WIDTH = 20;
const WIDTHS = [10, 9, 7, 7, 11, 9, 8, 8];
const HEADS = ['a second', 'CPU us', 'router', 'load', 'naive/s', 'CPU us', 'rate', 'CPU'];

/** Prints results as they come, as a table. */
export class Report {
  #group = '';
  #waited = false;
  #lost = false;

  add(result: Result): void {
    if (result.group !== this.#group) {
      this.#group = result.group;
      console.log(`\n${titles[result.group] ?? result.group}`);
      if (result.kind === 'rate') console.log(row('', HEADS));
    }
    if (result.kind === 'rate') this.#rate(result);
    else {
      const { name, sessions, rss, heap } = result;
      const kib = `${(rss / 1024).toFixed(1)} KiB resident, ${(heap / 1024).toFixed(1)} KiB of it JavaScript`;
      console.log(`  ${name.padEnd(NAME_WIDTH)}${kib} (${sessions} sessions)`);
    }
  }

  #rate({ name, fast, naive, lost }: RateResult): void {
    const waited = fast.routerCores < BUSY;
    const cells = [grouped(fast.rate), fast.cpu.toFixed(2), percent(fast.routerCores), percent(fast.loadCores)];
    if (naive !== undefined) {
      cells.push(grouped(naive.rate), naive.cpu.toFixed(2));
      cells.push(`${(fast.rate / naive.rate).toFixed(1)}x`, `${(naive.cpu / fast.cpu).toFixed(1)}x`);
    }
    console.log(row(waited ? `${name} *` : name, cells) + (lost === 0 ? '' : `  LOST OR WRONG: ${lost}`));
    this.#waited ||= waited;
    this.#lost ||= lost !== 0;
  }

  end(seconds: number): void {
    console.log(
      '\na second: events delivered, or calls answered. CPU us: user and system time of the router process for each.',
    );
    console.log(
      'router, load: share of a core that the router and the generator of load took. rate, CPU: times better than naive.',
    );
    if (this.#waited) {
      console.log(
        '* the router had time to spare: load or machine was the limit, so the CPU column tells more than the rate.',
      );
    }
    console.log(this.#lost ? 'SOMETHING WAS LOST: the figures are worth nothing.' : 'Nothing was lost.');
    console.log(`${seconds.toFixed(0)} seconds, Node ${process.version}`);
  }
}

function row(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(NAME_WIDTH)}${cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 8)).join('')}`;
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
}

function percent(cores: number): string {
  return `${Math.round(cores * 100)} %`;
}
