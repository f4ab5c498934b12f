/**
 * The packets that a client was sent recently, in the structure of aedes's duplicate check: packet's origin to packet's
 * counter. Holds the last `limit` origins. Because each packet has its own origin, an overtaken packet is not a
 * duplicate. Packets of overlapping subscriptions, which match in the same turn, still are.
 */
export function recentPackets(limit: number): Record<string, number> {
  const seen = new Map<PropertyKey, number>();
  const table: Record<string, number> = Object.create(null);
  return new Proxy(table, {
    get: (_, origin) => seen.get(origin),
    set(_, origin, counter: number) {
      seen.set(origin, counter);
      if (seen.size > limit) {
        for (const oldest of seen.keys()) {
          seen.delete(oldest);
          break;
        }
      }
      return true;
    },
    deleteProperty: (_, origin) => {
      seen.delete(origin);
      return true;
    },
  });
}
