import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sameForBoth, pinCluster } from '../../../src/cluster/chosen-cluster.js'
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
      /HELM_KUBEAPISERVER and HELM_KUBETOKEN would make helm/,
    )
  })
})

describe('the kubeconfig is looked at once', () => {
  let programs: FakePath
  beforeEach(async () => {
    programs = await startFakePath()
  })
  afterEach(() => programs.close())

  /** kubectl whose view of the kubeconfig has this; the context's name is the command line. */
  const viewed = (server: string, user = {}) =>
    programs.program(
      'kubectl',
      `console.log(JSON.stringify({
         'current-context': process.argv.slice(2).join('_'),
         clusters: [{ name: 'c', cluster: { server: ${JSON.stringify(server)} } }],
         users: [{ name: 'u', user: ${JSON.stringify(user)} }],
       }))`,
    )

  test('the current context, of the kubeconfig given', async () => {
    await viewed('https://one.example')

    expect(await pinCluster({ kubeconfig: '/k' })).toEqual({
      kubeconfig: '/k',
      kubeContext: 'config_view_--minify_-o_json_--kubeconfig_/k',
    })
  })

  test('one that is given stays', async () => {
    await viewed('https://one.example')

    expect(await pinCluster({ kubeContext: 'prod' })).toEqual({ kubeContext: 'prod' })
  })

  test.each([
    ['https://rancher.example/k8s/clusters/c-m-1', '/k8s/clusters/c-m-1'],
    ['https://rancher.example/k8s/clusters/c-m-1/', '/k8s/clusters/c-m-1'],
    ['teleport.example:443/v1', '/v1'],
    ['https://one.example:6443/', undefined],
    ['https://[::1]:6443', undefined],
    ['one.example:6443', undefined],
  ])('the path of the server %s', async (server, serverPath) => {
    await viewed(server)

    expect((await pinCluster({})).serverPath).toBe(serverPath)
  })

  test('the login command', async () => {
    await viewed('https://one.example', { exec: { command: 'aws', args: ['eks', 'get-token'] } })

    expect((await pinCluster({})).loginCommand).toBe('aws')
  })

  test('none is set: left to the tools', async () => {
    await programs.program(
      'kubectl',
      `console.error('error: current-context must exist in order to minify'); process.exitCode = 1`,
    )

    expect(await pinCluster({})).toEqual({})
  })
})
