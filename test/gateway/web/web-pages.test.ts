import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadPage } from '../../../src/gateway/web/web-pages.ts';

const html =
  '<meta name="wampway-realm" content="realm1"><meta name="wampway-path" content="/ws"><meta name="x" content="y">';

describe('page files', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wampway-'));
    await writeFile(join(folder, 'index.html'), html);
    await writeFile(join(folder, 'other.html'), html);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function served(settings: { realm: string; path: string }, url: string): Promise<string> {
    const { handle } = await loadPage(folder, settings);
    const server = createServer(handle).listen(0, '127.0.0.1');
    try {
      await new Promise(resolve => server.once('listening', resolve));
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      return await (await fetch(`http://127.0.0.1:${address.port}${url}`)).text();
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  it('contains realm and path, at both of its URLs', async () => {
    for (const url of ['/', '/index.html']) {
      assert.equal(
        await served({ realm: 'home', path: '/wamp' }, url),
        '<meta name="wampway-realm" content="home"><meta name="wampway-path" content="/wamp"><meta name="x" content="y">',
      );
    }
    assert.equal(await served({ realm: 'home', path: '/wamp' }, '/other.html'), html);
  });

  it('escapes names in its attributes', async () => {
    const text = await served({ realm: '"><script>$&', path: '/ws' }, '/');
    assert.ok(text.startsWith('<meta name="wampway-realm" content="&#34;&#62;&#60;script&#62;$&#38;">'));
  });
});
