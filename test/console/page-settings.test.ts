import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PageLocation, pageSettings } from '../../console/model/page-settings.ts';

const at = (address: string): PageLocation => new URL(address);
const nothing = () => undefined;

describe('page settings', () => {
  it('connects to the origin of the page', () => {
    const { url, realm, host } = pageSettings(at('http://gateway.local:8080/'), nothing);
    assert.deepEqual([url, realm, host], ['ws://gateway.local:8080/ws', 'realm1', 'gateway.local']);
    assert.equal(pageSettings(at('https://[fd00::1]/'), nothing).url, 'wss://[fd00::1]/ws');
  });

  it('connects under the path that the page stands under, as a proxy has it', () => {
    const url = (address: string, path = '/ws') => pageSettings(at(address), () => path).url;
    assert.equal(url('https://home.example/gw/'), 'wss://home.example/gw/ws');
    assert.equal(url('https://home.example/gw'), 'wss://home.example/gw/ws');
    assert.equal(url('http://home.example/gw/index.html'), 'ws://home.example/gw/ws');
    assert.equal(url('http://h:8080/a/b/?realm=shed#x', 'wamp/in'), 'ws://h:8080/a/b/wamp/in');
    assert.equal(url('http://h/index.html?realm=a/b/'), 'ws://h/ws');
    assert.equal(url('http://h//evil.example/'), 'ws://h//evil.example/ws');
  });

  it('takes realm and path from the page, the realm in the address first', () => {
    const meta = (name: string) => ({ 'wampway-realm': 'home', 'wampway-path': '/wamp' })[name];
    assert.equal(pageSettings(at('http://h/'), meta).realm, 'home');
    assert.equal(pageSettings(at('http://h/'), meta).url, 'ws://h/wamp');
    assert.equal(pageSettings(at('http://h/?realm=shed'), meta).realm, 'shed');
    assert.equal(pageSettings(at('http://h/?realm='), meta).realm, 'home');
  });

  it('lets no page lead it to another host', () => {
    assert.equal(pageSettings(at('http://h/'), () => '@evil.example/ws').url, 'ws://h/@evil.example/ws');
  });
});
