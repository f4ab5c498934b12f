/** Draws a number below the one given. */
export type Draw = (below: number) => number;

/** Returns numbers that depend only on the seed (mulberry32). */
export function random(seed: number): Draw {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) % below;
  };
}

/** Returns one of `frames` with changed bits, bytes, cuts, insertions, or the end of another frame. */
export function mutate(frames: readonly Uint8Array[], draw: Draw): Uint8Array {
  const pick = () => frames[draw(frames.length)] ?? new Uint8Array();
  let bytes = pick().slice();
  for (let left = 1 + draw(3); left > 0; left--) {
    const at = draw(bytes.length + 1);
    switch (draw(6)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << draw(8));
        break;
      case 1:
        bytes[at] = draw(256);
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes = Uint8Array.from([...bytes.slice(0, at), draw(256), ...bytes.slice(at)]);
        break;
      case 4: {
        const other = pick();
        bytes = Uint8Array.from([...bytes.slice(0, at), ...other.slice(draw(other.length + 1))]);
        break;
      }
      default:
        bytes = Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1 + draw(4))]);
    }
  }
  return bytes;
}
