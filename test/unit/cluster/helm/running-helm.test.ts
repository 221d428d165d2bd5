import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { changesRelease, helmRuns } from '../../../../src/cluster/helm/running-helm.js'
import { type FakePath, startFakePath } from '../fake-program.js'

test.each<[string, boolean]>([
  ['helm upgrade echo /tmp/chart --reset-values --values - --namespace echo', true],
  ['/opt/helm/bin/helm install echo /tmp/chart --create-namespace --namespace echo', true],
  ['helm rollback echo 3 --namespace echo --kube-context prod', true],
  ['helm uninstall echo --ignore-not-found --namespace=echo', true],
  ['helm delete -n echo echo', true],
  ['helm --kube-context prod -n=echo upgrade --install echo ./chart', true],
  ['helm -necho upgrade --wait --timeout 5m echo ./chart', true],
  ['helm3 upgrade echo ./chart -n echo', true],
  ['/bin/sh /usr/local/bin/helm upgrade echo ./chart -n echo', true],
  ['helm upgrade echo ./chart -n shop', false],
  ['helm upgrade foxtrot ./chart -n echo', false],
  ['helm upgrade echo-2 ./chart -n echo', false],
  ['helm template echo ./chart -n echo', false],
  ['helm history echo -n echo', false],
  ['helm upgrade echo ./chart', false],
  ['helmfile apply -n echo upgrade echo', false],
  ['node canary shift echo 50 -n echo', false],
  ['vi helm upgrade echo -n', false],
  ['', false],
])('%s: %s', (line, is) => {
  expect(changesRelease(line.split(' '), 'echo', 'echo')).toBe(is)
})

let path: FakePath | undefined
let child: ChildProcess | undefined
afterEach(async () => {
  child?.kill('SIGKILL')
  await path?.close()
})

test('a helm that runs on this host is found, until it ends', async () => {
  path = await startFakePath()
  await path.program('helm', `console.log('up'); setInterval(() => {}, 1000)`)
  const args = ['upgrade', 'lock-test-app', '/tmp/chart', '--values', '-', '--namespace', 'lock-test']
  child = spawn('helm', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout!, 'data')

  expect(await helmRuns('lock-test-app', 'lock-test')).toBe(true)
  expect(await helmRuns('lock-test-app', 'elsewhere')).toBe(false)

  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await helmRuns('lock-test-app', 'lock-test')).toBe(false)
})
