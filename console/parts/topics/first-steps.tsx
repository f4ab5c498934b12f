import { usePage } from '../../page/page-context.ts';
import { useObservable } from '../../page/use-observable.ts';
import { CopyButton } from '../common/copy-button.tsx';

/** The realm that `wampway pub` joins if `--realm` is missing. */
const DEFAULT_REALM = 'realm1';

/** Replaces the empty table, and shows how to publish a first value. */
export function FirstSteps() {
  const { settings, connection } = usePage();
  const state = useObservable(connection);
  if (state.kind !== 'connected') {
    return (
      <div class="empty">
        <p class="empty-title">Waiting for the gateway</p>
        <p>Values appear here as soon as the page is connected.</p>
      </div>
    );
  }
  const host = settings.host.replace(/^\[|\]$/g, '');
  const realm = settings.realm === DEFAULT_REALM ? '' : ` --realm ${settings.realm}`;
  return (
    <div class="empty" data-testid="empty">
      <p class="empty-title">Connected, and nothing has been published yet</p>
      <p>Every value published on {settings.realm} appears here by itself. To publish a first one from a terminal:</p>
      <Command name="by MQTT, on its usual port" text={`mosquitto_pub -h ${host} -t greenhouse/temperature -m 21.5`} />
      <Command name="by WAMP" text={`wampway pub --url ${settings.url}${realm} greenhouse.temperature 21.5`} />
    </div>
  );
}

function Command({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <div class="command">
      <span class="command-name">{name}</span>
      <code>{text}</code>
      <CopyButton text={text} what={`the command ${name}`} />
    </div>
  );
}
