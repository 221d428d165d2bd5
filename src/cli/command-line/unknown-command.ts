import { nearest } from '../../lib/closest.js'
import { UsageError } from '../../model/errors.js'

/** How many similar commands to name. */
const MOST_NEAREST = 3

/** Words of kubectl, Helm and other rollout tools, and the commands that do the same here. */
const ELSEWHERE: Record<string, string[]> = {
  apply: [
    'canary run FILE    (the steps of a runbook)',
    'canary upgrade APP    (other values, the same versions)',
  ],
  cancel: ['canary abort APP    (back to the primary)'],
  create: ['canary install APP VERSION'],
  delete: ['canary uninstall APP    (once it gets no more requests)'],
  deploy: [
    'canary start APP VERSION    (a canary beside the primary)',
    'canary install APP VERSION    (a first version)',
  ],
  describe: ['canary status APP', 'canary doctor APP    (problems and remedies)'],
  diff: ['canary upgrade APP --dry-run    (what would change)', 'canary status APP    (drift)'],
  events: ['canary history APP', 'canary doctor APP'],
  get: ['canary status    (all apps)', 'canary status APP', 'canary values APP    (its complete values)'],
  list: ['canary status    (all apps)', 'canary runs    (runs, and what they wait for)'],
  logs: ['canary doctor APP    (problems and remedies)', 'kubectl logs deployment/APP-VERSION -n NAMESPACE'],
  pause: [
    'canary rollout APP VERSION --until STEP    (stops there; every stage stays until the next command)',
  ],
  plan: ['canary shift APP WEIGHT --dry-run    (any command that changes something takes --dry-run)'],
  promote: [
    'canary shift APP 100    (all requests to the canary)',
    'canary finish APP    (then removes the primary)',
  ],
  resume: ['canary approve APP STEP', 'canary runs    (runs, and the commands that continue them)'],
  retry: [
    'canary runs    (runs, and the commands that continue them)',
    'canary rollout APP VERSION    (continues where APP is)',
  ],
  rollback: [
    'canary abort APP    (during a rollout: back to the primary)',
    'canary undo APP VERSION    (after one)',
  ],
  'set-weight': ['canary shift APP WEIGHT'],
  stop: ['canary abort APP    (back to the primary)'],
  template: [
    'canary values APP --stage STAGE --primary VERSION    (values of a stage)',
    'canary upgrade APP --dry-run    (what would change)',
  ],
  test: ['canary verify APP'],
  watch: ['canary status APP', 'canary verify APP    (counts which version answers)'],
}
const SAME: Record<string, string> = {
  add: 'create',
  check: 'test',
  continue: 'resume',
  ls: 'list',
  ps: 'list',
  remove: 'delete',
  render: 'template',
  restart: 'retry',
  revert: 'rollback',
  rm: 'delete',
  'set-traffic': 'set-weight',
  show: 'get',
  undeploy: 'delete',
  weight: 'set-weight',
}

/**
 * The error for an unknown command, with the commands that may have been meant. `id` is oclif's: words with colons between
 * them, all up to the first flag if it knows none of them.
 */
export function unknownCommand(id: string, names: string[]): UsageError {
  const words = id.split(':')
  const inTopic = names.some((name) => name.startsWith(`${words[0]!} `))
  const word = words.slice(0, inTopic ? 2 : 1).join(' ')
  return new UsageError(`Unknown command "${word}".`, {
    state: 'Nothing was changed.',
    nextSteps: [...meant(word.toLowerCase(), names), 'canary --help    (all commands)'],
  })
}

function meant(word: string, names: string[]): string[] {
  const elsewhere = ELSEWHERE[SAME[word] ?? word]
  if (elsewhere) return elsewhere
  const begun = word === '' ? [] : names.filter((name) => name.startsWith(word) || name.endsWith(` ${word}`))
  const near = [...new Set([...begun, ...nearest(word, names)])].slice(0, MOST_NEAREST)
  return near.map((name) => `canary ${name}    (did you mean this?)`)
}
