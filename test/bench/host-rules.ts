import { ALLOW, type Authorizer, DENY } from '../../src/router/authorizer.ts';
import { PatternTrie } from '../../src/router/pattern-trie.ts';
import type { Uri } from '../../src/wamp/uri.ts';

/** Rules as a gateway has them: by role, in patterns, the best match decides. */
export class HostRules implements Authorizer {
  readonly version = 1;
  readonly #byRole = new Map<string, PatternTrie<boolean>>();

  constructor(role: string) {
    const rules = new PatternTrie<boolean>();
    rules.set('com.example.', 'prefix', true);
    rules.set('com.example.secret.', 'prefix', false);
    rules.set('com.example..private', 'wildcard', false);
    this.#byRole.set(role, rules);
  }

  decide({ principal }: Parameters<Authorizer['decide']>[0], _action: unknown, uri: Uri): typeof ALLOW {
    return this.#byRole.get(principal.authrole)?.best(uri) === true ? ALLOW : DENY;
  }
}
