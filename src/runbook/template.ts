/** A runbook to begin with: a whole rollout of one app, every line of it explained. */
export function initialRunbook(app: string, version: string): string {
  return `# yaml-language-server: $schema=./node_modules/canary-rollout/schema/runbook-v1.json
# What may stand here: docs/runbooks.md. Check it: canary runbook lint FILE. Go: canary run FILE.
apiVersion: canary/v1
kind: Runbook

# Used as \${to} below; another one for a run: --var to=…
vars:
  to:
    description: The version to roll out
    default: "${version}"

# Settings of all apps, as flags and canary.yaml have them, such as
# defaults:
#   host: app.example.com
#   verifyTimeout: 2m

# When steps may go on that say so (when: {window: office}).
windows:
  office: { days: [mon, tue, wed, thu], from: "09:00", to: "16:00", tz: Europe/Berlin }

# One after the other, by their contexts in the kubeconfig. Without clusters: the one of the flags.
# clusters:
#   eu: { context: prod-eu }
#   us: { context: prod-us, after: eu }

# By the names of their Helm releases. Several in groups:
# waves:
#   - { name: first, apps: [${app}] }
#   - { name: rest, apps: [another, third], parallel: 2 }
apps:
  ${app}: {}

# After a failed step: stop there, abort (back to the old version), or ask.
onFailure: stop

# For each app. A run that ended early goes on where the app is.
steps:
  # Pods of the new version; requests with the header stage: canary go to it.
  - start: \${to}
  # A person tries it. Off a terminal the run ends with exit 8 and says how to go on.
  - approve: { id: qa, message: "Does \${to} work with the header?", timeout: 24h }
  # Percent of all other requests; each is proven by counted traffic before the next.
  - shift: 5
    when: { window: office }
  # Counted from the last change, so that a run begun again does not wait again.
  - pause: 10m
  # analyze: first compare the errors and latency of both versions.
  - shift: 25
    analyze: true
  - pause: 10m
  - shift: 100
    analyze: 1m
  # Any command; its exit code decides. The variables and the stage are in its environment.
  # - run: { command: ./smoke.sh, timeout: 2m }
  - pause: 30m
  # The new version is the primary; the pods of the old one go.
  - finish
`
}
