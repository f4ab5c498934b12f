import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Suffixes that no public DNS delegates, by which routers and mDNS name the machines of a LAN. [RFC6762], [RFC8375] */
const LAN_SUFFIXES = ['local', 'lan', 'home', 'internal', 'localdomain', 'home.arpa'];

/** What the operating system knows of this machine's names; injected by tests. */
export interface NameSources {
  readonly hostname: string;
  /** Contents of `/etc/hosts` and `/etc/resolv.conf`; empty if there is none. */
  readonly hosts: string;
  readonly resolver: string;
}

/**
 * The names of this machine, in lower case: its host name, alone and with the suffixes of a LAN, with the search domains of
 * its resolver, and the other names of the same line of `/etc/hosts`. The other lines of that file count for nothing: lists
 * that block advertising point foreign names to this machine.
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
    // Not every system has it, and the host name is known without.
    return '';
  }
}

function searchDomains(resolver: string): string[] {
  return linesOf(resolver).flatMap(([keyword = '', ...values]) =>
    keyword === 'search' || keyword === 'domain' ? values.map(bareName).filter(Boolean) : [],
  );
}

/** The names of each line of a hosts file, behind the address. */
function namesPerLine(hosts: string): string[][] {
  return linesOf(hosts).map(([, ...names]) => names.map(bareName));
}

function linesOf(text: string): string[][] {
  return text.split('\n').map(line => (line.split('#', 1)[0] ?? '').trim().split(/\s+/));
}

function bareName(name: string): string {
  return name.toLowerCase().replace(/^\.+|\.+$/g, '');
}
