import type { Program } from './program.js'

interface Container {
  args?: string[]
  command?: string[]
  env?: { name: string; value?: string }[]
}

interface Flags {
  text?: string
  listen: string
  status: string
}

const DEFAULT_TEXT = 'hello-world'

/** hashicorp/http-echo: `-text=`, `-listen=:5678`, `-status-code=200`; wrong arguments end it, as Go's flags do. */
export function httpEcho({ args = [], env = [] }: Container): Program {
  const flags: Flags = { listen: ':5678', status: '200' }
  const rest = [...args]
  while (rest.length > 0) {
    const word = rest.shift()!
    const [, name, value] = /^--?([a-z-]+)(?:=(.*))?$/s.exec(word) ?? []
    if (name === undefined) return fail(127, 'Too many arguments!')
    const known = ({ text: 'text', listen: 'listen', 'status-code': 'status' } as const)[name]
    if (!known) return fail(2, `flag provided but not defined: -${name}\nUsage of /http-echo:`)
    const given = value ?? rest.shift()
    if (given === undefined) return fail(2, `flag needs an argument: -${name}\nUsage of /http-echo:`)
    flags[known] = given
  }
  const status = Number(flags.status)
  if (!Number.isInteger(status) || status < 100 || status > 999)
    return fail(2, `invalid value "${flags.status}" for flag -status-code: parse error\nUsage of /http-echo:`)
  const port = Number(flags.listen.split(':').at(-1))
  if (!Number.isInteger(port)) return fail(1, `[ERR] listen tcp: address ${flags.listen}: invalid port`)
  const body = `${flags.text || env.find(({ name }) => name === 'ECHO_TEXT')?.value || DEFAULT_TEXT}\n`
  return {
    does: 'serve',
    ports: [port],
    startMs: 0,
    drainMs: 0,
    greeting: `[INFO] server is listening on ${flags.listen}`,
    answer: {
      status,
      headers: {
        'x-app-name': 'http-echo',
        'x-app-version': '',
        'content-length': String(Buffer.byteLength(body)),
        'content-type': 'text/plain; charset=utf-8',
      },
      body,
    },
  }
}

function fail(exitCode: number, output: string): Program {
  return { does: 'fail', exitCode, output }
}
