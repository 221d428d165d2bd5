import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathWithTools, type HelmMajor } from '../../../scripts/tools.js'
import type { KubeObject } from '../../../src/sandbox/api-server/objects.js'
import { RESOURCES } from '../../../src/sandbox/api-server/resources.js'
import { startApiServer, type ApiServerOptions } from '../../../src/sandbox/api-server/server.js'
import { ObjectStore } from '../../../src/sandbox/api-server/store.js'

export interface Result {
  code: number
  stdout: string
  stderr: string
}

/** An API server, and the real helm and kubectl with a home, a kubeconfig and a cache of their own. */
export interface TestCluster {
  url: string
  store: ObjectStore
  /** Folder of the test's own files. */
  folder: string
  /** What helm and kubectl run with. */
  env: Record<string, string>
  run(command: 'helm' | 'kubectl', args: string[], input?: string): Promise<Result>
  /** Standard output of a command that must succeed. */
  ok(command: 'helm' | 'kubectl', args: string[], input?: string): Promise<string>
  close(): Promise<void>
}

export async function startCluster(
  helm: HelmMajor = 4,
  options: Partial<ApiServerOptions> = {},
): Promise<TestCluster> {
  const store = options.store ?? new ObjectStore()
  for (const name of ['default', 'kube-system']) store.create(RESOURCES.namespaces, namespace(name))
  const server = await startApiServer({ ...options, store })
  const folder = await mkdtemp(path.join(tmpdir(), 'canary-api-'))
  const kubeconfig = path.join(folder, 'kubeconfig')
  await writeFile(kubeconfig, kubeconfigFor(server.url))
  const env = {
    PATH: await pathWithTools(helm),
    HOME: folder,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: path.join(folder, 'cache'),
  }
  const run: TestCluster['run'] = (command, args, input) =>
    new Promise((resolve) => {
      const child = execFile(command, args, { env, cwd: folder }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr })
      })
      child.stdin?.end(input)
    })
  return {
    url: server.url,
    store,
    folder,
    env,
    run,
    ok: async (command, args, input) => {
      const { code, stdout, stderr } = await run(command, args, input)
      if (code !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${code}: ${stdout}${stderr}`)
      return stdout
    },
    close: async () => {
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, status: { phase: 'Active' } }
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  })
}

/** In place of controllers: every Deployment is at once what its spec wants, with the ReplicaSet Helm 3 looks for. */
export function completeDeployments(store: ObjectStore): void {
  store.subscribe(({ type, resource, object }) => {
    if (resource.kind !== 'Deployment' || type === 'DELETED') return
    const { metadata, spec } = object
    const replicas = spec.replicas as number
    const counts = { replicas, readyReplicas: replicas }
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name, uid: metadata.uid! }
    const set: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${metadata.name}-${metadata.generation}`,
        namespace: metadata.namespace,
        labels: spec.template.metadata.labels as Record<string, string>,
        ownerReferences: [{ ...owner, controller: true }],
      },
      spec: { replicas, selector: spec.selector, template: spec.template },
      status: { ...counts, observedGeneration: 1 },
    }
    if (!store.get(RESOURCES.replicasets, metadata.namespace, set.metadata.name)) {
      store.create(RESOURCES.replicasets, set)
    }
    const conditions = [
      { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    ]
    const observedGeneration = metadata.generation
    const status = {
      ...counts,
      observedGeneration,
      updatedReplicas: replicas,
      availableReplicas: replicas,
      conditions,
    }
    store.update(resource, { ...object, status })
  })
}

/** A chart with one object of each kind that matters here; `env` and `ports` are lists that shrink and grow. */
export async function writeChart(folder: string): Promise<string> {
  const chart = path.join(folder, 'chart')
  await mkdir(path.join(chart, 'templates'), { recursive: true })
  await writeFile(path.join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: tiny\nversion: 1.0.0\n')
  await writeFile(
    path.join(chart, 'values.yaml'),
    'port: 80\nenv: {A: "1", B: "2"}\nprefix: /tiny\nsecond: false\n',
  )
  await writeFile(path.join(chart, 'templates', 'all.yaml'), TEMPLATES)
  return chart
}

const TEMPLATES = `
apiVersion: v1
kind: Service
metadata: {name: tiny}
spec:
  selector: {app: tiny}
  ports: [{port: {{ .Values.port }}, targetPort: 8080}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: tiny}
data:
  namespaces: {{ len (lookup "v1" "Namespace" "" "").items | quote }}
---
apiVersion: gateway.solo.io/v1
kind: RouteTable
metadata: {name: tiny}
spec:
  routes:
    - matchers: [{prefix: {{ .Values.prefix }}}]
      routeAction: {single: {upstream: {name: tiny, namespace: {{ .Release.Namespace }}}}}
{{- range (ternary (list "one" "two") (list "one") .Values.second) }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ . }}}
spec:
  selector: {matchLabels: {app: tiny, version: {{ . }}}}
  template:
    metadata: {labels: {app: tiny, version: {{ . }}}}
    spec:
      containers:
        - name: {{ . }}
          image: hashicorp/http-echo
          env:
            {{- range $name, $value := $.Values.env }}
            - {name: {{ $name }}, value: {{ $value | quote }}}
            {{- end }}
{{- end }}
`
