import * as Flags from '@oclif/core/flags'
import { checkApp, checkVersion, parsePercent, requiredApp } from '../cli/flags/args.js'
import { OperationCommand } from '../cli/operation-command.js'
import { clusterFlags, repeatable } from '../cli/flags/flags.js'
import { parseHeaders } from '../cli/flags/headers.js'
import type { StageWithValues } from '../rollout/stage/values-of-stage.js'
import { maskSecrets } from '../lib/secrets/secrets.js'

interface StageFlags {
  primary?: string
  canary?: string
  weight?: string
  header?: string[]
  values?: string[]
  'api-group'?: string
  'show-secrets': boolean
}

export default class Values extends OperationCommand {
  static override summary = 'Print the complete values of an app, or of any stage of a rollout'
  static override description =
    'Without --stage: the values of the deployed revision. With --stage: the values of that stage, made from ' +
    'the flags alone, without a cluster; for GitOps. "finished" is stable on the canary. Secrets are masked ' +
    'unless --show-secrets is given.'
  static override examples = [
    '<%= config.bin %> values echo',
    '<%= config.bin %> values echo --stage weighted --primary v1 --canary v2 --weight 50',
  ]
  static override args = { app: requiredApp }
  static override flags = {
    stage: Flags.option({
      options: ['stable', 'deployed', 'header', 'weighted', 'shifted', 'finished'] as const,
      description: 'Stage to print the values of',
      dependsOn: ['primary'],
    })(),
    primary: Flags.string({ helpValue: '<version>', description: 'The primary', dependsOn: ['stage'] }),
    canary: Flags.string({ helpValue: '<version>', description: 'The canary', dependsOn: ['stage'] }),
    weight: Flags.string({ description: 'Weight in percent, for stage weighted', dependsOn: ['stage'] }),
    header: repeatable({
      env: 'CANARY_HEADER',
      helpValue: '<name=value>',
      description: 'Header that sends a request to the canary, repeatable (default stage=canary)',
    }),
    values: repeatable({
      char: 'f',
      helpValue: '<file>',
      description: 'YAML file with base values, repeatable',
    }),
    'api-group': Flags.string({
      env: 'CANARY_API_GROUP',
      description: "Label by which Gloo's virtual services select the app's routes",
    }),
    'show-secrets': Flags.boolean({ description: 'Print secrets unmasked' }),
    ...clusterFlags,
  }

  async run(): Promise<void> {
    const parsed = await this.parse(Values)
    const app = checkApp(parsed.args.app)
    const showsSecrets = parsed.flags['show-secrets']
    const { stage } = parsed.flags
    if (stage) return this.ofStage(app, stage, parsed.flags)
    const { context, namespace } = await this.open({ app, parsed })
    const { observedValues } = await import('../operations/values.js')
    const values = await observedValues(context, { app, namespace })
    await this.show(values, (shown) => asYaml(showsSecrets ? shown : maskSecrets(shown)), {
      isValues: true,
      showsSecrets,
    })
    await this.noteMask(values, showsSecrets)
  }

  private async ofStage(app: string, stage: StageWithValues, flags: StageFlags): Promise<void> {
    const { stageValues } = await import('../operations/values.js')
    const { primary = '', canary, weight, header = ['stage=canary'], 'show-secrets': asIs } = flags
    const values = await stageValues({
      app,
      stage,
      primary: checkVersion(primary),
      canary: canary === undefined ? undefined : checkVersion(canary),
      weight: weight === undefined ? undefined : parsePercent('--weight', weight),
      headers: parseHeaders(header, '--header', 'canary'),
      valuesFiles: flags.values ?? [],
      apiGroup: flags['api-group'],
    })
    const text = await asYaml(asIs ? values : maskSecrets(values))
    await this.print(values, () => text, { asIs, isFile: true })
    await this.noteMask(values, asIs)
  }

  /** Masked values must not be taken for complete ones. */
  private async noteMask(values: object, showsSecrets: boolean): Promise<void> {
    if (showsSecrets || JSON.stringify(maskSecrets(values)) === JSON.stringify(values)) return
    await this.note('! Secrets are masked as ***: do not apply these values. --show-secrets prints them.')
  }
}

async function asYaml(values: object): Promise<string> {
  const { renderDocument } = await import('../report/document.js')
  return renderDocument(values, 'yaml')
}
