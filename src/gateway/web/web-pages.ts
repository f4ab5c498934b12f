import { StaticFiles } from '../../transport/http/static-files.ts';
import type { HttpHandler } from '../../transport/web-server.ts';
import type { ListenerConfig } from '../config/config-schema.ts';
import { StartError } from '../support/start-error.ts';
import type { GatewayStatus } from './gateway-status.ts';
import { httpService } from './http-service.ts';
import { loadPage } from './page-files.ts';

export interface WebPagesParts {
  /** The realm that the page joins. */
  readonly realm: string;
  /** Folder of the built page; undefined where there is none. */
  readonly pageFolder: string | undefined;
  readonly status: () => GatewayStatus;
}

/** What one web listener answers to requests: the page, the user's own folders, `/healthz`. Rejects with `StartError`. */
export async function webPages(
  { page, path, folders }: Extract<ListenerConfig, { type: 'web' }>,
  { realm, pageFolder, status }: WebPagesParts,
): Promise<HttpHandler> {
  const files = page && pageFolder !== undefined ? await loadPage(pageFolder, { realm, path }) : undefined;
  const own = Object.entries(folders).map(async ([name, folder]) => {
    try {
      return [name, (await StaticFiles.load(folder, { base: `/${name}` })).handle] as const;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StartError(`the pages at /${name}/ cannot be served: ${why}`, { cause: error });
    }
  });
  return httpService({ status, page: files?.handle, folders: new Map(await Promise.all(own)) });
}
