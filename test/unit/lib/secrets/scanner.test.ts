import { describe, expect, test } from 'vitest'
import { FORMS, NAMES } from '../../../../src/lib/secrets/scanner-rules.js'
import { maskPatterns } from '../../../../src/lib/secrets/secret-texts.js'
import { Secrets } from '../../../../src/lib/secrets/secrets.js'

/** Drawn by chance, and the same each time; put together here, so that no scanner takes this file's texts for leaks. */
const random = (length: number, alphabet = 'aB3dE5gH7jK9mN1pQ2sT4vW6xY8z') => {
  let state = 42
  const next = () => (state = (state * 1103515245 + 12345) % 2147483648) >> 16
  return Array.from({ length }, () => alphabet[next() % alphabet.length]).join('')
}
const hex = (length: number) => random(length, '0a1b2c3d4e5f6789')

describe('tokens show by their form', () => {
  test.each<[string, string]>([
    ['GitHub', `ghp_${random(36)}`],
    ['GitHub, fine-grained', `github_pat_${random(82)}`],
    ['AWS', `AKIA${random(16, 'ABCDEFGHIJKLMNOP234567')}`],
    ['GitLab', `glpat-${random(20)}`],
    ['npm', `npm_${random(36)}`],
    ['Stripe', `sk_live_${random(24)}`],
    ['Google', `AIza${random(35)}`],
    ['Slack, a bot', `xoxb-${hex(11).replace(/\D/g, '7')}-${hex(11).replace(/\D/g, '8')}-${random(24)}`],
    ['SendGrid', `SG.${random(66)}`],
    ['PyPI', `pypi-AgEIcHlwaS5vcmc${random(60)}`],
    ['DigitalOcean', `dop_v1_${hex(64)}`],
    ['Vault', `hvs.${random(95)}`],
    ['OpenAI', `sk-${random(20)}T3BlbkFJ${random(20)}`],
    ['Shopify', `shpat_${hex(32)}`],
    [
      'Slack, a webhook',
      `https://hooks.slack.com/services/T${random(8, 'AB12')}/B${random(8, 'CD34')}/${random(24)}`,
    ],
  ])('%s', (_provider, token) => {
    for (const text of [`calling with ${token}`, `(${token}), retrying`, `{"x":"${token}"}`]) {
      expect(maskPatterns(text)).toBe(text.replace(token, '***'))
    }
  })

  test.each<[string, string]>([
    ['Azure', `https://x.blob.core.windows.net/b?sv=2024&sig=${encodeURIComponent(`${random(43)}=`)}&se=1`],
    ['AWS', `https://s3.example/b?X-Amz-Date=1&X-Amz-Signature=${hex(64)}`],
  ])('signatures in URLs: %s', (_provider, url) => {
    expect(maskPatterns(`GET ${url} 403`)).toBe(`GET ${url.replace(/(sig|Signature)=[^&]*/, '$1=***')} 403`)
  })

  test.each<[string, string]>([
    ['DATADOG_APP', random(40, 'a1b2c3d4e5f6g7h8')],
    ['heroku_id', `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}`],
  ])('by the provider they are given to: %s', (name, token) => {
    expect(maskPatterns(`${name}=${token} x`)).toBe(`${name}=*** x`)
    expect(maskPatterns(`${name}: "${token}"`)).toBe(`${name}: "***"`)
  })
})

describe('names of secrets', () => {
  test.each([
    ['SECRET_KEY_BASE=correct-horse', 'SECRET_KEY_BASE=***'],
    ['AIRFLOW__CORE__FERNET_KEY=battery', 'AIRFLOW__CORE__FERNET_KEY=***'],
    ['REDIS_AUTH=staple', 'REDIS_AUTH=***'],
    ['SLACK_WEBHOOK_URL=https://chat.example/x', 'SLACK_WEBHOOK_URL=***'],
    ['MAPS_KEY=Zx81-77qPa0Lk3', 'MAPS_KEY=***'],
    ['<Password>letmein</Password>', '<Password>***</Password>'],
    ['password    = letmein', 'password    = ***'],
    ['shop:hunter2@db:5432/shop', 'shop:***@db:5432/shop'],
  ])('%s', (text, masked) => {
    expect(maskPatterns(text)).toBe(masked)
  })
})

describe('what is no secret stays readable', () => {
  test.each([
    'DEBUG=*',
    'REDIS_PASSWORD= DEBUG=*',
    'ALLOWED_HOSTS=* CORS_ORIGIN=* LOG_LEVEL=debug',
    'MAPS_KEY=production PRIMARY_KEY=id CACHE_KEY=shop-v2 SMTP_AUTH=plain',
    `image registry.example/shop:1.6@sha256:${hex(64)}`,
    `echo:1.6@sha256:${hex(64)} pulled`,
    `registry.example/datadog-agent:${hex(40)}`,
    `datadog commit: ${hex(40)}`,
    `HEAD is ${hex(40)}, revision ${hex(64)}`,
    `pod shop-v2-7c9f8d5b6c-x2k4p, uid ${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    'twitter: unauthorizedunauthorized1234',
    'secretName: shop-db-7f9c4d2b1a90, existingSecret: shop-tls',
    'mailto:jane@shop.example/x, ssh://git@github.com/x, git@github.com:shop/x, user:jane@shop.example:443',
    'The Deployment api-gateway has 2 of 3 pods ready; key access denied for user auth.',
    'PASSWORD=$(DB_PASSWORD) TOKEN=${TOKEN}',
  ])('%s', (text) => {
    expect(maskPatterns(text)).toBe(text)
  })
})

describe('what is known from the values is found in a line of a log', () => {
  test.each<[string, unknown, string]>([
    [
      'a passphrase in lower case',
      { env: { DB_PASSWORD: 'correct-horse-battery' } },
      'correct-horse-battery',
    ],
    ['one of several words', { passphrase: 'correct horse battery' }, 'correct horse battery'],
    ['one word', { auth: { password: 'letmeinplease' } }, 'letmeinplease'],
    ['in a file', { config: { 'app.yaml': 'db:\n  password: staple-battery\n' } }, 'staple-battery'],
    [
      'in a file of another form',
      { files: { 'app.ini': '[db]\npassword   = staple-battery\n' } },
      'staple-battery',
    ],
    ['in a DSN', { env: { DATABASE_URL: 'postgres://shop:staple-battery@db/shop' } }, 'staple-battery'],
    [
      'in a DSN without a scheme',
      { env: { DATABASE: 'shop:staple-battery@db:5432/shop' } },
      'staple-battery',
    ],
    ['the second of two DSNs', { urls: 'amqp://a:aaaaaaaa@x amqp://b:staple-battery@y' }, 'staple-battery'],
    ['in JSON', { env: { CONFIG: '{"db":{"user":"shop","password":"staple-battery"}}' } }, 'staple-battery'],
    ['deep in JSON', { env: { CONFIG: '{"credentials":{"root":"staple battery"}}' } }, 'staple battery'],
    ['with escapes', { env: { CONFIG: '{"password":"staple\\"battery"}' } }, 'staple"battery'],
    ['in the data of a Secret', { kind: 'Secret', data: { a: btoa('staple-battery') } }, 'staple-battery'],
    ['a list of variables', { env: [{ name: 'DB_SECRET', value: 'staple-battery' }] }, 'staple-battery'],
    ['a short one', { password: 'hunt3r' }, 'hunt3r'],
  ])('%s', (_name, values, secret) => {
    const secrets = new Secrets()
    secrets.learn(values)
    expect(secrets.maskText(`shop-v2 | could not log in with ${secret}, giving up`)).toBe(
      'shop-v2 | could not log in with ***, giving up',
    )
  })

  test('but for what is a name, too', () => {
    const secrets = new Secrets()
    const image = 'registry.example/postgres:15'
    secrets.learn({
      image,
      db: { user: 'shop-owner', password: 'postgres' },
      tlsSecret: 'shop-tls',
      token: 'password',
    })
    const text = `${image} says: no password for shop-owner in shop-tls`
    expect(secrets.maskText(text)).toBe(text)
  })

  test('of headers, what a key calls secret or looks like one', () => {
    const secrets = new Secrets()
    secrets.addHeaders({
      authorization: 'Bearer correct-horse',
      'x-stage': 'staging-eu',
      'x-api-key': 'battery-staple',
    })
    expect(secrets.maskText('got correct-horse and battery-staple for staging-eu')).toBe(
      'got *** and *** for staging-eu',
    )
  })
})

describe('time grows with the text, and no faster', () => {
  /** The least of some runs, so that what else the machine does counts as little as can be. */
  const cpuOf = (run: () => void) => {
    const times = Array.from({ length: 3 }, () => {
      const before = process.cpuUsage()
      run()
      const { user, system } = process.cpuUsage(before)
      return user + system
    })
    return Math.min(...times)
  }
  /** Four times the input takes less than ten times as long: 16 times would be quadratic. Small times are no measure. */
  const expectLinear = (run: (factor: number) => () => void) => {
    run(1)()
    const [once, fourTimes] = [cpuOf(run(1)), cpuOf(run(4))]
    expect(fourTimes).toBeLessThan(10 * Math.max(once, 20_000))
  }

  const valuesOf = (count: number) => ({
    env: Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`S${at}_PASSWORD`, `S3cret-${at}-${hex(24)}`]),
    ),
  })
  test('many secrets, in values and in a text that has them all', () => {
    expectLinear((factor) => {
      const values = valuesOf(1000 * factor)
      const text = Object.values(values.env).join(' ')
      return () => {
        const secrets = new Secrets()
        secrets.learn(values)
        expect(JSON.stringify(secrets.mask(values))).not.toContain('S3cret')
        expect(secrets.maskText(text)).not.toContain('S3cret')
      }
    })
  })

  test.each([
    'password:[{',
    'password:',
    'token=',
    'x-key=',
    'a:b@c:1 ',
    'eyJ-',
    '&sig=',
    '"password":"',
    'PASSWORD= ',
    '<token>',
    '\\"',
    'Bearer ',
    'a',
    ':',
    '"',
    '://',
    '--p ',
    '-----BEGIN PRIVATE KEY-----',
  ])('a line of %s', (piece) => {
    expectLinear((factor) => {
      const line = piece.repeat((64 * 1024 * factor) / piece.length)
      return () => maskPatterns(line)
    })
  })

  test('every rule of the scanner, on a line made of its keywords', () => {
    const rules = [...FORMS, ...NAMES]
    const lineOf = (keywords: string, factor: number) =>
      keywords
        .split(' ')
        .map((keyword) => `${keyword.toUpperCase()}=${keyword}`.repeat((1024 * factor) / keyword.length))
        .join('')
    expectLinear((factor) => {
      const lines = rules.map(([keywords]) => lineOf(keywords, factor))
      return () => lines.forEach((line) => maskPatterns(line))
    })
  })

  test('no rule repeats anything without bound', () => {
    for (const [, , , secret, name = ''] of [...FORMS, ...NAMES]) {
      expect(`${secret}${name}`.replace(/\[(?:\\.|[^\]\\])*\]|\\./g, '')).not.toMatch(/[*+]|\{\d+,\}/)
    }
  })
})
