import { isMap, isScalar, isSeq } from 'yaml'
import { UsageError } from '../../model/errors.js'
import { YamlError, yamlDocuments, type YamlDocument } from '../../lib/yaml/documents.js'
import { closest } from '../../lib/closest.js'
import { type FileSettings, SETTING_NAMES, type SettingName } from '../../model/setting-names.js'

export interface Config {
  defaults: FileSettings
  apps: Record<string, FileSettings>
}

/**
 * Reads the text of a canary.yaml; `name` is its name in messages. Headers may be a map, `name=value`, or a list of those;
 * allow-env and allow-request may be lists. Throws UsageError with the line of the first mistake, unknown keys included: a
 * mistyped one must not be ignored.
 */
export function parseConfig(text: string, name: string): Config {
  return new ConfigReader(text, name).read()
}

class ConfigReader {
  private lineOf: (offset: number) => number = () => 1

  constructor(
    private readonly text: string,
    private readonly name: string,
  ) {}

  read(): Config {
    const [first, second] = this.documents()
    const config: Config = { defaults: {}, apps: Object.create(null) as Config['apps'] }
    if (!first) return config
    this.lineOf = first.lineOf
    if (second) throw this.wrong(second.document.range[0], 'there is a second document')
    const root = first.document.contents as unknown
    if (root === null || (isScalar(root) && root.value === null)) return config
    for (const { key, value, at } of this.entries(root, 'the file')) {
      if (key === 'defaults') config.defaults = this.settings(value, key, at)
      else if (key === 'apps') {
        for (const app of this.entries(value, key, at))
          config.apps[app.key] = this.settings(app.value, `apps.${app.key}`, app.at)
      } else {
        throw this.wrong(at, `unknown key "${key}" (expected defaults or apps)`)
      }
    }
    return config
  }

  private documents(): YamlDocument[] {
    try {
      return yamlDocuments(this.text)
    } catch (error) {
      if (!(error instanceof YamlError)) throw error
      this.lineOf = () => error.line
      throw this.wrong(0, error.message)
    }
  }

  private settings(node: unknown, where: string, at: number): FileSettings {
    const settings: FileSettings = {}
    for (const { key, value, at: place } of this.entries(node, where, at)) {
      const name = SETTING_NAMES.find((known) => known === key || camelCase(known) === key)
      if (!name) {
        const meant = closest(key, [...SETTING_NAMES])
        throw this.wrong(
          place,
          `unknown setting "${key}"${meant ? ` (did you mean ${meant}?)` : ''}; settings: ${SETTING_NAMES.join(', ')}`,
        )
      }
      settings[name] = { value: this.setting(name, value, place), source: this.place(place) }
    }
    return settings
  }

  private setting(name: SettingName, node: unknown, at: number): string | string[] {
    const headers = name === 'header' || name === 'probe-header'
    if (headers && isMap(node)) {
      return this.entries(node, name).map(
        ({ key, value, at: place }) => `${key}=${this.scalar(name, value, place)}`,
      )
    }
    const isList = headers || name === 'allow-env' || name === 'allow-request'
    if (isList && isSeq(node)) return node.items.map((item) => this.scalar(name, item, at))
    const value = this.scalar(name, node, at)
    return isList ? [value] : value
  }

  /** The scalar as written: versions such as 1.10 must not become numbers. */
  private scalar(name: string, node: unknown, at: number): string {
    if (isScalar(node) && node.value !== null) {
      const text = typeof node.value === 'string' ? node.value : (node.source ?? JSON.stringify(node.value))
      // A NUL cannot be passed to a program: no flag and no variable can contain one.
      if (text.includes('\0')) throw this.wrong(at, `${name} contains a NUL character`)
      return text
    }
    throw this.wrong(at, `${name} needs a value`)
  }

  private entries(node: unknown, where: string, at = 0): { key: string; value: unknown; at: number }[] {
    if (isScalar(node) && node.value === null) return []
    if (!isMap(node)) throw this.wrong(at, `${where} must be a map`)
    return node.items.map(({ key, value }) => {
      const place = isScalar(key) ? (key.range?.[0] ?? at) : at
      if (!isScalar(key)) throw this.wrong(place, 'keys must be plain words')
      return { key: String(key.source ?? key.value), value, at: place }
    })
  }

  private place(offset: number): string {
    return `${this.name}, line ${this.lineOf(offset)}`
  }

  private wrong(offset: number, message: string): UsageError {
    return new UsageError(`${this.place(offset)}: ${message}.`, {
      state: 'Nothing was changed.',
      nextSteps: [`correct ${this.name}`],
    })
  }
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
