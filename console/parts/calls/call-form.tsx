import { useId } from 'preact/hooks';
import { type Parsed, parseArguments, parseKeywords } from '../../model/calls/call-arguments.ts';
import { type CallDraft, proceduresOf } from '../../model/calls/call-log.ts';
import { usePage } from '../../page/page-context.ts';
import { useObservable } from '../../page/use-observable.ts';

/** The form for one call. Enter with Ctrl or Cmd submits it from every field. */
export function CallForm() {
  const { callRunner, connection } = usePage();
  const draft = useObservable(callRunner.draft);
  const connected = useObservable(connection).kind === 'connected';
  const args = parseArguments(draft.args);
  const kwargs = parseKeywords(draft.kwargs);
  const change = (part: Partial<CallDraft>) => callRunner.draft.set({ ...draft, ...part });
  const ready = connected && draft.procedure.trim() !== '' && args.ok && kwargs.ok;
  const submit = () => {
    if (ready) void callRunner.callDraft();
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
      <ProcedureField value={draft.procedure} onInput={procedure => change({ procedure })} />
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

interface ProcedureFieldProps {
  readonly value: string;
  readonly onInput: (procedure: string) => void;
}

/** The name of the procedure. It suggests the procedures of earlier calls. */
function ProcedureField({ value, onInput }: ProcedureFieldProps) {
  const { callRunner } = usePage();
  const calls = useObservable(callRunner.calls);
  return (
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
        value={value}
        onInput={event => onInput(event.currentTarget.value)}
      />
      <datalist id="procedures">
        {proceduresOf(calls).map(procedure => (
          <option key={procedure} value={procedure} />
        ))}
      </datalist>
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly help: string;
  readonly value: string;
  readonly parsed: Parsed<unknown>;
  readonly onInput: (text: string) => void;
}

/** A text field with a hint below it: the help, how the text was read, or why it is invalid. */
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
