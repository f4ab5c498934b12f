// Your own page, served by the gateway: `folders: { greenhouse: ./examples/browser }` in its configuration.
import { Client, webSocketLink } from '../wampway.js';

const show = (id, text) => {
  document.getElementById(id).textContent = text;
};

// Relative to this page, so it works behind a proxy with TLS and a path prefix too.
const gateway = new URL('../ws', location.href);
gateway.protocol = gateway.protocol.replace('http', 'ws');

const client = new Client({
  connect: signal => webSocketLink(gateway.href, { signal }),
  realm: 'realm1',
});
client.start();

// The client subscribes again after each reconnect.
await client.subscribe('serial.greenhouse.moisture', ({ args }) => show('moisture', `${args[0]} %`));

for (const state of ['on', 'off']) {
  document.getElementById(state).addEventListener('click', async () => {
    try {
      const { args } = await client.call('serial.greenhouse.relay.set', { args: [state] });
      show('relay', `relay ${args[0]}`);
    } catch (error) {
      show('relay', error.message);
    }
  });
}
