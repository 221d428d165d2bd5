import type { Json, JsonObject } from '../../model/values.js'
import { effectiveConfig } from '../plan/app-config.js'
import { isObject } from './merge.js'

/** An object that has to exist in the namespace before a version's pods can start. */
export interface Reference {
  kind: 'Secret' | 'ConfigMap' | 'ServiceAccount'
  name: string
  /** Where the values name it: `app.envFrom[0]`, `deployment.v2.secrets[1]`. */
  place: string
  /** Keys of it that the values name; empty where the whole object is used. */
  keys: string[]
}

/**
 * Objects that a version's configuration names and the chart does not make, each once at its first place; without
 * optional ones.
 */
export function referencesOf(values: JsonObject, version: string): Reference[] {
  const config = effectiveConfig(values, version)
  const own = isObject(values.deployment) ? values.deployment[version] : undefined
  const placeOf = (key: string) =>
    isObject(own) && key in own ? `deployment.${version}.${key}` : `app.${key}`
  const found: Reference[] = []
  const add: Add = (kind, name, place, key) => {
    if (typeof name !== 'string' || name === '') return
    let reference = found.find((one) => one.kind === kind && one.name === name)
    if (!reference) found.push((reference = { kind, name, place, keys: [] }))
    if (typeof key === 'string' && !reference.keys.includes(key)) reference.keys.push(key)
  }
  const { image, env, secrets, serviceAccount } = config
  for (const [index, name] of listOf(isObject(image) ? image.pullSecrets : undefined).entries())
    add('Secret', name, `${placeOf('image')}.pullSecrets[${index}]`)
  for (const [name, value] of Object.entries(isObject(env) ? env : {}))
    keyOf(value, `${placeOf('env')}.${name}`, add)
  sources(config.envFrom, placeOf('envFrom'), add)
  for (const [index, secret] of listOf(secrets).entries())
    if (isObject(secret)) add('Secret', secret.name, `${placeOf('secrets')}[${index}]`)
  for (const [index, volume] of listOf(config.volumes).entries()) {
    const { secret, configMap } = isObject(volume) ? volume : {}
    const place = `${placeOf('volumes')}[${index}]`
    if (isObject(secret) && secret.optional !== true) add('Secret', secret.secretName, place)
    if (isObject(configMap) && configMap.optional !== true) add('ConfigMap', configMap.name, place)
  }
  for (const key of ['sidecars', 'initContainers']) {
    for (const [index, container] of listOf(config[key]).entries()) {
      if (!isObject(container)) continue
      const place = `${placeOf(key)}[${index}]`
      sources(container.envFrom, `${place}.envFrom`, add)
      for (const [at, variable] of listOf(container.env).entries())
        if (isObject(variable)) keyOf(variable.valueFrom, `${place}.env[${at}]`, add)
    }
  }
  if (typeof serviceAccount === 'string') add('ServiceAccount', serviceAccount, placeOf('serviceAccount'))
  else if (isObject(serviceAccount) && serviceAccount.create !== true)
    add('ServiceAccount', serviceAccount.name, placeOf('serviceAccount'))
  return found
}

type Add = (kind: Reference['kind'], name: Json | undefined, place: string, key?: Json) => void

/** A variable from a key of a Secret or ConfigMap. */
function keyOf(value: Json | undefined, place: string, add: Add): void {
  const { secretKeyRef, configMapKeyRef } = isObject(value) ? value : {}
  if (isObject(secretKeyRef) && secretKeyRef.optional !== true)
    add('Secret', secretKeyRef.name, place, secretKeyRef.key)
  if (isObject(configMapKeyRef) && configMapKeyRef.optional !== true)
    add('ConfigMap', configMapKeyRef.name, place, configMapKeyRef.key)
}

function sources(value: Json | undefined, place: string, add: Add): void {
  for (const [index, source] of listOf(value).entries()) {
    const { secretRef, configMapRef } = isObject(source) ? source : {}
    const at = `${place}[${index}]`
    if (isObject(secretRef) && secretRef.optional !== true) add('Secret', secretRef.name, at)
    if (isObject(configMapRef) && configMapRef.optional !== true) add('ConfigMap', configMapRef.name, at)
  }
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}
