import type { PayloadValues } from '../../../src/wamp/payload.ts';
import { fullText } from '../../model/payload/value-text.ts';

interface PayloadViewProps {
  readonly values: PayloadValues;
  /** True if a part was left out because the payload was too large. */
  readonly truncated?: boolean;
}

/** A payload in full: its arguments and its keyword arguments. */
export function PayloadView({ values, truncated = false }: PayloadViewProps) {
  const { args, kwargs } = values;
  const named = Object.keys(kwargs).length > 0;
  return (
    <div class="payload">
      {truncated && <p class="payload-cut">Too large to keep whole: this is its beginning.</p>}
      {args.length === 0 && !named && <p class="payload-none">No value came with it.</p>}
      {args.length > 0 && (
        <Part name={args.length === 1 ? 'Value' : 'Arguments'} text={fullText(args.length === 1 ? args[0] : args)} />
      )}
      {named && <Part name="Keyword arguments" text={fullText(kwargs)} />}
    </div>
  );
}

function Part({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <figure class="payload-part">
      <figcaption>{name}</figcaption>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable area must be reachable by keyboard
        tabIndex={0}
      >
        {text}
      </pre>
    </figure>
  );
}
