/** Why a port could not be opened, and what helps. */
export interface OpenFailure {
  readonly kind: 'missing' | 'denied' | 'busy' | 'other';
  /** What to do, for people. */
  readonly advice: string;
}

/**
 * What the failure that the system reports for `path` means. The library gives texts, not codes. `candidates` is asked
 * for the ports that there are, where that helps.
 */
export function explainOpenFailure(path: string, message: string, candidates: () => readonly string[]): OpenFailure {
  if (/no such (file|device)|cannot find|not exist/i.test(message)) {
    const found = candidates();
    const others = found.length === 0 ? 'no serial port is plugged in' : `there is ${found.join(', ')}`;
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
      advice: `${path} is no serial port, or does not know the line settings given (${message})`,
    };
  }
  return { kind: 'other', advice: `${path} cannot be opened: ${message}` };
}
