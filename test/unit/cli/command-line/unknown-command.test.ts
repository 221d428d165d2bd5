import { describe, expect, test } from 'vitest'
import { commandNames } from '../../../../src/cli/command-line/command-names.js'
import { commandFirst } from '../../../../src/cli/command-line/leading-flags.js'
import { unknownCommand } from '../../../../src/cli/command-line/unknown-command.js'

const names = await commandNames()

describe('a command that is not there', () => {
  test.each([
    ['shft', 'canary shift '],
    ['STATUS', 'canary status '],
    ['hist', 'canary history '],
    ['runbook:lnt', 'canary runbook lint '],
    ['lint', 'canary runbook lint '],
    ['fault:error-rate:echo', 'canary sandbox fault '],
    ['promote:echo', 'canary finish APP'],
    ['rollback:echo', 'canary undo APP VERSION'],
    ['get', 'canary status '],
    ['list', 'canary status '],
    ['ls', 'canary status '],
    ['watch:echo', 'canary status APP'],
    ['delete:echo', 'uninstall APP'],
    ['pause', 'canary rollout APP VERSION --until STEP'],
    ['resume', 'canary approve APP STEP'],
    ['retry', 'canary rollout APP VERSION '],
    ['set-weight:echo:50', 'canary shift APP WEIGHT'],
    ['describe:echo', 'canary status APP'],
    ['logs:echo', 'kubectl logs deployment/APP-VERSION'],
    ['', 'canary --help'],
  ])('"%s" gets "%s"', (id, hint) => {
    const { outcome, nextSteps } = unknownCommand(id, names)
    expect(outcome).toBe('usage')
    expect(nextSteps.join('\n')).toContain(hint)
    expect(nextSteps.at(-1)).toBe('canary --help    (all commands)')
    for (const step of nextSteps.slice(0, -1)) {
      const [program, ...words] = step.split(' ')
      if (program !== 'canary') continue
      expect(
        names.some((name) => `${words.join(' ')} `.startsWith(`${name} `)),
        step,
      ).toBe(true)
    }
  })

  test('what is near nothing gets the list of all commands alone', () => {
    expect(unknownCommand('frobnicate', names).nextSteps).toHaveLength(1)
  })
})

describe('flags before the command', () => {
  test.each([
    ['--namespace echo status', 'status --namespace echo'],
    ['--namespace=echo --json status echo', 'status --namespace=echo --json echo'],
    ['-n echo --no-each-proxy verify echo', 'verify -n echo --no-each-proxy echo'],
    [
      '--context c runbook -o json plan f.yaml --var a=b',
      'runbook plan --context c -o json f.yaml --var a=b',
    ],
    ['sandbox --json status', 'sandbox status --json'],
    ['-h shift', 'shift -h'],
    ['--help', '--help'],
    ['runbook --help', 'runbook --help'],
  ])('%s is %s', (given, meant) => {
    expect(commandFirst(given.split(' '), names).join(' ')).toBe(meant)
  })

  test.each([
    ['--json', 'No command given.'],
    ['--analyze shift echo 5', '"--analyze" comes before the command.'],
    ['-- status', '"--" comes before the command.'],
  ])('%s is refused', (given, message) => {
    expect(() => commandFirst(given.split(' '), names)).toThrow(message)
  })
})
