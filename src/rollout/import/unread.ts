import type { LeftOut } from '../../model/results/init.js'
import type { Json, JsonObject } from '../../model/values.js'
import { mapOf } from '../values/json-fields.js'
import { plainAnnotations } from '../from-deployment/server-defaults.js'

const NO_VALUE = 'the chart has no value for it'
const OBJECT = ['apiVersion', 'kind', 'metadata', 'spec', 'status']
/** Metadata that identifies an object or that the API server manages. */
const METADATA =
  'name namespace labels annotations uid resourceVersion generation creationTimestamp selfLink managedFields'.split(
    ' ',
  )

/** The fields of a map that are not in `read`, so that none is dropped silently. `place` is their prefix. */
export function unread(object: JsonObject, read: Iterable<string>, place = ''): LeftOut[] {
  const known = new Set(read)
  return Object.keys(object)
    .filter((field) => !known.has(field) && !isEmpty(object[field]))
    .map((field) => ({ field: `${place}${field}`, reason: NO_VALUE }))
}

/** What surrounds the spec of an object: labels and annotations, unless the caller reads them, and everything else. */
export function unreadAround(object: JsonObject, read: { annotations?: boolean } = {}): LeftOut[] {
  const metadata = mapOf(object.metadata)
  const annotations = read.annotations ? {} : plainAnnotations(metadata.annotations)
  return [
    ...unread(object, OBJECT),
    ...unread(metadata, METADATA, 'metadata.'),
    ...Object.keys(mapOf(metadata.labels)).map((name) => ({
      field: `metadata.labels ${name}`,
      reason: 'the chart labels its objects itself',
    })),
    ...Object.keys(annotations).map((name) => ({
      field: `metadata.annotations ${name}`,
      reason: 'the chart annotates pods and the Service only',
    })),
  ]
}

function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
