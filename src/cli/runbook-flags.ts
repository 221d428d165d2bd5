import * as Args from '@oclif/core/args'
import { repeatable } from './flags.js'

export const fileArg = Args.string({
  description: 'Runbook, a YAML file',
  required: true,
  ignoreStdin: true,
})

export const varFlag = repeatable({
  helpValue: '<name=value>',
  description: "Value of one of the runbook's variables, repeatable",
})
