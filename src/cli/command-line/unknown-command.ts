import { nearest } from '../../lib/closest.js'
import { UsageError } from '../../model/errors.js'

/** Commands that are worth naming beside a mistyped one. */
const MOST_NEAREST = 3

/** What other tools for rollouts, Helm and kubectl call it, and the commands that do it here. */
const ELSEWHERE: Record<string, string[]> = {
  apply: [
    'canary run FILE    (the steps of a runbook)',
    'canary upgrade APP    (other values, the same versions)',
  ],
  cancel: ['canary abort APP    (back to the primary)'],
  create: ['canary install APP VERSION'],
  delete: ['canary uninstall APP    (once nobody sends it requests)'],
  deploy: [
    'canary start APP VERSION    (a canary beside the primary)',
    'canary install APP VERSION    (a first version)',
  ],
  describe: ['canary status APP', 'canary doctor APP    (what is wrong, and the remedies)'],
  diff: ['canary upgrade APP --dry-run    (what would change)', 'canary status APP    (what others changed)'],
  events: ['canary history APP', 'canary doctor APP'],
  get: [
    'canary status    (all apps)',
    'canary status APP',
    'canary values APP VERSION    (values to be committed)',
  ],
  list: ['canary status    (all apps)', 'canary runs    (runs, and what they wait for)'],
  logs: [
    'canary doctor APP    (what is wrong, and the remedies)',
    'kubectl logs deployment/APP-VERSION -n NAMESPACE',
  ],
  pause: [
    'canary rollout APP VERSION --until STEP    (stops there; every stage stays until the next command)',
  ],
  plan: ['canary shift APP WEIGHT --dry-run    (any command that changes something takes --dry-run)'],
  promote: [
    'canary shift APP 100    (all requests to the canary)',
    'canary finish APP    (and the primary is removed)',
  ],
  resume: ['canary approve APP STEP', 'canary runs    (runs, and the commands that go on with them)'],
  retry: [
    'canary runs    (runs, and the commands that go on with them)',
    'canary rollout APP VERSION    (goes on where APP is)',
  ],
  rollback: [
    'canary abort APP    (during a rollout: back to the primary)',
    'canary undo APP VERSION    (after one)',
  ],
  'set-weight': ['canary shift APP WEIGHT'],
  stop: ['canary abort APP    (back to the primary)'],
  template: ['canary values APP VERSION', 'canary upgrade APP --dry-run    (what would change)'],
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
 * The error for a command that is not there, with the commands that may have been meant. `id` is as oclif has it, words
 * with colons between them: all up to the first flag where it knows none of them.
 */
export function unknownCommand(id: string, names: string[]): UsageError {
  const words = id.split(':')
  const inTopic = names.some((name) => name.startsWith(`${words[0]!} `))
  const word = words.slice(0, inTopic ? 2 : 1).join(' ')
  return new UsageError(`There is no command "${word}".`, {
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
