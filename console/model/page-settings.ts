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
  /** Behind a proxy, the page may stand under a prefix that the gateway does not know. */
  readonly pathname: string;
  readonly search: string;
}

/**
 * Where to connect to: the origin that the page came from and the path that it stands under, and nothing else. `meta` reads what
 * the gateway wrote into the page (`wampway-realm`, `wampway-path`); `?realm=` in the address comes before it.
 */
export function pageSettings(location: PageLocation, meta: (name: string) => string | undefined): PageSettings {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const path = (meta('wampway-path') || '/ws').replace(/^\/+/, '');
  const asked = new URLSearchParams(location.search).get('realm');
  return {
    url: `${scheme}://${location.host}${folderOf(location.pathname)}${path}`,
    realm: asked || meta('wampway-realm') || 'realm1',
    host: location.hostname,
  };
}

/** `/gw/` of `/gw/`, `/gw/index.html`, and `/gw`, as a proxy may serve the page without the slash too. */
function folderOf(pathname: string): string {
  const cut = pathname.lastIndexOf('/') + 1;
  const last = pathname.slice(cut);
  const folder = last === '' || last.includes('.') ? pathname.slice(0, cut) : `${pathname}/`;
  return folder.startsWith('/') ? folder : `/${folder}`;
}
