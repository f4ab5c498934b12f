import type { Link, LinkCounters, LinkInfo } from '../../link/link.ts';

/** In place of a link whose session has left while some of what it held is still being taken apart: nothing is heard there. */
export class NullLink implements Link {
  readonly info: LinkInfo;
  readonly counters: Readonly<LinkCounters> | undefined;
  readonly queuedBytes = 0;

  constructor({ info, counters }: Link) {
    this.info = info;
    this.counters = counters && { ...counters };
  }

  open(): void {}
  send(): void {}
  close(): void {}
}
