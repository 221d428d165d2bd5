import * as Flags from '@oclif/core/flags'
import path from 'node:path'
import { checkApp, checkVersion, requiredApp, versionArg } from '../cli/flags/args.js'
import { requireWith } from '../cli/command-line/flag-values.js'
import {
  changeFlags,
  overlapFlag,
  clusterFlags,
  durationFlag,
  failureFlags,
  probeFlags,
  repeatable,
  scaleFlag,
} from '../cli/flags/flags.js'
import { RunbookCommand } from '../cli/runbook/runbook-command.js'
import { untilFlag } from '../cli/flags/runbook-flags.js'

export default class Rollout extends RunbookCommand {
  static override summary = 'Roll VERSION out from start to finish, weight by weight'
  static override description =
    'Does what start, each shift and finish do, each stage verified before the next. Waits --pause between ' +
    'two changes, and keeps verifying the stage meanwhile. After a failure or a kill, run it again: it ' +
    'resumes where the app is.'
  static override examples = [
    '<%= config.bin %> rollout echo v2 --weights 5,25,50,100 --pause 2m --analyze --on-failure abort',
    '<%= config.bin %> rollout echo v2 --until shift-50',
  ]
  static override args = { app: requiredApp, version: versionArg('The new version, such as v2 or 1.10') }
  static override flags = {
    weights: Flags.string({
      default: '5,25,50,100',
      env: 'CANARY_WEIGHTS',
      helpValue: '<list>',
      description: 'Weights in percent, in order',
    }),
    pause: Flags.string({
      default: '0',
      env: 'CANARY_PAUSE',
      helpValue: '<duration>',
      description: 'Pause after each weight, such as 2m',
    }),
    until: untilFlag,
    analyze: Flags.boolean({
      env: 'CANARY_ANALYZE',
      description: 'Compare errors and latency of canary and primary before each rise',
      helpGroup: 'safety',
    }),
    header: repeatable({
      env: 'CANARY_HEADER',
      helpValue: '<name=value>',
      description: 'Header that sends a request to the canary, repeatable (default stage=canary)',
    }),
    image: Flags.string({ env: 'CANARY_IMAGE', description: 'Image of VERSION' }),
    'version-values': Flags.string({
      helpValue: '<file>',
      description: 'YAML file with settings of VERSION',
    }),
    duration: durationFlag,
    scale: scaleFlag,
    'allow-overlap': overlapFlag,
    ...changeFlags,
    ...failureFlags,
    ...probeFlags,
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Rollout)
    const { flags } = parsed
    requireWith(parsed, 'duration', 'analyze')
    const app = checkApp(parsed.args.app)
    const version = checkVersion(parsed.args.version)
    const [{ parseWeights, singleRollout }, { durationOf }, { requestFor }] = await Promise.all([
      import('../runbook/single-rollout.js'),
      import('../cli/session/settings.js'),
      import('../cli/runbook/run-request.js'),
    ])
    const file = flags['version-values']
    const runbook = singleRollout({
      app,
      version,
      weights: parseWeights(flags.weights),
      pauseMs: durationOf({ value: flags.pause, source: '--pause' }, 0),
      analyze: flags.analyze,
      image: flags.image,
      versionValues: file === undefined ? undefined : path.resolve(file),
    })
    const request = requestFor(runbook, `rollout of ${app}`, ['rollout', ...this.argv], parsed)
    await this.go(request, { dryRun: flags['dry-run'] })
  }
}
