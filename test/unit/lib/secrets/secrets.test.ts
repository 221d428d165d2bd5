import { describe, expect, test } from 'vitest'
import { isSecretKey } from '../../../../src/lib/secrets/secret-keys.js'
import { maskLiterals, maskPatterns } from '../../../../src/lib/secrets/secret-texts.js'
import { maskSecrets, Secrets, secretsIn } from '../../../../src/lib/secrets/secrets.js'
import { changeLine, diffValues } from '../../../../src/model/values-diff.js'

describe('keys', () => {
  test.each(
    (
      'password passwd passphrase pwd secret token cookie authorization credentials dsn ' +
      'dbPassword DB_PASSWORD db-password DBPassword mysql.password dbpassword PGPASSWORD MYSQL_PWD smtpPass dbpass ' +
      'passwordOld DB_PASSWORD_2 db-password-v2 passwordB64 password_hash tokenValue ' +
      'apiKey api-key API_KEY apikey APIKey x-api-key stripeApiKey apiKeys secretKey accessKey privateKey ' +
      'private_key_pem sshPrivateKey tls.key signingKey encryptionKey awsSecretAccessKey ' +
      'clientSecret client_secret webhookSecret secrets accessToken authToken refresh_token _authToken tokens ' +
      'set-cookie Set-Cookie proxy-authorization Authorization connectionString connection_string ' +
      'SENTRY_DSN basicAuth .dockerconfigjson jwt htpasswd tlsSecret --password'
    ).split(' '),
  )('%s is secret', (key) => {
    expect(isSecretKey(key)).toBe(true)
  })

  test.each(
    (
      'secretName secretRef secretKeyRef secretStore existingSecret imagePullSecrets imagePullSecret pullSecret ' +
      'tokenPath tokenUrl tokenEndpoint tokenType tokenReview passwordFile passwordKey cookieName cookieDomain ' +
      'key keys publicKey primaryKey cacheKey sortKey keyId accessKeyId monkey hockey turkey ' +
      'bypass compass pass-through author authority authorizationPolicy authentication tokenize secretary ' +
      'image repository tag replicas args value name host path weight header stage routes version ' +
      'commitHash string text v2 2 a'
    ).split(' '),
  )('%s is readable', (key) => {
    expect(isSecretKey(key)).toBe(false)
  })
})

describe('data', () => {
  test.each<[string, unknown, unknown]>([
    ['at any depth', { a: [{ b: { password: 'x' } }] }, { a: [{ b: { password: '***' } }] }],
    [
      'numbers too, but no counts',
      { pin: 1, password: 1234, maxTokens: 9 },
      { pin: 1, password: '***', maxTokens: 9 },
    ],
    ['lists of secrets', { tokens: ['a', 'b'] }, { tokens: ['***', '***'] }],
    [
      'what says nothing stays',
      { password: '', token: null, secret: false },
      { password: '', token: null, secret: false },
    ],
    [
      'the env of a container',
      {
        env: [
          { name: 'DB_PASSWORD', value: 'x' },
          { name: 'DB_HOST', value: 'db' },
          { name: 'API_TOKEN', valueFrom: { secretKeyRef: { name: 'shop', key: 'token' } } },
        ],
      },
      {
        env: [
          { name: 'DB_PASSWORD', value: '***' },
          { name: 'DB_HOST', value: 'db' },
          { name: 'API_TOKEN', valueFrom: { secretKeyRef: { name: 'shop', key: 'token' } } },
        ],
      },
    ],
    [
      'arguments',
      { args: ['--user', 'shop', '--password', 'x', '--token=y', '--secret-name', 'z'] },
      { args: ['--user', 'shop', '--password', '***', '--token=***', '--secret-name', 'z'] },
    ],
    [
      'maps of secrets, but for where they are',
      {
        credentials: { username: 'shop', root: 'x', pins: [12] },
        secret: { name: 'db', mountPath: '/etc/db' },
      },
      {
        credentials: { username: 'shop', root: '***', pins: ['***'] },
        secret: { name: 'db', mountPath: '/etc/db' },
      },
    ],
    [
      'a Secret among extra objects',
      { extra: [{ kind: 'Secret', metadata: { name: 'shop' }, stringData: { a: 'x' } }] },
      { extra: [{ kind: 'Secret', metadata: { name: 'shop' }, stringData: { a: '***' } }] },
    ],
    [
      'the headers of answers, but not those that mark a request',
      {
        samples: [{ headers: { 'set-cookie': 'id=1', date: 'now' } }],
        stage: { name: 'header', primary: 'v1', canary: 'v2', headers: { 'x-token': 'beta' } },
        routes: { canary: { headers: { cookie: 'canary=1' } } },
      },
      {
        samples: [{ headers: { 'set-cookie': '***', date: 'now' } }],
        stage: { name: 'header', primary: 'v1', canary: 'v2', headers: { 'x-token': 'beta' } },
        routes: { canary: { headers: { cookie: 'canary=1' } } },
      },
    ],
    [
      'versions are names',
      { deployment: { token: { image: 'a', password: 'x' } }, byVersion: { secret: 3 } },
      { deployment: { token: { image: 'a', password: '***' } }, byVersion: { secret: 3 } },
    ],
    [
      'a file in a value',
      { config: 'user: shop\npassword: hunter2\nurl: postgres://shop:pw@db/shop\n' },
      { config: 'user: shop\npassword: ***\nurl: postgres://shop:***@db/shop\n' },
    ],
  ])('%s', (_name, data, masked) => {
    const before = JSON.stringify(data)
    expect(maskSecrets(data)).toEqual(masked)
    expect(JSON.stringify(data)).toBe(before)
  })

  test('nothing breaks it: keys of all kinds, depth without end', () => {
    const odd = JSON.parse('{"__proto__": {"password": "x"}, "constructor": {"token": "y"}, "": 1}') as object
    expect(JSON.stringify(maskSecrets(odd))).toBe(
      '{"__proto__":{"password":"***"},"constructor":{"token":"***"},"":1}',
    )
    let deep: object = { password: 'x' }
    for (let level = 0; level < 100_000; level += 1) deep = { deep }
    expect(JSON.stringify(maskSecrets(deep))).toContain('too deep')
  })
})

describe('texts', () => {
  test.each([
    ['postgres://shop:hunter2@db:5432/shop', 'postgres://shop:***@db:5432/shop'],
    ['proxy http://user:p@ss@10.0.0.1:80 refused', 'proxy http://user:***@10.0.0.1:80 refused'],
    ['https://ghp_0123456789abcdef0123@github.com/x', 'https://***@github.com/x'],
    ['shop:hunter2@tcp(db:3306)/shop', 'shop:***@tcp(db:3306)/shop'],
    ['Authorization: Bearer abc', 'Authorization: ***'],
    ['the server said: Bearer abcdef123456 expired', 'the server said: Bearer *** expired'],
    ['authorization=Basic c2hvcDpodW50ZXIy', 'authorization=***'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1 expired', 'token *** expired'],
    ['GET /x?access_token=abc&page=2', 'GET /x?access_token=***&page=2'],
    ['{"password":"a\\"b","user":"shop"}', '{"password":"***","user":"shop"}'],
    ['unmarshal \\"token\\":\\"abc\\" failed', 'unmarshal \\"token\\":\\"***\\" failed'],
    ['map[password:hunter2 user:shop]', 'map[password:*** user:shop]'],
    ["DB_PASSWORD='a b' DB_USER=shop", "DB_PASSWORD='***' DB_USER=shop"],
    ['helm --kube-token abc --namespace x', 'helm --kube-token *** --namespace x'],
    ['line 3:\n  db-password: hunter2\n  host: db', 'line 3:\n  db-password: ***\n  host: db'],
    [
      '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nx',
      '-----BEGIN RSA PRIVATE KEY-----***\nx',
    ],
  ])('%s', (text, masked) => {
    expect(maskPatterns(text)).toBe(masked)
    expect(maskPatterns(masked)).toBe(masked)
  })

  test.each([
    'secrets "shop" is forbidden: User "jane" cannot get resource "secrets" in API group ""',
    'failed to create secret: timeout after 30 s',
    'deployment.v1.password: Invalid type. Expected: string, given: integer',
    'Basic authentication required, or a bearer token.',
    "helm upgrade echo chart --values - --description 'canary start echo v2'",
    'image registry.example/shop/auth-token:1.7 and secret:latest',
    '--show-secrets prints them',
    'http://127.0.0.1:8080 and user@host, ssh://git@github.com/x',
    'token: ""',
    'passwordFile: /run/db',
    'kubectl create secret generic db -n sec --from-literal=password=… --from-literal=token=…',
    'header: requests with x-token: beta go to v2, all others to v1',
  ])('stays: %s', (text) => {
    expect(maskPatterns(text)).toBe(text)
  })

  test('known secrets are found in whatever form', () => {
    const secrets = secretsIn({ password: 'hun"ter2', token: 'short', apiKey: 'k/e+y=1' })
    expect(secrets).toEqual(['hun"ter2', 'short', 'k/e+y=1'])
    expect(secretsIn(['--token=abc', '--token-path=/x', 'http://me:pw@host/'])).toEqual(['abc', 'pw'])
    const text = `plain hun"ter2, json ${JSON.stringify('hun"ter2')}, base64 ${btoa('hun"ter2')}, url k%2Fe%2By%3D1, short`
    expect(maskLiterals(text, secrets)).toBe('plain ***, json "***", base64 ***, url ***, short')
  })
})

describe('the secrets of a command', () => {
  test('are masked wherever they show up, as whole words', () => {
    const secrets = new Secrets()
    secrets.learn({ password: 'hunter22', tlsSecret: 'shop-backend' })
    secrets.add('Bearer abc.def.42')
    expect(secrets.maskText('log: got hunter22 (not hunter222) and Bearer abc.def.42')).toBe(
      'log: got *** (not hunter222) and Bearer ***',
    )
    expect(secrets.mask({ app: 'shop-backend', problems: ['said hunter22'] })).toEqual({
      app: 'shop-backend',
      problems: ['said ***'],
    })
  })
})

describe('differences between values', () => {
  const lines = (before: object, after: object) => diffValues(before as never, after as never).map(changeLine)
  test.each<[string, object, object, string[]]>([
    ['a new one', {}, { db: { password: 'x' } }, ['+ db.password: "***"']],
    ['one that goes', { token: 'x' }, {}, ['- token: "***"']],
    ['one that changes', { token: 'x' }, { token: 'y' }, ['~ token: "***" → "***" (changed)']],
    [
      'one within a list',
      { env: [{ name: 'API_KEY', value: 'x' }] },
      { env: [{ name: 'API_KEY', value: 'y' }] },
      ['~ env: [{"name":"API_KEY","value":"***"}] → [{"name":"API_KEY","value":"***"}] (changed)'],
    ],
    ['one that is the same', { token: 'x', a: 1 }, { token: 'x', a: 2 }, ['~ a: 1 → 2']],
  ])('%s', (_name, before, after, expected) => {
    expect(lines(before, after)).toEqual(expected)
  })
})
