import { useLayoutEffect, useReducer } from 'preact/hooks';
import type { ObservableValue } from '../model/observable-value.ts';

/** Returns the value of an observable, and renders the component again after each replacement. */
export function useObservable<Value>(observable: ObservableValue<Value>): Value {
  const [, rerender] = useReducer((count: number, _: undefined) => count + 1, 0);
  useLayoutEffect(() => {
    const rendered = observable.value;
    const unsubscribe = observable.subscribe(() => rerender(undefined));
    // The value may have been replaced between rendering and subscribing.
    if (!Object.is(rendered, observable.value)) rerender(undefined);
    return unsubscribe;
  }, [observable]);
  return observable.value;
}
