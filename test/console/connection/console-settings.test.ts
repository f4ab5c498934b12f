import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consoleSettings, type PageLocation } from '../../../console/connection/console-settings.ts';

const at = (address: string): PageLocation => new URL(address);
const nothing = () => undefined;

describe('console settings', () => {
  it('connects to the origin of the page', () => {
    const { url, realm, host } = consoleSettings(at('http://gateway.local:8080/'), nothing);
    assert.deepEqual([url, realm, host], ['ws://gateway.local:8080/ws', 'realm1', 'gateway.local']);
    assert.equal(consoleSettings(at('https://[fd00::1]/'), nothing).url, 'wss://[fd00::1]/ws');
  });

  it('connects under the path of the page, which a proxy may prefix', () => {
    const url = (address: string, path = '/ws') => consoleSettings(at(address), () => path).url;
    assert.equal(url('https://home.example/gw/'), 'wss://home.example/gw/ws');
    assert.equal(url('https://home.example/gw'), 'wss://home.example/gw/ws');
    assert.equal(url('http://home.example/gw/index.html'), 'ws://home.example/gw/ws');
    assert.equal(url('http://h:8080/a/b/?realm=shed#x', 'wamp/in'), 'ws://h:8080/a/b/wamp/in');
    assert.equal(url('http://h/index.html?realm=a/b/'), 'ws://h/ws');
    assert.equal(url('http://h//evil.example/'), 'ws://h//evil.example/ws');
  });

  it('reads realm and path from the page, and lets the address override the realm', () => {
    const meta = (name: string) => ({ 'wampway-realm': 'home', 'wampway-path': '/wamp' })[name];
    assert.equal(consoleSettings(at('http://h/'), meta).realm, 'home');
    assert.equal(consoleSettings(at('http://h/'), meta).url, 'ws://h/wamp');
    assert.equal(consoleSettings(at('http://h/?realm=shed'), meta).realm, 'shed');
    assert.equal(consoleSettings(at('http://h/?realm='), meta).realm, 'home');
  });

  it('connects to no other host, whatever path the page holds', () => {
    assert.equal(consoleSettings(at('http://h/'), () => '@evil.example/ws').url, 'ws://h/@evil.example/ws');
  });
});
