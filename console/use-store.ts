import { useLayoutEffect, useReducer } from 'preact/hooks';
import type { Store } from './model/store.ts';

/** A store's value; the component is drawn again when it is replaced. */
export function useStore<Value>(store: Store<Value>): Value {
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0);
  useLayoutEffect(() => {
    const drawn = store.value;
    const stop = store.subscribe(() => redraw(undefined));
    // It may have been replaced between drawing and subscribing.
    if (!Object.is(drawn, store.value)) redraw(undefined);
    return stop;
  }, [store]);
  return store.value;
}
