import { readdirSync } from 'node:fs';

/** The most ports that are listed: enough for the operator to find the right one. */
const MOST = 8;

/** The serial ports of this machine by their most stable name. Read from the file system, without udevadm. */
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
