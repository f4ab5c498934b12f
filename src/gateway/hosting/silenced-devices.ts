import type { Action } from '../../router/policy/authorizer.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';
import type { Bridge } from '../bridge/bridge.ts';
import type { GatewayConfig, RealmConfig } from '../config/config-schema.ts';
import type { DeviceRights } from '../devices/device-rights.ts';

/** Devices that a bridge admits, and whose role has no rule for the actions of the bridge in their name. */
export interface SilencedDevices {
  readonly realm: string;
  readonly role: string;
  /** Describes the devices for people: `MQTT clients without credentials`. */
  readonly devices: readonly string[];
  /** The actions that no rule allows. */
  readonly missing: readonly Action[];
  /** The setting that the rule must be added to: `realms[0].roles`. */
  readonly place: string;
  /** The rule to add: as lines of YAML, and in one line. */
  readonly rule: readonly string[];
  readonly ruleInOneLine: string;
}

interface Pattern {
  readonly uri: string;
  readonly match: MatchPolicy;
}

/**
 * Finds devices that the roles of the configuration silence. If one role of a realm has permissions, a role without any
 * may do nothing, and an operator easily forgets the roles of devices. If a rule allows a part of the actions, the role
 * is not reported, because the operator wanted that.
 */
export function silencedDevices(config: GatewayConfig, bridges: readonly Bridge[]): readonly SilencedDevices[] {
  // Bridges join the first realm.
  const [realm] = config.realms;
  if (realm === undefined || !isRuled(realm)) return [];
  const rights = bridges.flatMap(({ name, rights }) => {
    const section = config.bridges[name];
    return section === undefined || section === false ? [] : (rights?.(section) ?? []);
  });
  const byRole = new Map<string, DeviceRights[]>();
  for (const right of rights) {
    if (missingOf(right, realm).length === 0) continue;
    byRole.set(right.role, [...(byRole.get(right.role) ?? []), right]);
  }
  return [...byRole].map(([role, silenced]) => ({
    realm: realm.name,
    role,
    devices: unique(silenced.map(({ devices }) => devices)),
    missing: unique(silenced.flatMap(right => missingOf(right, realm))),
    ...ruleFor(role, realm, silenced),
  }));
}

/** Lines of text about silenced devices. The last lines are the rule, ready to paste. */
export function silencedInWords({ realm, role, devices, missing, place, rule }: SilencedDevices): readonly string[] {
  const who = devices.join(' and ');
  return [
    `${who} may not ${missing.join(' or ')} on realm ${realm}: role "${role}" has no rule for it, and other roles have some`,
    `to let them, add to ${place}:`,
    ...indented(rule, 2),
  ];
}

/** Whether an action is forbidden if no rule allows it, as in `RoleAuthorizer`. */
function isRuled({ roles, authorizer }: RealmConfig): boolean {
  return authorizer !== undefined || Object.values(roles).some(({ permissions }) => permissions !== undefined);
}

function missingOf({ role, uri, match, needs }: DeviceRights, realm: RealmConfig): readonly Action[] {
  // An application decides about this role.
  if (realm.authorizer?.roles.includes(role) === true) return [];
  const permissions = realm.roles[role]?.permissions ?? [];
  return needs.filter(
    action => !permissions.some(rule => rule.allow.includes(action) && overlap(rule, { uri, match })),
  );
}

function ruleFor(role: string, realm: RealmConfig, rights: readonly DeviceRights[]) {
  const known = realm.roles[role];
  const rules = unique(
    rights.map(({ uri, match, needs, also = [] }) => {
      const pattern = match === 'exact' ? '' : `match: ${match}, `;
      return `{ uri: "${uri}", ${pattern}allow: [${[...needs, ...also].join(', ')}] }`;
    }),
  );
  const items = rules.map(rule => `- ${rule}`);
  const list = `permissions: [${rules.join(', ')}]`;
  if (known === undefined) {
    const key = keyOf(role);
    const rule = [`${key}:`, '  permissions:', ...indented(items, 4)];
    return { place: 'realms[0].roles', rule, ruleInOneLine: `${key}: { ${list} }` };
  }
  const place = `realms[0].roles.${role}`;
  if (known.permissions === undefined)
    return { place, rule: ['permissions:', ...indented(items, 2)], ruleInOneLine: list };
  return { place: `${place}.permissions`, rule: items, ruleInOneLine: rules.join(', ') };
}

function indented(lines: readonly string[], width: number): readonly string[] {
  return lines.map(line => ' '.repeat(width) + line);
}

/** Whether a URI exists that matches both. A variable matches any text. */
function overlap(one: Pattern, other: Pattern): boolean {
  const [left, right] = [componentsOf(one), componentsOf(other)];
  for (let index = 0; ; index++) {
    const [a, b] = [left[index], right[index]];
    if (a === undefined || b === undefined) return a === b;
    const open = a.isAny || b.isAny;
    if (a.isCut || b.isCut) {
      if (open) return true;
      return (a.isCut && b.text.startsWith(a.text)) || (b.isCut && a.text.startsWith(b.text));
    }
    if (!open && a.text !== b.text) return false;
  }
}

/** The components of a pattern. `isCut`: the last one of a prefix, which matches all components that begin with it. */
function componentsOf({ uri, match }: Pattern) {
  const texts = uri.split('.');
  return texts.map((text, index) => ({
    text,
    isAny: text.includes('{') || (text === '' && match === 'wildcard'),
    isCut: match === 'prefix' && index === texts.length - 1,
  }));
}

function keyOf(role: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(role) ? role : JSON.stringify(role);
}

function unique<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
