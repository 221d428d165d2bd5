import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
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

export const onlyFlag = repeatable({ helpValue: '<app>', description: 'Only this app, repeatable' })

export const untilFlag = Flags.string({
  helpValue: '<step>',
  description: 'Stop after the step with this ID',
})

export const approveFlag = repeatable({
  helpValue: '<step[=why]>',
  description: 'Approve the step with this ID, for each app that reaches it; repeatable',
})
