import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sameForBoth, withContextPinned } from '../../../src/cluster/chosen-cluster.js'
import { startFakePath, type FakePath } from './fake-program.js'

describe('helm and kubectl are sent to the same cluster', () => {
  test("Helm's variable for the context counts for both", () => {
    expect(sameForBoth({}, { HELM_KUBECONTEXT: 'staging' }).kubeContext).toBe('staging')
  })

  test('the flag goes before it', () => {
    expect(sameForBoth({ kubeContext: 'prod' }, { HELM_KUBECONTEXT: 'staging' }).kubeContext).toBe('prod')
  })

  test('variables that only helm follows are refused', () => {
    expect(() => sameForBoth({}, { HELM_KUBETOKEN: 'x', HELM_KUBEAPISERVER: 'y' })).toThrow(
      /HELM_KUBEAPISERVER and HELM_KUBETOKEN would send helm/,
    )
  })
})

describe('the context is chosen once', () => {
  let programs: FakePath
  beforeEach(async () => {
    programs = await startFakePath()
  })
  afterEach(() => programs.close())

  test('the current one, of the kubeconfig given', async () => {
    await programs.program('kubectl', `console.log(process.argv.slice(2).join('_'))`)

    expect(await withContextPinned({ kubeconfig: '/k' })).toEqual({
      kubeconfig: '/k',
      kubeContext: 'config_current-context_--kubeconfig_/k',
    })
  })

  test('one that is given stays', async () => {
    expect(await withContextPinned({ kubeContext: 'prod' })).toEqual({ kubeContext: 'prod' })
  })

  test('none is set: left to the tools', async () => {
    await programs.program(
      'kubectl',
      `console.error('error: current-context is not set'); process.exitCode = 1`,
    )

    expect(await withContextPinned({})).toEqual({})
  })
})
