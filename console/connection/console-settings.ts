export interface ConsoleSettings {
  /** URL of the gateway's WebSocket, e.g. `ws://192.168.1.5:8080/ws`. */
  readonly url: string;
  readonly realm: string;
  /** The gateway's host name, for the commands that the page shows. */
  readonly host: string;
}

export interface PageLocation {
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
  /** Behind a proxy, the path may begin with a prefix that the gateway does not know. */
  readonly pathname: string;
  readonly search: string;
}

/**
 * Reads the settings of the page. The page connects only to its own origin, under its own path. `meta` reads the values
 * that the gateway wrote into the page (`wampway-realm`, `wampway-path`). `?realm=` in the address overrides the realm.
 */
export function consoleSettings(location: PageLocation, meta: (name: string) => string | undefined): ConsoleSettings {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const path = (meta('wampway-path') || '/ws').replace(/^\/+/, '');
  const requested = new URLSearchParams(location.search).get('realm');
  return {
    url: `${scheme}://${location.host}${folderOf(location.pathname)}${path}`,
    realm: requested || meta('wampway-realm') || 'realm1',
    host: location.hostname,
  };
}

/** Returns `/gw/` for `/gw/`, `/gw/index.html` and `/gw`. A proxy may serve the page without the final slash. */
function folderOf(pathname: string): string {
  const cut = pathname.lastIndexOf('/') + 1;
  const last = pathname.slice(cut);
  const folder = last === '' || last.includes('.') ? pathname.slice(0, cut) : `${pathname}/`;
  return folder.startsWith('/') ? folder : `/${folder}`;
}
