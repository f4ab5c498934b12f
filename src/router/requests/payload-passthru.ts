import type { Dict } from '../../wamp/dict.ts';
import { usesPassthru } from './request-options.ts';

const attributes = ['ppt_scheme', 'ppt_serializer', 'ppt_cipher', 'ppt_keyid'] as const;

/**
 * The attributes that tell how a payload is packed, to be passed on as they are; undefined where the payload is an
 * ordinary one, which a non-empty `ppt_scheme` decides. [advanced/payload_passthru_mode]
 */
export function passthruOf(options: Dict): Dict | undefined {
  if (!usesPassthru(options)) return undefined;
  const passed: Record<string, string> = {};
  for (const name of attributes) {
    const value = options[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}

/** The rest of them, for whoever can make nothing of a payload that is packed. */
export function withoutPassthru(details: Dict): Dict {
  return Object.fromEntries(Object.entries(details).filter(([name]) => !attributes.some(other => other === name)));
}
