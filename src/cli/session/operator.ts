import { hostname, userInfo } from 'node:os'

/** Who runs this, `user@host`; in CI whoever started the job, not the runner's own user. */
export function operator(env: Record<string, string | undefined> = process.env): string {
  return `${env.GITHUB_ACTOR ?? env.GITLAB_USER_LOGIN ?? userName()}@${hostname()}`
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}` // containers run under users that have no name
  }
}
