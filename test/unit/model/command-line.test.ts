import { describe, expect, test } from 'vitest'
import {
  canaryAgain,
  canaryCommand,
  commented,
  helmCommand,
  kubectlCommand,
  withNamedCluster,
} from '../../../src/model/command-line.js'

describe('a command names its namespace', () => {
  test.each([
    [{ app: 'echo', namespace: 'echo' }, 'canary finish echo v2 --yes'],
    [{ app: 'echo', namespace: undefined }, 'canary finish echo v2 --yes'],
    [{ app: 'echo', namespace: 'shop' }, 'canary finish echo v2 -n shop --yes'],
  ])('%o', (place, expected) => {
    expect(canaryCommand(['finish', 'echo', 'v2', '--yes'], place)).toBe(expected)
  })

  test('helm and kubectl always, before their flags', () => {
    expect(kubectlCommand(['get', 'pods', '-l', 'app=echo'], 'echo')).toBe(
      'kubectl get pods -n echo -l app=echo',
    )
    expect(helmCommand(['history', 'echo'], 'echo')).toBe('helm history echo -n echo')
  })

  test('typed before, and once more', () => {
    const again = canaryAgain('undo echo v1 --fast', { app: 'echo', namespace: 'shop' }, '--recover')
    expect(commented(again, 'then goes on')).toBe(
      'canary undo echo v1 --fast -n shop --recover    (then goes on)',
    )
  })
})

test('every word is one for a shell, but for what is to be filled in', () => {
  const words = ['start', 'echo', 'v2', '--image', '…', '--set=a b', '--header=…', '<chart>', "it's"]
  expect(canaryCommand(words)).toBe(
    String.raw`canary start echo v2 --image … --set='a b' --header=… <chart> 'it'\''s'`,
  )
})

describe('a command names the cluster that the user did', () => {
  const cluster = { kubeContext: 'far away', kubeconfig: 'k.yaml' }

  test('by the flags of each program', () => {
    const lines = withNamedCluster(cluster, () => [
      canaryCommand(['shift', 'echo', 50, '--yes'], { app: 'echo', namespace: 'shop' }),
      kubectlCommand(['get', 'pods', '-o', 'wide'], 'shop'),
      helmCommand(['history', 'echo'], 'shop'),
    ])
    expect(lines).toEqual([
      "canary shift echo 50 -n shop --kube-context 'far away' --kubeconfig k.yaml --yes",
      "kubectl get pods -n shop --context 'far away' --kubeconfig k.yaml -o wide",
      "helm history echo -n shop --kube-context 'far away' --kubeconfig k.yaml",
    ])
  })

  test('also in what is made later on', async () => {
    const line = withNamedCluster({ kubeContext: 'far' }, async () => {
      await Promise.resolve()
      return canaryCommand(['status'])
    })
    expect(canaryCommand(['status'])).toBe('canary status')
    expect(await line).toBe('canary status --kube-context far')
  })

  test('not where it needs none, or knows it', () => {
    const lines = withNamedCluster({ ...cluster, isKnownToCanary: true }, () => [
      canaryCommand(['status']),
      helmCommand(['version']),
      kubectlCommand(['config', 'get-contexts']),
    ])
    expect(lines).toEqual([
      'canary status',
      'helm version',
      'kubectl config get-contexts --kubeconfig k.yaml',
    ])
    expect(withNamedCluster(cluster, () => canaryCommand(['sandbox', 'start']))).toBe('canary sandbox start')
  })
})
