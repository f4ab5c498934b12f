import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Suffixes of machine names in a LAN, which routers and mDNS use and public DNS does not delegate. [RFC6762], [RFC8375]
 */
const LAN_SUFFIXES = ['local', 'lan', 'home', 'internal', 'localdomain', 'home.arpa'];

/** The operating system's sources of this machine's names, injected by tests. */
export interface NameSources {
  readonly hostname: string;
  /** Contents of `/etc/hosts` and, in `resolver`, of `/etc/resolv.conf`. Empty if the file does not exist. */
  readonly hosts: string;
  readonly resolver: string;
}

/**
 * The names of this machine, in lower case: its host name, and the other names on its line of `/etc/hosts`. The host
 * name also counts with the suffixes of a LAN and the search domains of its resolver. Other lines of that file are
 * ignored, because lists that block advertising map foreign names to this machine.
 */
export function ownNames({ hostname: host, hosts, resolver }: NameSources = systemSources()): ReadonlySet<string> {
  const full = host.toLowerCase();
  const [short = full] = full.split('.');
  const domains = [...LAN_SUFFIXES, ...searchDomains(resolver)];
  const aliases = namesPerLine(hosts).filter(names => names.includes(full) || names.includes(short));
  return new Set([full, short, ...domains.map(domain => `${short}.${domain}`), ...aliases.flat()].filter(Boolean));
}

function systemSources(): NameSources {
  return { hostname: hostname(), hosts: textOf('/etc/hosts'), resolver: textOf('/etc/resolv.conf') };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not every system has the file. The host name does not depend on it.
    return '';
  }
}

function searchDomains(resolver: string): string[] {
  return linesOf(resolver).flatMap(([keyword = '', ...values]) =>
    keyword === 'search' || keyword === 'domain' ? values.map(bareName).filter(Boolean) : [],
  );
}

/** The names on each line of a hosts file, without the address. */
function namesPerLine(hosts: string): string[][] {
  return linesOf(hosts).map(([, ...names]) => names.map(bareName));
}

function linesOf(text: string): string[][] {
  return text.split('\n').map(line => (line.split('#', 1)[0] ?? '').trim().split(/\s+/));
}

function bareName(name: string): string {
  return name.toLowerCase().replace(/^\.+|\.+$/g, '');
}
