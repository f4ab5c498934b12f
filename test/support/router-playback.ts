import { ListLink, testLinkInfo } from './list-link.ts';
import type { TranscriptPeer, TranscriptPlayback } from './transcript-player.ts';
import { revokeIn, transcriptRouter } from './transcript-router.ts';

/** A playback without sockets: each message is handled before the next line. */
export class RouterPlayback implements TranscriptPlayback {
  readonly #harness = transcriptRouter();
  readonly #strict: boolean;

  constructor(strict: boolean) {
    this.#strict = strict;
  }

  async connect(): Promise<TranscriptPeer> {
    const link = new ListLink({ ...testLinkInfo, strict: this.#strict });
    this.#harness.router.attach(link);
    return {
      send: list => link.say(list),
      drop: async () => link.lose(),
      next: async () => {
        if (link.heard.length === 0) await this.settle();
        const heard = link.heard.shift();
        if (heard === undefined) throw new Error('silence');
        return heard;
      },
      get waiting() {
        return link.heard;
      },
    };
  }

  // An authenticator may answer in a later turn.
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve));
  }

  advance(milliseconds: number): void {
    this.#harness.clock.advance(milliseconds);
  }

  startMeta(): Promise<void> {
    return this.#harness.startMeta();
  }

  shutDown(): void {
    void this.#harness.router.close();
  }

  revoke(session: number, subscription: number, reason: string | undefined): void {
    revokeIn(this.#harness.router, session, subscription, reason);
  }

  get holdings(): readonly number[] {
    const realm = this.#harness.router.realm('realm1');
    return [realm?.subscriptionCount ?? 0, realm?.registrationCount ?? 0, realm?.callCount ?? 0];
  }
}
