import { usePage } from '../../page/page-context.ts';
import { useObservable } from '../../page/use-observable.ts';
import { CallEntry } from './call-entry.tsx';
import { CallForm } from './call-form.tsx';

/** The form to call a procedure, the latest call with its outcome, and the earlier calls. */
export function CallPanel() {
  const { callRunner } = usePage();
  const calls = useObservable(callRunner.calls);
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
