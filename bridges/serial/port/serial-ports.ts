import { readdirSync } from 'node:fs';

/** Enough for a person to see their own among them. */
const MOST = 8;

/** The serial ports of this machine by the name that lasts longest. Read from the file system: no udevadm is needed. */
export function serialPorts(): readonly string[] {
  const byId = entries('/dev/serial/by-id');
  const found = byId.length > 0 ? byId : entries('/dev').filter(path => /\/tty(USB|ACM|AMA)\d+$/.test(path));
  return found.slice(0, MOST);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).map(name => `${folder}/${name}`);
  } catch {
    return [];
  }
}
