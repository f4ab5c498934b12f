import type { PrincipalDirectory } from '../../auth/principals/principal-directory.ts';
import type { PrincipalRecord } from '../../auth/principals/principal-record.ts';
import type { Logger } from '../../base/logger.ts';
import type { SessionView } from '../../router/policy/authorizer.ts';
import type { Router } from '../../router/router.ts';
import { CloseUri } from '../../wamp/errors.ts';
import { Payload } from '../../wamp/payload.ts';

type Records = readonly PrincipalRecord[];

/**
 * Applies a changed list of principals to a running gateway. Sessions that would no longer be admitted end, and the
 * retained events of removed principals are deleted.
 */
export class PrincipalChanges {
  readonly #directory: PrincipalDirectory;
  readonly #router: () => Router;
  readonly #log: Logger;
  #before: Records = [];

  /** `router` is called when principals change: the router is made after this object. */
  constructor(directory: PrincipalDirectory, router: () => Router, log: Logger) {
    this.#directory = directory;
    this.#router = router;
    this.#log = log;
  }

  /** `records` are all principals. `pepper` is the key that decoys are derived from. */
  apply(records: Records, pepper: Uint8Array | undefined): void {
    this.#directory.replace(records, pepper);
    this.#endSessions();
    this.#forgetRemoved(records);
  }

  /**
   * Ends the sessions of principals that were removed or have another role or password, and of devices whose unproved
   * name is a principal now.
   */
  #endSessions(): void {
    const directory = this.#directory;
    for (const realm of this.#router().realms()) {
      for (const session of [...realm.sessions()]) {
        const { principal } = session;
        if (directory.stillKnows(realm.name, principal) === false) {
          session.end(CloseUri.Killed, 'this principal was removed, or its role or credentials were changed');
        } else if (isUnproved(session) && directory.isTaken(realm.name, principal.authid)) {
          session.end(CloseUri.Killed, `${principal.authid} is a principal now: the device must prove its identity`);
        }
      }
    }
  }

  #forgetRemoved(records: Records): void {
    const before = this.#before;
    this.#before = records;
    if (before.length === 0) return;
    for (const realm of this.#router().realms()) {
      const now = new Set(namesOn(realm.name, records));
      for (const authid of namesOn(realm.name, before)) {
        if (now.has(authid)) continue;
        const topics = realm.broker.forgetRetainedOf(authid);
        // An event without arguments, which is how a device clears a topic, makes MQTT delete its copy.
        for (const topic of topics) realm.announce(topic, () => Payload.empty);
        this.#log.info(
          { realm: realm.name, authid, topics: topics.length },
          'removed principal and its retained events',
        );
      }
    }
  }
}

/**
 * Whether a bridge (cbor-tcp or MQTT) admitted the device without credentials. A serial port is named by the
 * configuration.
 */
function isUnproved({ principal, linkInfo }: SessionView): boolean {
  const { authmethod, clientId } = principal;
  return authmethod === 'anonymous'
    ? linkInfo.device !== undefined
    : authmethod === 'internal' && clientId !== undefined;
}

function* namesOn(realm: string, records: Records): Iterable<string> {
  for (const { authid, realms } of records) if (realms === undefined || realms.includes(realm)) yield authid;
}
