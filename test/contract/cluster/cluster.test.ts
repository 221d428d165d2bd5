import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { HELM_MAJORS } from '../../../scripts/tools.js'
import { ApiTransport, startApiProxy } from '../../../src/cluster/kube/api-transport.js'
import type { ChartSource } from '../../../src/cluster/ports/releases.js'
import { pinCluster } from '../../../src/cluster/chosen-cluster.js'
import { KubeApi } from '../../../src/cluster/kube/kube-api.js'
import { DEPLOYMENTS } from '../../../src/cluster/kube/kube-types.js'
import { openRouting, ROUTING_RESOURCES } from '../../../src/routing/select.js'
import type { RoutingProvider } from '../../../src/routing/provider.js'
import { type OpenCluster, openCluster } from '../../../src/cluster/open.js'
import { PrivateFolder } from '../../../src/cluster/private-folder.js'
import type { PodProgress } from '../../../src/model/events/events.js'
import type { ReleaseHistory, Revision } from '../../../src/model/release.js'
import type { JsonObject } from '../../../src/model/values.js'
import { type SandboxCli, startSandboxCli } from '../../support/sandbox-cli.js'

const chart = { path: fileURLToPath(new URL('../../../chart', import.meta.url)) }

/** Values of a stage: the versions deployed, the first of them primary. */
function values(...versions: string[]): JsonObject {
  return {
    deployment: Object.fromEntries(versions.map((version) => [version, {}])),
    routes: { apiGroup: 'example', primary: { version: versions[0] ?? '' } },
  }
}

for (const major of HELM_MAJORS) {
  describe(`the cluster through Helm ${major} and kubectl`, () => {
    let cli: SandboxCli
    let cluster: OpenCluster
    let routing: RoutingProvider
    const before = { ...process.env }

    beforeAll(async () => {
      cli = await startSandboxCli(major)
      Object.assign(process.env, cli.env)
      cluster = openCluster({}, ROUTING_RESOURCES)
      routing = openRouting(cluster.kube).of({}, 'echo')
    })
    afterAll(async () => {
      await cluster.close()
      await cli.close()
      process.env = before
    })

    const at = { app: 'echo', namespace: 'echo' }
    const apply = (
      verb: 'install' | 'upgrade',
      source: ChartSource,
      content: JsonObject,
      description: string,
    ) => cluster[verb]({ ...at, chart: source, values: content, description })

    async function echo(): Promise<ReleaseHistory> {
      const [history] = await cluster.findReleases('echo')
      if (!history) throw new Error('there is no release echo')
      return history
    }
    async function deployed(): Promise<Revision> {
      const { deployed: revision } = await echo()
      if (!revision) throw new Error('no revision is deployed')
      return revision
    }

    test('before the first install there is nothing', async () => {
      expect(await cluster.findReleases('echo')).toEqual([])
      expect(await cluster.listReleases()).toEqual([])
      expect(await cluster.versionPods('echo', 'echo')).toEqual([])
    })

    test('install makes the namespace and revision 1, whose record says what was applied', async () => {
      expect(await apply('install', chart, values('v1'), 'canary install echo v1')).toBe(1)

      const { newest, deployed: revision, revisions } = await echo()
      expect(revision).toMatchObject({
        name: 'echo',
        namespace: 'echo',
        revision: 1,
        status: 'deployed',
        description: 'canary install echo v1',
        config: values('v1'),
      })
      expect(revision?.chart.metadata.name).toBe('gloo-app')
      expect(Date.parse(revision?.updated ?? '')).toBeGreaterThan(Date.now() - 60_000)
      expect(newest).toEqual(revision)
      expect(revisions.map(({ status }) => status)).toEqual(['deployed'])
    })

    test('pods become ready, told by version', async () => {
      const reports: PodProgress[][] = []

      await cluster.waitForPods('echo', 'echo', ['v1'], 10_000, (progress) => reports.push(progress))

      expect(reports.at(-1)).toEqual([{ version: 'v1', ready: 1, wanted: 1, problems: [] }])
      expect(await cluster.versionPods('echo', 'echo')).toEqual([
        {
          version: 'v1',
          deployment: 'echo-v1',
          image: 'hashicorp/http-echo',
          ready: 1,
          wanted: 1,
          problems: [],
        },
      ])
    })

    test('the chart out of the record renders byte for byte what the original does', async () => {
      const record = (await deployed()).chart
      for (const content of [values('v1'), values('1', '1e3')]) {
        const original = await cluster.render({ ...at, chart, values: content })

        expect(original).toContain('kind: RouteTable')
        expect(await cluster.render({ ...at, chart: { record }, values: content })).toBe(original)
      }
    })

    test('upgrade from the record adds a version; numbers stay strings', async () => {
      const record = (await deployed()).chart
      const content = values('v1', '1e3')

      expect(await apply('upgrade', { record }, content, 'canary start echo 1e3')).toBe(2)
      await cluster.waitForPods('echo', 'echo', ['1e3'], 10_000, () => undefined)

      expect((await deployed()).config).toEqual(content)
      expect((await cluster.versionPods('echo', 'echo')).map(({ version }) => version)).toEqual(['1e3', 'v1'])
    })

    test('upgrade without a version removes its pods', async () => {
      expect(await apply('upgrade', chart, values('v1'), 'canary abort echo')).toBe(3)

      await cluster.waitForPodsGone('echo', 'echo', ['1e3'], 10_000)

      expect((await cluster.versionPods('echo', 'echo')).map(({ version }) => version)).toEqual(['v1'])
      expect((await echo()).revisions.map(({ status }) => status)).toEqual([
        'superseded',
        'superseded',
        'deployed',
      ])
    })

    /** A Deployment with the labels of echo's pods, and the marks of some release. */
    async function labelled(name: string, version: string, release: string): Promise<void> {
      const labels = { app: 'echo', version }
      const object = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: {
          name,
          namespace: 'echo',
          labels: { 'app.kubernetes.io/managed-by': 'Helm' },
          annotations: {
            'meta.helm.sh/release-name': release,
            'meta.helm.sh/release-namespace': 'echo',
          },
        },
        spec: {
          selector: { matchLabels: { ...labels, name } },
          template: {
            metadata: { labels: { ...labels, name } },
            spec: { containers: [{ name, image: 'hashicorp/http-echo' }] },
          },
        },
      }
      expect(await cli.kubectl(['apply', '-f', '-'], JSON.stringify(object))).toMatchObject({ exitCode: 0 })
    }

    test('a Deployment of the release is removed with its pods; the connection serves on', async () => {
      await labelled('echo-v0', 'v0', 'echo')
      await cluster.waitForPods('echo', 'echo', ['v0'], 10_000, () => undefined)

      await cluster.removeDeployment('echo-v0', at)

      expect((await cluster.versionPods('echo', 'echo')).map(({ version }) => version)).toEqual(['v1'])
      await cluster.waitForPodsGone('echo', 'echo', ['v0'], 10_000)
      await cluster.removeDeployment('echo-v0', at)
    })

    test('what a removal asks for is heard through kubectl proxy', async () => {
      await labelled('echo-v0', 'v0', 'echo')
      const folder = new PrivateFolder()
      const api = new KubeApi(new ApiTransport(() => startApiProxy({}, () => pinCluster({}), folder)))
      const target = { resource: DEPLOYMENTS, namespace: 'echo', name: 'echo-v0' }
      try {
        await expect(api.remove(target, { uid: 'of-another' })).rejects.toMatchObject({ code: 409 })
        expect((await api.list({ resource: DEPLOYMENTS, namespace: 'echo' })).items).toHaveLength(2)
        await api.remove(target)
        expect((await api.list({ resource: DEPLOYMENTS, namespace: 'echo' })).items).toHaveLength(1)
      } finally {
        await api.close()
        folder.close()
      }
    })

    test("another release's Deployment with the same labels: not counted, not waited for, not removed", async () => {
      await labelled('echo-worker', 'v1', 'echo-worker')
      await vi.waitFor(
        async () =>
          expect((await cluster.workloads('echo', 'echo')).others).toEqual([
            {
              kind: 'Deployment',
              name: 'echo-worker',
              version: 'v1',
              ready: 1,
              owner: { by: 'helm', app: 'echo-worker', namespace: 'echo', managedByHelm: true },
            },
          ]),
        { timeout: 10_000, interval: 100 },
      )
      expect(await cluster.versionPods('echo', 'echo')).toMatchObject([
        { deployment: 'echo-v1', ready: 1, wanted: 1 },
      ])
      await expect(cluster.removeDeployment('echo-worker', at)).rejects.toMatchObject({
        outcome: 'conflict',
        message: expect.stringContaining('its owner is Helm release echo/echo-worker'),
      })
      const forbidden = cli.sandbox.faults.add({ kind: 'forbid', verb: '*', resource: 'replicasets' })
      try {
        expect(await cluster.versionPods('echo', 'echo')).toMatchObject([{ deployment: 'echo-v1', ready: 1 }])
        await cluster.waitForPods('echo', 'echo', ['v1'], 10_000, () => undefined)
      } finally {
        cli.sandbox.faults.remove(forbidden.id)
      }
      await cli.kubectl(['delete', 'deployment', 'echo-worker', '-n', 'echo'])
    })

    test('pods that never become ready: the reason, when the time is over; the revision is deployed', async () => {
      const broken = values('v1', 'v2')
      broken.deployment = { v1: {}, v2: { image: 'nosuch.invalid/echo:never' } }
      await apply('upgrade', chart, broken, 'canary start echo v2')

      await expect(cluster.waitForPods('echo', 'echo', ['v2'], 2000, () => undefined)).rejects.toThrow(
        /v2 has 0 of 1 pods ready \(.*(ErrImagePull|ImagePullBackOff).*\)/,
      )

      expect((await deployed()).revision).toBe(4)
      await apply('upgrade', chart, values('v1'), 'canary abort echo')
      await cluster.waitForPodsGone('echo', 'echo', ['v2'], 10_000)
    })

    test('Ctrl-C ends a wait', async () => {
      const controller = new AbortController()
      const interrupted = openCluster({ signal: controller.signal })
      try {
        const wait = interrupted.waitForPodsGone('echo', 'echo', ['v1'], 10_000)
        setTimeout(() => controller.abort('SIGINT'), 100)

        await expect(wait).rejects.toMatchObject({ outcome: 'interrupted' })
      } finally {
        await interrupted.close()
      }
    })

    test('a name in use, values the chart refuses: explained', async () => {
      await expect(apply('install', chart, values('v1'), 'again')).rejects.toThrow(
        /already has a release of this name/,
      )
      await expect(apply('upgrade', chart, { ...values('v1'), nosuch: 1 }, 'odd')).rejects.toThrow(
        /The chart refuses the values: gloo-app: .*nosuch/,
      )
      await expect(apply('upgrade', chart, { deployment: { v1: {} } }, 'odd')).rejects.toThrow(
        /The chart refuses the values: .*primary/,
      )
      expect((await echo()).newest?.revision).toBe(5)
    })

    test('all releases of the chart, of the cluster or of one namespace', async () => {
      await cluster.install({
        app: 'foxtrot',
        namespace: 'shop',
        chart,
        values: values('v1'),
        description: 'x',
      })
      const names = (histories: ReleaseHistory[]) =>
        histories.map(
          ({ namespace, name, deployed: revision }) => `${namespace}/${name} ${revision?.revision}`,
        )

      expect(names(await cluster.listReleases())).toEqual(['echo/echo 5', 'shop/foxtrot 1'])
      expect(names(await cluster.listReleases('shop'))).toEqual(['shop/foxtrot 1'])
    })

    test('the VirtualService of the procedure: made once, and it selects the routes', async () => {
      const missing = async (apiGroup: string) => {
        const app = { name: 'echo', namespace: 'echo' }
        return (await routing.view()).missingAttachment(
          app,
          { routes: { apiGroup } },
          'canary install echo v1',
        )
      }
      await (await missing('example'))?.make?.create()

      const services = await cli.kubectl(['get', 'virtualservices', '-A', '-o', 'name'])
      expect(services.stdout.trim()).toBe('virtualservice.gateway.solo.io/app')
      expect(await missing('example')).toBeUndefined()
      await expect((await missing('other'))?.make?.create()).rejects.toMatchObject({ outcome: 'conflict' })
    })

    test('the proxy is found, and answers', async () => {
      const address = await routing.proxyAddress()
      const answer = await fetch(`${address.origin}/nosuch`)
      await address.close()

      expect(answer.status).toBe(404)
    })

    test('doctor finds all well', async () => {
      const findings = [
        ...(await cluster.preflight()),
        ...(await cluster.permissions('echo', routing.description.permissions)),
        ...(await routing.preflight()),
      ]

      expect(findings.filter(({ status }) => status !== 'ok')).toEqual([])
      expect(findings[0]?.detail).toMatch(new RegExp(`^v${major}\\.`))
    })

    test('routes edited by hand: Helm 4 refuses to overwrite them, which is explained', async () => {
      const patch = JSON.stringify({ spec: { routes: [] } })
      const edit = ['patch', 'routetable', 'echo-routes', '-n', 'echo', '--type=merge', '-p', patch]
      expect(await cli.kubectl(edit)).toMatchObject({ exitCode: 0 })

      const upgrade = apply('upgrade', chart, values('v1', 'v2'), 'canary start echo v2')

      if (major === 3) expect(await upgrade).toBe(6)
      else {
        await expect(upgrade).rejects.toMatchObject({
          message: expect.stringMatching(/changed outside Helm \(by kubectl-patch\).*\.spec\.routes/),
          code: 1,
        })
        expect((await echo()).newest).toMatchObject({ revision: 6, status: 'failed' })
        expect((await deployed()).revision).toBe(5)
      }
    })

    test('forbidden: what, where, and what to do', async () => {
      cli.sandbox.faults.add({ kind: 'forbid', verb: 'list', resource: 'secrets' })
      try {
        await expect(cluster.findReleases('echo', 'echo')).rejects.toMatchObject({
          message: 'Forbidden: your user may not list secrets in namespace echo.',
          code: 403,
        })
        const findings = await cluster.permissions('echo', routing.description.permissions)
        expect(findings.filter(({ status }) => status === 'problem').map(({ detail }) => detail)).toEqual([
          expect.stringContaining('may not list secrets in namespace echo'),
        ])
      } finally {
        cli.sandbox.faults.clear()
      }
    })
  })
}
