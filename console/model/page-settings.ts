export interface PageSettings {
  /** Where the gateway's WebSocket is, e.g. `ws://192.168.1.5:8080/ws`. */
  readonly url: string;
  readonly realm: string;
  /** The gateway's host name, for commands to copy. */
  readonly host: string;
}

export interface PageLocation {
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
  readonly search: string;
}

/**
 * Where to connect to: the origin that the page came from, and nothing else. `meta` reads what the gateway wrote into
 * the page (`wampway-realm`, `wampway-path`); `?realm=` in the address comes before it.
 */
export function pageSettings(location: PageLocation, meta: (name: string) => string | undefined): PageSettings {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const path = meta('wampway-path') || '/ws';
  const asked = new URLSearchParams(location.search).get('realm');
  return {
    url: `${scheme}://${location.host}${path.startsWith('/') ? path : `/${path}`}`,
    realm: asked || meta('wampway-realm') || 'realm1',
    host: location.hostname,
  };
}
