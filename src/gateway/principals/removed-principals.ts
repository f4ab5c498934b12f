import type { PrincipalRecord } from '../../auth/principals/principal-record.ts';
import type { Logger } from '../../base/logger.ts';
import type { Router } from '../../router/router.ts';
import { Payload } from '../../wamp/payload.ts';

type Records = readonly Pick<PrincipalRecord, 'authid' | 'realms'>[];

/** Keeps an eye on who is no principal any more: what such a one has retained is not told to those who come later. */
export class RemovedPrincipals {
  readonly #router: () => Router;
  readonly #log: Logger;
  #before: Records = [];

  constructor(router: () => Router, log: Logger) {
    this.#router = router;
    this.#log = log;
  }

  /** These are all that there are now. */
  update(records: Records): void {
    const before = this.#before;
    this.#before = records;
    if (before.length === 0) return;
    for (const realm of this.#router().realms()) {
      const now = new Set(namesOn(realm.name, records));
      for (const authid of namesOn(realm.name, before)) {
        if (now.has(authid)) continue;
        const topics = realm.broker.forgetRetainedOf(authid);
        // Without arguments, as a device clears a topic itself: MQTT forgets it by that, too.
        for (const topic of topics) realm.announce(topic, () => Payload.empty);
        this.#log.info({ realm: realm.name, authid, topics: topics.length }, 'removed, and what it had retained');
      }
    }
  }
}

function* namesOn(realm: string, records: Records): Iterable<string> {
  for (const { authid, realms } of records) if (realms === undefined || realms.includes(realm)) yield authid;
}
