import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { configNote, type ParsedFlags, resolveSettings } from '../../../../src/cli/session/settings.js'
import { whyNotTrusted } from '../../../../src/cli/session/unnamed-config.js'
import { Secrets } from '../../../../src/lib/secrets/secrets.js'
import { CanaryError } from '../../../../src/model/errors.js'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'canary-settings-'))
})
beforeEach(async () => {
  await rm(path.join(cwd, 'canary.yaml'), { force: true })
})
afterAll(async () => {
  await rm(cwd, { recursive: true })
})

/** Flags as oclif gives them: the defaults, and over them what was typed. */
function parsed(typed: ParsedFlags['flags'] = {}): ParsedFlags {
  const defaults: ParsedFlags['flags'] = { timeout: '5m', 'verify-timeout': '60s', 'probe-rate': '250' }
  const metadata = Object.fromEntries(
    Object.keys(defaults)
      .filter((name) => !(name in typed))
      .map((name) => [name, { setFromDefault: true }]),
  )
  return { flags: { ...defaults, ...typed }, metadata: { flags: metadata } }
}

function resolve(typed?: ParsedFlags['flags'], env: Record<string, string> = {}, app = 'echo') {
  return resolveSettings(app, parsed(typed), { cwd, env, secrets: new Secrets(), version: '1.2.3' })
}

async function wrong(typed?: ParsedFlags['flags'], env: Record<string, string> = {}): Promise<CanaryError> {
  const error = await resolve(typed, env).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(CanaryError)
  expect((error as CanaryError).exitCode).toBe(2)
  return error as CanaryError
}

const file = (text: string) => writeFile(path.join(cwd, 'canary.yaml'), text)

describe('settings', () => {
  test('defaults', async () => {
    expect(await resolve()).toEqual({
      cluster: { kubeContext: undefined, kubeconfig: undefined, isKnownToCanary: true },
      namespace: undefined,
      canaryHeaders: undefined,
      durationMs: 30_000,
      events: undefined,
      config: undefined,
      yes: false,
      operation: {
        probes: {
          proxyUrl: undefined,
          connection: { host: undefined, resolve: {}, tls: {}, httpProxy: undefined },
          headers: {},
          rate: 250,
          timeoutMs: 60_000,
          userAgent: 'canary/1.2.3',
          eachProxy: undefined,
          tolerance: undefined,
          setVerify: [],
          defaultVerify: [],
          allow: { env: [], methods: [], paths: [], hosts: [] },
          env: expect.any(Function),
        },
        podTimeoutMs: 300_000,
        dryRun: false,
        recover: false,
        takeOver: false,
        allowOverlap: false,
        waitForLockMs: 0,
        scale: undefined,
        onFailure: 'ask',
      },
    })
  })

  test('flags', async () => {
    const settings = await resolve({
      namespace: 'apps',
      'kube-context': 'prod',
      'proxy-url': 'http://127.0.0.1:8080/',
      header: ['stage=canary', 'x-user=a=b'],
      'probe-header': ['authorization=Bearer x'],
      'probe-rate': '0',
      'verify-timeout': '90s',
      timeout: '1m30s',
      'dry-run': true,
    })
    expect(settings).toMatchObject({
      cluster: { kubeContext: 'prod', isKnownToCanary: false },
      namespace: 'apps',
      canaryHeaders: { stage: 'canary', 'x-user': 'a=b' },
      operation: {
        probes: {
          proxyUrl: 'http://127.0.0.1:8080',
          headers: { authorization: 'Bearer x' },
          rate: 0,
          timeoutMs: 90_000,
        },
        podTimeoutMs: 90_000,
        dryRun: true,
      },
    })
  })

  test('the value of a probe header comes out of the environment', async () => {
    const settings = await resolve(
      { 'probe-header': ['authorization=env:TOKEN'] },
      { TOKEN: 'Bearer secret' },
    )
    expect(settings.operation.probes.headers).toEqual({ authorization: 'Bearer secret' })
    const error = await wrong({ 'probe-header': ['authorization=env:TOKEN'] })
    expect(error.message).toMatch(/TOKEN is not set/)
  })

  test('a variable holds one probe header a line', async () => {
    const settings = await resolve({ 'probe-header': 'a=1\nb=2\n' })
    expect(settings.operation.probes.headers).toEqual({ a: '1', b: '2' })
  })

  test('what the values may ask for is allowed by words, several in a variable', async () => {
    const settings = await resolve({
      'allow-env': 'TOKEN, OTHER\n',
      'allow-request': ['post', '/orders', 'Shop.example', 'http://prometheus:9090'],
    })
    expect(settings.operation.probes.allow).toEqual({
      env: ['TOKEN', 'OTHER'],
      methods: ['POST'],
      paths: ['/orders'],
      hosts: ['shop.example', 'prometheus:9090'],
    })
  })

  test.each([
    [
      'a variable to allow that is none',
      { 'allow-env': ['*'] },
      /--allow-env: "\*" is not the name of a var/,
    ],
    ['a method to allow that is none', { 'allow-request': ['BREW'] }, /--allow-request: "BREW" is neither a/],
    [
      'a URL with a path to allow',
      { 'allow-request': ['http://a/b'] },
      /--allow-request: "http:\/\/a\/b" is n/,
    ],
    ['a duration without a unit', { timeout: '90' }, /--timeout: "90" is not a duration/],
    ['a timeout of nothing', { 'verify-timeout': '0' }, /--verify-timeout: "0" is out of range/],
    ['a timeout of a month', { 'verify-timeout': '720h' }, /--verify-timeout: "720h" is out of range/],
    ['a rate beyond all bounds', { 'probe-rate': '1000000' }, /--probe-rate: "1000000" is not a rate/],
    ['a tolerance that is none', { tolerance: '0' }, /--tolerance: "0" is not a tolerance/],
    ['an address to resolve without a port', { resolve: ['app:1.2.3.4'] }, /--resolve: "app:1.2.3.4"/],
    ['a certificate without its key', { 'cert-file': 'c.pem' }, /--cert-file: .* go together/],
    ['a file that is not there', { 'ca-file': 'none.pem' }, /--ca-file: none.pem does not exist/],
    ['an HTTP proxy that is none', { 'http-proxy': 'proxy:3128' }, /--http-proxy: is not the URL/],
    ['a rate that is no number', { 'probe-rate': 'fast' }, /--probe-rate: "fast"/],
    ['a proxy URL that is none', { 'proxy-url': 'nonsense' }, /--proxy-url: "nonsense"/],
    ['a proxy URL with a path', { 'proxy-url': 'http://a/b' }, /not the origin/],
    ['a proxy URL of another scheme', { 'proxy-url': 'ftp://a' }, /not the origin/],
    ['a header without a value', { header: ['stage'] }, /--header: "stage" is not a header/],
    [
      'a header with a bad name',
      { header: ['st age=x'] },
      /--header: the header "st age" is no name of a header/,
    ],
    [
      'a header with a line break',
      { header: ['stage=a\r\nb: c'] },
      /the header "stage" has a value with characters/,
    ],
    ['a header beyond ASCII', { header: ['X-Tenant=Zürich'] }, /--header: the header "X-Tenant" has a value/],
    ['a header twice', { header: ['stage=a', 'Stage=b'] }, /--header: the header "Stage" is given twice/],
    [
      'a probe header of the connection',
      { 'probe-header': ['Host=a'] },
      /--probe-header: the header "Host" is/,
    ],
  ])('%s is refused', async (_, flags, message) => {
    const error = await wrong(flags)
    expect(error.message).toMatch(message)
    expect(error.nextSteps).not.toEqual([])
  })
})

describe('canary.yaml', () => {
  test("an app's settings go over the defaults, and flags over both", async () => {
    await file(`
defaults:
  probe-rate: 100
  verifyTimeout: 2m
  host: all.example
apps:
  echo:
    namespace: demo
    host: echo.example
    header: { x-beta: "yes", level: 1 }
    probe-header:
      - x-team=shop
    set-verify: tolerance=3
`)
    const settings = await resolve({ 'probe-rate': '50' })
    expect(settings).toMatchObject({
      namespace: 'demo',
      canaryHeaders: { 'x-beta': 'yes', level: '1' },
      operation: {
        probes: {
          connection: { host: 'echo.example' },
          headers: { 'x-team': 'shop' },
          rate: 50,
          timeoutMs: 120_000,
          setVerify: [],
          defaultVerify: ['tolerance=3'],
        },
      },
    })
    expect(configNote([settings])).toBe(
      'settings  canary.yaml (probe-rate, verify-timeout, host, namespace, header, probe-header, set-verify)',
    )
    expect(await resolve({}, {}, 'foxtrot')).toMatchObject({
      namespace: undefined,
      operation: { probes: { connection: { host: 'all.example' } } },
    })
  })

  test.each([
    [
      'an unknown setting',
      'defaults:\n  namspace: x\n',
      /canary\.yaml, line 2: .*"namspace" \(did you mean namespace\?\)/,
    ],
    ['an unknown key', 'default: {}\n', /line 1: unknown key "default"/],
    ['a list', '- a\n', /the file must be a map/],
    [
      'a map where a word is wanted',
      'apps:\n  echo:\n    namespace: {}\n',
      /line 3: namespace needs a value/,
    ],
    ['no YAML', 'defaults: [a\n', /canary\.yaml, line/],
    ['a bad value', 'apps:\n  echo:\n    timeout: soon\n', /canary\.yaml, line 3: "soon" is not a duration/],
    ['a key given twice', 'defaults: {}\ndefaults: {}\n', /line 2: .*unique/i],
  ])('%s is refused with its line', async (_, text, message) => {
    await file(text)
    const error = await wrong()
    expect(error.message).toMatch(message)
  })

  test('an empty file says nothing', async () => {
    await file('# nothing yet\n')
    expect(await resolve()).toMatchObject({ operation: { probes: { rate: 250 } } })
  })

  test('CANARY_CONFIG and --config name another file, which must be there', async () => {
    await writeFile(path.join(cwd, 'other.yaml'), 'defaults: { namespace: other }\n')
    expect(await resolve({}, { CANARY_CONFIG: 'other.yaml' })).toMatchObject({ namespace: 'other' })
    expect(await resolve({ config: 'other.yaml' }, { CANARY_CONFIG: 'missing.yaml' })).toMatchObject({
      namespace: 'other',
      config: { file: 'other.yaml', names: ['namespace'] },
    })
    const error = await wrong({}, { CANARY_CONFIG: 'missing.yaml' })
    expect(error.message).toMatch(/missing\.yaml does not exist/)
  })

  describe('that nobody named', () => {
    test.each([
      ['kubeconfig', 'kubeconfig: evil'],
      ['kube-context', 'kubeContext: prod'],
      ['events', 'events: /etc/passwd'],
      ['ca-file', 'ca-file: ca.pem'],
      ['cert-file', 'certFile: c.pem'],
      ['key-file', 'keyFile: k.pem'],
      ['http-proxy', 'httpProxy: http://evil:3128'],
      ['allow-env', 'allowEnv: [TOKEN]'],
      ['allow-request', 'allowRequest: DELETE'],
      ['probe-header with env:', 'probeHeader: { authorization: "env:TOKEN" }'],
    ])('may not set %s', async (name, line) => {
      await file(`defaults:\n  probe-rate: 1\n  ${line}\n`)
      const error = await wrong({}, { TOKEN: 'secret-value-1' })
      expect(error.message).toMatch(new RegExp(`^canary.yaml, line 3: ${name} needs a file that you name`))
      expect(error.message).not.toContain('secret-value-1')
      expect(error.nextSteps[0]).toMatch(/^--config \.\/canary\.yaml /)
    })

    test('but named it may set all', async () => {
      await file(`
defaults:
  kubeContext: staging
  events: events.jsonl
  allowEnv: [TOKEN]
  allowRequest: [POST, /orders]
  setVerify: request.method=POST
  probe-header: [authorization=env:TOKEN]
`)
      for (const [typed, env] of [
        [{ config: './canary.yaml' }, {}],
        [{}, { CANARY_CONFIG: 'canary.yaml' }],
      ] as const) {
        expect(await resolve(typed, { ...env, TOKEN: 't' })).toMatchObject({
          cluster: { kubeContext: 'staging', isKnownToCanary: true },
          events: 'events.jsonl',
          operation: {
            probes: {
              allow: { env: ['TOKEN'], methods: ['POST'], paths: ['/orders'] },
              setVerify: ['request.method=POST'],
              defaultVerify: [],
              headers: { authorization: 't' },
            },
          },
        })
      }
    })

    test.each([
      [
        'proxyUrl: http://evil:8080',
        { 'probe-header': ['a=b'] },
        'proxy-url together with your --probe-header',
      ],
      ['resolve: app:80:1.2.3.4', { 'probe-header': ['a=b'] }, 'resolve together with your --probe-header'],
      ['host: evil', { 'allow-env': ['TOKEN'] }, 'host together with your --allow-env'],
      [
        'proxyUrl: http://evil:8080',
        { 'set-verify': ['request.headers.a=b'] },
        'proxy-url together with your --set-verify',
      ],
    ])('may not lead the headers of the caller astray: %s', async (line, typed, says) => {
      await file(`defaults:\n  ${line}\n`)
      expect((await wrong(typed)).message).toContain(
        `canary.yaml, line 2: ${says} needs a file that you name`,
      )
      await resolve()
      await resolve({ ...typed, config: 'canary.yaml' })
    })

    test.skipIf(process.platform === 'win32')('and others may write is not used', async () => {
      await file('defaults: { namespace: other }\n')
      await chmod(path.join(cwd, 'canary.yaml'), 0o666)
      expect((await wrong()).message).toMatch(
        /canary\.yaml is not used: it is writable by everybody \(mode 0666\)/,
      )
      expect(await resolve({ config: 'canary.yaml' })).toMatchObject({ namespace: 'other' })
      await chmod(path.join(cwd, 'canary.yaml'), 0o664)
      expect(await resolve()).toMatchObject({ namespace: 'other' })
    })

    test.each([
      ['the user', { uid: 1000, gid: 1000, mode: 0o100644 }, undefined],
      ["the user, and the user's own group writes", { uid: 1000, gid: 1000, mode: 0o100664 }, undefined],
      ['root', { uid: 0, gid: 0, mode: 0o100664 }, undefined],
      ['the user, and another group reads', { uid: 1000, gid: 50, mode: 0o100644 }, undefined],
      [
        'the user, and another group writes',
        { uid: 1000, gid: 50, mode: 0o100664 },
        /by the group 50 \(mode 0664\)/,
      ],
      ['the user, and all write', { uid: 1000, gid: 1000, mode: 0o100602 }, /by everybody \(mode 0602\)/],
      ['another user', { uid: 1001, gid: 1000, mode: 0o100644 }, /belongs to another user \(uid 1001\)/],
    ])('belongs to %s', (_, owners, expected) => {
      const why = whyNotTrusted(owners, { uid: 1000, gid: 1000 })
      if (expected) expect(why).toMatch(expected)
      else expect(why).toBeUndefined()
    })
  })
})
