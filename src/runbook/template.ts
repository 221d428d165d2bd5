/** A runbook to start from: a whole rollout of one app, every line explained. */
export function initialRunbook(app: string, version: string): string {
  return `# yaml-language-server: $schema=./node_modules/canary-rollout/schema/runbook-v1.json
# Reference: docs/runbooks.md. Check it: canary runbook lint FILE. Run it: canary run FILE.
apiVersion: canary/v1
kind: Runbook

# Used as \${to} below; override it with --var to=…
vars:
  to:
    description: The version to roll out
    default: "${version}"

# Settings of all apps, as in flags and canary.yaml, such as
# defaults:
#   host: app.example.com
#   verifyTimeout: 2m

# Times of the week for steps with when: {window: office}.
windows:
  office: { days: [mon, tue, wed, thu], from: "09:00", to: "16:00", tz: Europe/Berlin }

# Clusters by their kubeconfig contexts. Default: the cluster of the flags.
# clusters:
#   eu: { context: prod-eu }
#   us: { context: prod-us, after: eu }

# Apps by the names of their Helm releases. To roll them out in groups:
# waves:
#   - { name: first, apps: [${app}] }
#   - { name: rest, apps: [another, third], parallel: 2 }
apps:
  ${app}: {}

# After a failed step: stop there, abort (roll back to the old version), or ask.
onFailure: stop

# For each app. A repeated run continues where the app is.
steps:
  # Pods of the new version; requests with the header stage: canary go to it.
  - start: \${to}
  # A person tries it. Off a terminal the run exits 8 and prints how to continue.
  - approve: { id: qa, message: "Does \${to} work with the header?", timeout: 24h }
  # Percent of all other requests; each share is verified by counted traffic before the next.
  - shift: 5
    when: { window: office }
  # Counted from the last change: a repeated run does not wait again.
  - pause: 10m
  # analyze: compare the errors and latency of both versions first.
  - shift: 25
    analyze: true
  - pause: 10m
  - shift: 100
    analyze: 1m
  # Any command; its exit code decides. The variables and the stage are in its environment.
  # - run: { command: ./smoke.sh, timeout: 2m }
  - pause: 30m
  # Makes the new version the primary and removes the old pods.
  - finish
`
}
