/**
 * Whether `value` may name a device: it becomes a component of URIs (`dev.{authid}.`) and of permissions. A public key is no
 * name: it stands for one.
 */
export function isDeviceName(value: unknown): value is string {
  return typeof value === 'string' && /^(?![0-9a-f]{64}$)[A-Za-z0-9_-]{1,64}$/i.test(value);
}
