import type { SharedName } from './shared-group.ts';

const SHARE = '$share/';

/**
 * Whether a text is a valid topic filter: `+` is a whole level, and `#` is the last level. [MQTT-4.7.1-2]
 * [MQTT-4.7.1-3]
 */
export function isTopicFilter(filter: string, maxLevels: number): boolean {
  if (filter === '') return false;
  const levels = filter.split('/');
  if (levels.length > maxLevels) return false;
  return levels.every((level, index) =>
    level.includes('#') ? level === '#' && index === levels.length - 1 : !level.includes('+') || level === '+',
  );
}

/** Number of levels of a topic. */
export function levelCount(topic: string): number {
  let count = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) count += 1;
  return count;
}

/**
 * The group and the filter of `$share/group/filter`. Null if it is invalid, undefined if it is not a shared one. [MQTT
 * 5: 4.8.2]
 */
export function sharedName(filter: string): SharedName | undefined | null {
  if (!filter.startsWith(SHARE)) return undefined;
  const slash = filter.indexOf('/', SHARE.length);
  const group = filter.slice(SHARE.length, slash);
  if (slash < 0 || group === '' || /[+#]/.test(group)) return null;
  return { group, filter: filter.slice(slash + 1) };
}
