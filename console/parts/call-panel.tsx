import { useId } from 'preact/hooks';
import { type Parsed, parseArguments, parseKeywords } from '../model/call-form.ts';
import { type CallDraft, proceduresOf } from '../model/call-log.ts';
import { usePage } from '../page.ts';
import { useStore } from '../use-store.ts';
import { CallEntry } from './call-entry.tsx';

/** The form to call a procedure, the latest outcome, and the calls before it. */
export function CallPanel() {
  const { desk } = usePage();
  const calls = useStore(desk.calls);
  const [latest, ...earlier] = calls;
  return (
    <section class="panel calls" aria-labelledby="calls-title">
      <div class="panel-head">
        <h2 id="calls-title">Call a procedure</h2>
      </div>
      <CallForm />
      <div role="status" aria-label="Latest call">
        {latest !== undefined && <CallEntry key={latest.id} call={latest} open />}
      </div>
      {earlier.length > 0 && (
        <>
          <h3 class="calls-earlier">Earlier calls</h3>
          <ul class="calls-list">
            {earlier.map(call => (
              <li key={call.id}>
                <CallEntry call={call} />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function CallForm() {
  const { desk, connection } = usePage();
  const draft = useStore(desk.draft);
  const calls = useStore(desk.calls);
  const connected = useStore(connection).kind === 'connected';
  const args = parseArguments(draft.args);
  const kwargs = parseKeywords(draft.kwargs);
  const change = (part: Partial<CallDraft>) => desk.draft.set({ ...draft, ...part });
  const ready = connected && draft.procedure.trim() !== '' && args.ok && kwargs.ok;
  const submit = () => {
    if (ready) void desk.callDraft();
  };
  return (
    <form
      class="form"
      onSubmit={event => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={event => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
      }}
    >
      <div class="form-field form-procedure">
        <label for="procedure">Procedure</label>
        <input
          id="procedure"
          type="text"
          list="procedures"
          placeholder="com.example.relay.set"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={draft.procedure}
          onInput={event => change({ procedure: event.currentTarget.value })}
        />
        <datalist id="procedures">
          {proceduresOf(calls).map(procedure => (
            <option key={procedure} value={procedure} />
          ))}
        </datalist>
      </div>
      <TextField
        label="Arguments"
        help="Text, a JSON value, or a JSON list with one item for each argument"
        value={draft.args}
        parsed={args}
        onInput={text => change({ args: text })}
      />
      <TextField
        label="Keyword arguments"
        help="name=value, one a line, or a JSON object"
        value={draft.kwargs}
        parsed={kwargs}
        onInput={text => change({ kwargs: text })}
      />
      <div class="form-actions">
        <button type="submit" class="button button-primary" disabled={!ready}>
          Call
        </button>
        {!connected && <span class="form-hint">Possible once connected</span>}
      </div>
    </form>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly help: string;
  readonly value: string;
  readonly parsed: Parsed<unknown>;
  readonly onInput: (text: string) => void;
}

/** A text whose meaning is said below it as one writes. */
function TextField({ label, help, value, parsed, onInput }: TextFieldProps) {
  const id = useId();
  const hint = value.trim() === '' ? help : parsed.ok ? `Read as ${parsed.reading}` : parsed.problem;
  return (
    <div class="form-field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={2}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-describedby={`${id}-hint`}
        aria-invalid={!parsed.ok}
        value={value}
        onInput={event => onInput(event.currentTarget.value)}
      />
      <p id={`${id}-hint`} class={parsed.ok ? 'form-hint' : 'form-problem'}>
        {hint}
      </p>
    </div>
  );
}
