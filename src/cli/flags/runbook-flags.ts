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

export const untilFlag = Flags.string({ helpValue: '<step>', description: 'Stop after the step of this id' })

export const approveFlag = repeatable({
  helpValue: '<step[=why]>',
  description: 'Approve the step of this id, for each app that gets there; repeatable',
})
