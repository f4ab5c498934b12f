import { errorMessage } from '../../base/error-message.ts';
import { StaticFiles } from '../../transport/http/static-files.ts';
import type { HttpHandler } from '../../transport/web-server.ts';
import type { ListenerConfig } from '../config/config-schema.ts';
import { StartError } from '../support/start-error.ts';
import { type GatewayStatus, httpService } from './http-service.ts';

export interface WebPagesOptions {
  /** The realm that the page joins. */
  readonly realm: string;
  /** Folder of the built page. Undefined if the page was not built. */
  readonly pageFolder: string | undefined;
  readonly status: () => GatewayStatus;
}

/** The request handler of a web listener: page, operator's folders, `/healthz`. Rejects with `StartError`. */
export async function webPages(
  { page, path, folders }: Extract<ListenerConfig, { type: 'web' }>,
  { realm, pageFolder, status }: WebPagesOptions,
): Promise<HttpHandler> {
  const files = page && pageFolder !== undefined ? await loadPage(pageFolder, { realm, path }) : undefined;
  const own = Object.entries(folders).map(async ([name, folder]) => {
    try {
      return [name, (await StaticFiles.load(folder, { base: `/${name}` })).handle] as const;
    } catch (error) {
      const why = errorMessage(error);
      throw new StartError(`the pages at /${name}/ cannot be served: ${why}`, { cause: error });
    }
  });
  return httpService({ status, page: files?.handle, folders: new Map(await Promise.all(own)) });
}

export interface ListenerPageSettings {
  /** The realm that the page joins, unless its address names another one. */
  readonly realm: string;
  /** Path of the listener's WebSocket. */
  readonly path: string;
}

/** Loads the page and writes the settings of its listener into its `meta` elements. */
export function loadPage(folder: string, { realm, path }: ListenerPageSettings): Promise<StaticFiles> {
  return StaticFiles.load(folder, {
    edit: (url, body) => {
      if (url !== '/index.html') return body;
      const html = withMeta(withMeta(body.toString(), 'wampway-realm', realm), 'wampway-path', path);
      return Buffer.from(html);
    },
  });
}

function withMeta(html: string, name: string, content: string): string {
  const written = content.replace(/[&"<>]/g, sign => `&#${sign.charCodeAt(0)};`);
  // A function, because `$` in a replacement text would be read as a reference.
  return html.replace(new RegExp(`(<meta name="${name}" content=")[^"]*`), (_, head: string) => head + written);
}
