/** The text of a caught value: the message of an `Error`, otherwise the value as text. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A caught value as an `Error`: unchanged if it is one. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
