import type { Link, LinkCounters, LinkInfo } from '../../link/link.ts';

/** Null object: discards every message that is sent to a session that is being cleaned up. */
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
