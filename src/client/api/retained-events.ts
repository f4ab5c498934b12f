import type { MatchPolicy } from '../../wamp/uri.ts';
import type { JoinedSession } from './session-api.ts';

/**
 * Resolves when the router has sent all retained events of a SUBSCRIBE with `get_retained` to the same topic. The
 * router sends many of them in turns, and other requests overtake them. Another SUBSCRIBE to the topic does not: it is
 * answered after the last of them.
 */
export async function retainedEventsSent(session: JoinedSession, topic: string, match: MatchPolicy): Promise<void> {
  // An option of its own forces a SUBSCRIBE: otherwise the session would answer from the subscription that it has.
  const options = { get_retained: false };
  const barrier = await session.subscribe(topic, () => {}, { match, options });
  await barrier.unsubscribe();
}
