import type { PendingConnection } from './pending-connection.ts';
import type { Places } from './places.ts';

/**
 * Gives a connection that has become a link a place among the listener's links. What is returned is told whether a session is
 * open on it: only then neither the connection nor the link has to go for a newcomer.
 */
export function servingOf(visitor: PendingConnection, links: Places): (open: boolean) => void {
  const { socket } = visitor;
  const place = links.take(() => socket.destroy());
  socket.once('close', () => place.release());
  let serving = false;
  return open => {
    if (open === serving) return;
    serving = open;
    place.keep(open);
    visitor.serve(open);
  };
}
