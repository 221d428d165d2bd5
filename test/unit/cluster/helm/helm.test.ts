import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ClusterOptions } from '../../../../src/cluster/options.js'
import { Helm } from '../../../../src/cluster/helm/helm.js'
import { PrivateFolder } from '../../../../src/cluster/private-folder.js'
import type { ExternalError } from '../../../../src/model/errors.js'
import { startFakePath, type FakePath } from '../fake-program.js'

let programs: FakePath
let folder: PrivateFolder
beforeEach(async () => {
  programs = await startFakePath()
  folder = new PrivateFolder()
})
afterEach(async () => {
  folder.close()
  await programs.close()
})

function helm(options: ClusterOptions = {}): Helm {
  return new Helm(() => Promise.resolve(options), folder)
}

/** Writes down what it is called with, and how; says a version; then does as the test says. */
function fakeHelm(then: string, version = 'v4.2.3'): Promise<void> {
  return programs.program(
    'helm',
    `const fs = require('fs')
     const args = process.argv.slice(2)
     if (args[0] === 'version') { process.stdout.write('${version}'); process.exit(0) }
     const input = fs.readFileSync(0, 'utf8')
     fs.writeFileSync(__dirname + '/call.json', JSON.stringify({ args, input }))
     ${then}`,
  )
}

async function call(): Promise<{ args: string[]; input: string }> {
  return JSON.parse(await readFile(path.join(programs.folder, 'call.json'), 'utf8'))
}

const values = { deployment: { '1': {}, '1e3': {} }, routes: { canary: { headers: { stage: 'true' } } } }
const request = {
  app: 'echo',
  namespace: 'shop',
  chart: { path: '/charts/gloo-app' },
  values,
  description: 'canary shift echo 50',
}

describe('a call', () => {
  test('upgrade: values on stdin only, its description, and no waiting; resolves with the revision', async () => {
    await fakeHelm(`console.log(JSON.stringify({ name: 'echo', version: 7 }))`)

    expect(await helm().upgrade(request)).toBe(7)

    const { args, input } = await call()
    expect(args).toEqual([
      ...['upgrade', 'echo', '/charts/gloo-app', '--reset-values', '--history-max', '30', '--values', '-'],
      ...['--description', 'canary shift echo 50', '--output', 'json', '--namespace', 'shop'],
    ])
    expect(JSON.parse(input)).toEqual(values)
  })

  test('the limit of revisions that the caller set for Helm is left to it', async () => {
    await fakeHelm(`console.log('{"version":7}')`)
    vi.stubEnv('HELM_MAX_HISTORY', '5')
    await helm().upgrade(request)
    expect((await call()).args).not.toContain('--history-max')
  })

  test('an install that the chart refuses is not sent to the values of a release that is not there', async () => {
    await fakeHelm(
      `console.error('Error: execution error at (gloo-app/templates/a.yaml:1:4): no'); process.exit(1)`,
    )
    const refused = (call: Promise<unknown>) =>
      call.then(
        () => [],
        (error: unknown) => (error as ExternalError).nextSteps,
      )
    expect(await refused(helm().install(request))).toEqual(['correct the values named above'])
    expect(await refused(helm().upgrade(request))).toContain(
      'canary values echo -n shop    (the deployed ones)',
    )
  })

  test('install makes the namespace', async () => {
    await fakeHelm(`console.log('{"version":1}')`)

    expect(await helm().install(request)).toBe(1)
    expect((await call()).args).toContain('--create-namespace')
  })

  test('the cluster the user chose', async () => {
    await fakeHelm(`console.log('{"version":1}')`)

    await helm({ kubeconfig: '/k/config', kubeContext: 'staging' }).upgrade(request)

    expect((await call()).args.slice(-4)).toEqual(['--kubeconfig', '/k/config', '--kube-context', 'staging'])
  })

  test('the same input is rendered once between two upgrades; other values and a failed one anew', async () => {
    await fakeHelm(`const calls = __dirname + '/calls'
      fs.appendFileSync(calls, 'x')
      const number = fs.readFileSync(calls).length
      if (number === 1) process.exit(1)
      console.log(JSON.stringify({ version: number }))`)
    const own = helm()
    const rendered = async (more = {}) => JSON.parse(await own.render({ ...request, ...more })).version
    await expect(own.render(request)).rejects.toThrow()
    expect(await Promise.all([rendered(), rendered()])).toEqual([2, 2])
    expect(await rendered({ values: { deployment: { '2': {} } } })).toBe(3)
    expect(await rendered()).toBe(2)
    expect(await own.upgrade(request)).toBe(4)
    expect(await rendered()).toBe(5)
  })

  test('render prints the objects; a chart out of a record is written once', async () => {
    await fakeHelm(
      `const chart = args[2]
       process.stdout.write(chart + '\\n' + fs.readFileSync(chart + '/templates/a.yaml', 'utf8'))`,
    )
    const record = {
      metadata: { name: 'gloo-app', version: '0.1.0' },
      templates: [{ name: 'templates/a.yaml', data: Buffer.from('kind: Service').toString('base64') }],
      files: [],
      values: {},
    }

    const own = helm()
    const [chart, text] = (await own.render({ ...request, chart: { record } })).split('\n')
    const [again] = (await own.render({ ...request, values: {}, chart: { record: { ...record } } })).split(
      '\n',
    )
    const other = { ...record, values: { a: 1 } }
    const [another] = (await own.render({ ...request, chart: { record: other } })).split('\n')

    expect(text).toBe('kind: Service')
    expect(again).toBe(chart)
    expect(another).not.toBe(chart)
    expect((await call()).args).toContain('--is-upgrade')
  })

  test('an answer without a revision is an error', async () => {
    await fakeHelm(`console.log('all fine')`)

    await expect(helm().upgrade(request)).rejects.toThrow(/did not report which revision/)
  })
})

describe('the version', () => {
  for (const version of ['v3.8.0', 'v3.17.3', 'v4.2.3', 'v4.0.0-rc.1', 'v5.0.0']) {
    test(`${version} will do`, async () => {
      await fakeHelm('', version)

      expect(await helm().version()).toBe(version)
    })
  }

  for (const version of ['v2.17.0', 'v3.7.2', '']) {
    test(`"${version}" is refused`, async () => {
      await fakeHelm('', version)

      await expect(helm().version()).rejects.toMatchObject({
        outcome: 'external',
        message: expect.stringContaining('canary needs 3.8 or newer'),
      })
    })
  }

  test('no helm at all', async () => {
    const error = (await helm()
      .upgrade(request)
      .catch((caught: unknown) => caught)) as ExternalError

    expect(error.outcome).toBe('external')
    expect(error.message).toMatch(/helm was not found on PATH/)
    expect(error.nextSteps.join()).toMatch(/install Helm 3\.8 or newer/)
  })
})

describe('failures are explained, with the command, its exit code and its stderr', () => {
  const cases: Record<string, { stderr: string; says: RegExp; remedy: RegExp; outcome?: string }> = {
    'another operation, or one killed': {
      stderr: 'Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress',
      says: /killed while it did/,
      remedy: /canary status echo -n shop/,
    },
    'two at once': {
      stderr: 'Error: UPGRADE FAILED: release: already exists',
      says: /created the same revision first/,
      remedy: /canary status/,
    },
    'name in use': {
      stderr: 'Error: INSTALLATION FAILED: cannot re-use a name that is still in use',
      says: /already has a release of this name/,
      remedy: /canary status echo/,
    },
    'edited by hand': {
      stderr:
        'Error: UPGRADE FAILED: conflict occurred while applying object echo/echo-routes gateway.solo.io/v1, ' +
        'Kind=RouteTable: Apply failed with 1 conflict: conflict with "kubectl": .spec.routes',
      says: /changed outside Helm \(by kubectl\).*\.spec\.routes/,
      remedy: /--take-over/,
    },
    'values the schema refuses': {
      stderr:
        "Error: values don't meet the specifications of the schema(s) in the following chart(s):\ngloo-app:\n" +
        "- at '/routes': additional properties 'weigth' not allowed",
      says: /The chart refuses the values: gloo-app: at '\/routes': additional properties 'weigth' not allowed$/,
      remedy: /values\.schema\.json/,
      outcome: 'usage',
    },
    'values a template refuses': {
      stderr:
        'Error: execution error at (gloo-app/templates/routetable.yaml:1:4): routes.primary.version is "v2", which ' +
        'is not deployed\n\nUse --debug flag to render out invalid YAML',
      says: /The chart refuses the values: routes\.primary\.version is "v2", which is not deployed$/,
      outcome: 'usage',
      remedy: /canary values echo -n shop/,
    },
    'no cluster, Helm 3': {
      stderr: 'Error: Kubernetes cluster unreachable: Get "http://h:1/version": connect: connection refused',
      says: /cannot reach the cluster/,
      remedy: /--kubeconfig/,
    },
    'no cluster, Helm 4': {
      stderr: 'Error: UPGRADE FAILED: kubernetes cluster unreachable: Get "http://h:1/version": EOF',
      says: /cannot reach the cluster: kubernetes cluster unreachable/,
      remedy: /--kube-context/,
    },
    forbidden: {
      stderr:
        'Error: query: failed to query with labels: secrets is forbidden: User "dev" cannot list resource',
      says: /lacks a permission.*secrets is forbidden/,
      remedy: /docs\/rbac\.yaml/,
    },
    'a namespace on its way out': {
      stderr:
        'Error: UPGRADE FAILED: create: failed to create: secrets "sh.helm.release.v1.echo.v3" is forbidden: unable to ' +
        'create new content in namespace shop because it is being terminated',
      says: /^The namespace is being deleted.*in namespace shop/,
      remedy: /kubectl get namespace shop/,
    },
    'no namespace': {
      stderr: 'Error: UPGRADE FAILED: create: failed to create: namespaces "shop" not found',
      says: /namespace does not exist.*"shop" not found/,
      remedy: /canary install echo VERSION -n shop/,
    },
    'a quota that is used up': {
      stderr:
        'Error: UPGRADE FAILED: services "echo" is forbidden: exceeded quota: small, requested: services=1, used: ' +
        'services=5, limited: services=5',
      says: /quota is used up: .*small.*limited: services=5/,
      remedy: /kubectl describe resourcequota -n shop/,
    },
    'a webhook that denies': {
      stderr:
        'Error: UPGRADE FAILED: failed to create resource: admission webhook "policy.example.org" denied the request: ' +
        'label team is missing',
      says: /^Admission webhook "policy\.example\.org" denied an object of the release: label team is missing$/,
      remedy: /canary values echo -n shop/,
    },
    'an admission policy that denies': {
      stderr:
        'Error: UPGRADE FAILED: deployments.apps "echo-v2" is forbidden: ValidatingAdmissionPolicy \'replicas\' with ' +
        "binding 'all' denied request: too many",
      says: /^ValidatingAdmissionPolicy 'replicas' denied an object of the release: too many$/,
      remedy: /policy/,
    },
    'a webhook that is down': {
      stderr:
        'Error: UPGRADE FAILED: Internal error occurred: failed calling webhook "gloo.gloo-system.svc": failed to call ' +
        'webhook: Post "https://gloo.gloo-system.svc:443/validation": dial tcp 10.0.0.7:8443: connect: connection refused',
      says: /webhook of the cluster does not answer/,
      remedy: /validatingwebhookconfigurations/,
    },
    'an object of somebody else': {
      stderr:
        'Error: Unable to continue: Service "echo" exists and cannot be imported into the current release',
      says: /belongs to something else/,
      remedy: /another name/,
    },
    cancelled: {
      stderr: 'Release echo has been cancelled.\nError: UPGRADE FAILED: context canceled',
      says: /Helm was cancelled/,
      remedy: /canary status echo/,
    },
    'anything else, log lines left out': {
      stderr: 'level=WARN msg="never mind"\nError: UPGRADE FAILED: the moon is full',
      says: /^helm failed \(exit code 1\): the moon is full$/,
      remedy: /canary doctor echo/,
    },
  }
  for (const [name, { stderr, says, remedy, outcome }] of Object.entries(cases)) {
    test(name, async () => {
      await fakeHelm(`process.stderr.write(${JSON.stringify(`${stderr}\n`)}); process.exitCode = 1`)

      const error = (await helm()
        .upgrade(request)
        .catch((caught: unknown) => caught)) as ExternalError

      expect(error.outcome).toBe(outcome ?? 'external')
      expect(error.message).toMatch(says)
      expect(error.nextSteps.join('\n')).toMatch(remedy)
      expect(error.code).toBe(1)
      expect(error.stderr).toBe(stderr)
      expect(error.command).toMatch(/^helm upgrade echo .*--values -/)
    })
  }
})
