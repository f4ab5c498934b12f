import { StaticFiles } from '../../transport/http/static-files.ts';

export interface PageSettings {
  /** The realm that the page joins unless its address names another. */
  readonly realm: string;
  /** Path of the listener's WebSocket. */
  readonly path: string;
}

/** The page's files, with what a listener's page has to know written into its `meta` elements. */
export function loadPage(folder: string, { realm, path }: PageSettings): Promise<StaticFiles> {
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
  // A function, because a text would have its `$` taken for references.
  return html.replace(new RegExp(`(<meta name="${name}" content=")[^"]*`), (_, head: string) => head + written);
}
