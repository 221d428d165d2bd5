import { expect, test } from 'vitest'
import { pauseCommand } from '../../../../src/model/results/drift.js'
import { controllerObject, controllerOf, isPaused } from '../../../../src/rollout/drift/controllers.js'

test.each([
  [
    "Flux's HelmRelease",
    { labels: { 'helm.toolkit.fluxcd.io/name': 'echo', 'helm.toolkit.fluxcd.io/namespace': 'apps' } },
    { tool: 'Flux', kind: 'HelmRelease', name: 'echo', namespace: 'apps' },
    'flux suspend helmrelease echo -n apps',
  ],
  [
    "Flux's Kustomization",
    {
      labels: {
        'kustomize.toolkit.fluxcd.io/name': 'all',
        'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
      },
    },
    { tool: 'Flux', kind: 'Kustomization', name: 'all', namespace: 'flux-system' },
    'flux suspend kustomization all -n flux-system',
  ],
  [
    'Argo CD by its label',
    { labels: { 'argocd.argoproj.io/instance': 'shop' } },
    { tool: 'Argo CD', kind: 'Application', name: 'shop' },
    'argocd app set shop --sync-policy none',
  ],
  [
    'Argo CD by its tracking id',
    { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:echo/echo-v1' } },
    { tool: 'Argo CD', kind: 'Application', name: 'shop' },
    'argocd app set shop --sync-policy none',
  ],
] as const)('%s is recognised, and how to pause it', (_, metadata, controller, command) => {
  expect(controllerOf([{ metadata: {} }, {}, { metadata }])).toEqual(controller)
  expect(pauseCommand(controller)).toBe(command)
})

test('the labels of Helm itself are nobody else', () => {
  expect(controllerOf([{ metadata: { labels: { 'app.kubernetes.io/instance': 'echo' } } }])).toBeUndefined()
})

test('a controller is paused when its own object says so', () => {
  const flux = { tool: 'Flux', kind: 'HelmRelease', name: 'echo', namespace: 'apps' } as const
  const argo = { tool: 'Argo CD', kind: 'Application', name: 'shop' } as const
  const paused = (controller: typeof flux | typeof argo, spec?: object) =>
    isPaused(controller, { ...controllerObject(controller).object, object: spec && { spec } })
  expect(paused(flux, { suspend: true })).toBe(true)
  expect(paused(flux, { suspend: false })).toBe(false)
  expect(paused(flux)).toBe(false)
  expect(isPaused(flux, undefined)).toBe(false)
  expect(paused(argo, { syncPolicy: { automated: { prune: true } } })).toBe(false)
  expect(paused(argo, { syncPolicy: {} })).toBe(true)
  expect(controllerObject(argo).namespace).toBe('argocd')
})
