/** Why a port could not be opened, and how to correct it. */
export interface OpenFailure {
  readonly kind: 'missing' | 'denied' | 'busy' | 'other';
  /** Advice for the operator. */
  readonly advice: string;
}

/**
 * Classifies the error that the system reports for `path`. The library gives texts, not codes. `candidates` lists the
 * existing ports and is called only if that helps.
 */
export function explainOpenFailure(path: string, message: string, candidates: () => readonly string[]): OpenFailure {
  if (/no such (file|device)|cannot find|not exist/i.test(message)) {
    const found = candidates();
    const others = found.length === 0 ? 'no serial port is plugged in' : `existing ports: ${found.join(', ')}`;
    return { kind: 'missing', advice: `waiting for ${path}; ${others}` };
  }
  if (/permission denied|access denied|operation not permitted/i.test(message)) {
    return {
      kind: 'denied',
      advice: `no permission to open ${path}: run "sudo usermod -aG dialout $USER" and log in again (systemd: SupplementaryGroups=dialout)`,
    };
  }
  if (/temporarily unavailable|busy|lock/i.test(message)) {
    return { kind: 'busy', advice: `another program has ${path} open: "fuser -v ${path}" says which` };
  }
  if (/inappropriate ioctl|invalid argument/i.test(message)) {
    return {
      kind: 'other',
      advice: `${path} is not a serial port, or does not support the given line settings (${message})`,
    };
  }
  return { kind: 'other', advice: `could not open ${path}: ${message}` };
}
