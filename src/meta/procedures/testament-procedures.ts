import type { TestamentScope } from '../../router/broker/testaments.ts';
import type { RealmView } from '../../router/realm/realm-view.ts';
import { Payload } from '../../wamp/payload.ts';
import type { MetaProcedures } from '../runtime/meta-procedure.ts';
import { dictArgument, invalid, isAbsent, listArgument, textArgument } from './meta-arguments.ts';

/** Testaments of a session. Each call concerns the caller only and returns no value. [advanced/pubsub_testament] */
export function testamentProcedures(realm: RealmView): MetaProcedures {
  return {
    'wamp.session.add_testament': ({ caller, args, kwargs }) => {
      const topic = textArgument(args[0], 'topic');
      const payload = Payload.of(listArgument(args[1], 'args'), dictArgument(args[2], 'kwargs'));
      const options = dictArgument(kwargs['publish_options'], 'publish_options');
      realm.addTestament(caller, scopeOf(kwargs['scope']), { topic, payload, options });
    },

    'wamp.session.flush_testaments': ({ caller, kwargs }) => {
      realm.flushTestaments(caller, scopeOf(kwargs['scope']));
    },
  };
}

function scopeOf(value: unknown): TestamentScope {
  if (isAbsent(value)) return 'destroyed';
  if (value === 'detached' || value === 'destroyed') return value;
  throw invalid('the scope must be "detached" or "destroyed"');
}
