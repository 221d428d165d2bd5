import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../../../src/sandbox/api-server/objects.js'
import { programOf } from '../../../../src/sandbox/workloads/program.js'

function pod(container: object): KubeObject {
  const metadata = { name: 'echo-1', namespace: 'echo', labels: { app: 'echo', version: 'v1' } }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'echo', ...container }] } }
}

function echo(...args: string[]) {
  return programOf(pod({ image: 'hashicorp/http-echo:1.0', args }))
}

describe('http-echo', () => {
  test('answers its text and tells itself by headers, as the real one does', () => {
    expect(echo('-text=version:echo-v1', '-listen=:8080')).toEqual({
      does: 'serve',
      startMs: 0,
      drainMs: 0,
      ports: [8080],
      greeting: '[INFO] server is listening on :8080',
      answer: {
        status: 200,
        body: 'version:echo-v1\n',
        headers: {
          'x-app-name': 'http-echo',
          'x-app-version': '',
          'content-length': '16',
          'content-type': 'text/plain; charset=utf-8',
        },
      },
    })
  })

  test.each([
    ['flags with two dashes', ['--text=a'], { body: 'a\n' }],
    ['a value as its own word', ['-text', 'a b'], { body: 'a b\n' }],
    ['a text of several lines', ['-text=a\nb=c'], { body: 'a\nb=c\n' }],
    ['another status', ['-text=a', '-status-code=503'], { status: 503 }],
    ['no text', [], { body: 'hello-world\n' }],
  ])('takes %s', (_, args, answer) => {
    expect(echo(...args)).toMatchObject({ does: 'serve', answer })
  })

  test.each([
    ['a flag it does not have', ['-colour=red'], 2, /not defined: -colour/],
    ['a status that is no number', ['-status-code=abc'], 2, /invalid value "abc" for flag -status-code/],
    ['a status HTTP does not have', ['-status-code=99999'], 2, /invalid value "99999"/],
    ['a word that is no flag', ['serve'], 127, /Too many arguments/],
    ['a flag without its value', ['-text'], 2, /needs an argument: -text/],
    ['a port that is none', ['-listen=:http'], 1, /invalid port/],
  ])('ends at once with %s', (_, args, exitCode, output) => {
    expect(echo(...args)).toEqual({ does: 'fail', exitCode, output: expect.stringMatching(output) })
  })
})

test('any other image answers JSON about its pod, on the ports it names', () => {
  const program = programOf(pod({ image: 'example/shop:3', ports: [{ containerPort: 9000 }] }))
  expect(program).toMatchObject({ does: 'serve', ports: [9000] })
  const { body } = (program as { answer: { body: string } }).answer
  expect(JSON.parse(body)).toEqual({ app: 'echo', version: 'v1', image: 'example/shop:3', pod: 'echo-1' })
})
