/**
 * The one table of exit codes: the process, `--help`, `--json` and docs/exit-codes.md all follow it.
 * 130 and 143 are the shell's own convention for SIGINT and SIGTERM (128 + signal number).
 */
export const EXIT_CODES = {
  done: { code: 0, meaning: 'done, or nothing to do' },
  bug: { code: 1, meaning: 'a bug in canary' },
  usage: { code: 2, meaning: 'wrong usage or an invalid file' },
  failed: {
    code: 3,
    meaning: 'verification failed: traffic contradicts the stage, or a gate of a runbook says no',
  },
  inconclusive: { code: 4, meaning: 'inconclusive, or the proxy did not serve the routes in time' },
  external: {
    code: 5,
    meaning: 'helm, kubectl, the cluster or the pods failed (pods not ready in time included)',
  },
  conflict: {
    code: 6,
    meaning: 'conflict: the stage does not fit, the app is not there, or it was changed under us',
  },
  rolledBack: { code: 7, meaning: 'failed and rolled back' },
  waiting: { code: 8, meaning: 'waiting for an approval or a window' },
  stuck: { code: 9, meaning: 'the rollback failed too: a person is needed' },
  busy: { code: 10, meaning: 'busy: another operator holds the app, try again' },
  interrupted: { code: 130, meaning: 'interrupted (SIGINT)' },
  terminated: { code: 143, meaning: 'terminated (SIGTERM)' },
} as const satisfies Record<string, { code: number; meaning: string }>

export type Outcome = keyof typeof EXIT_CODES
