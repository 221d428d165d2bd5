/**
 * The messages in protobuf bodies of typed clients (Helm's release records, `kubectl create namespace`, …), which send
 * protobuf unasked and do not fall back to JSON. Field numbers are from the generated.proto files of k8s.io/api and
 * k8s.io/apimachinery.
 */

export type FieldType =
  'string' | 'int' | 'bool' | 'time' | 'int-or-string' | 'string-map' | 'bytes-map' | Message
export type Message = Record<number, Field>
type Field = [name: string, type: FieldType, repeated?: 'repeated']

const OWNER_REFERENCE: Message = {
  1: ['kind', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['controller', 'bool'],
  7: ['blockOwnerDeletion', 'bool'],
}

const OBJECT_META: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['generation', 'int'],
  8: ['creationTimestamp', 'time'],
  11: ['labels', 'string-map'],
  12: ['annotations', 'string-map'],
  13: ['ownerReferences', OWNER_REFERENCE, 'repeated'],
  14: ['finalizers', 'string', 'repeated'],
}

const RESOURCE_ATTRIBUTES: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
}

const LABEL_SELECTOR: Message = { 1: ['matchLabels', 'string-map'] }

const CONTAINER: Message = {
  1: ['name', 'string'],
  2: ['image', 'string'],
  3: ['command', 'string', 'repeated'],
  4: ['args', 'string', 'repeated'],
  6: [
    'ports',
    { 1: ['name', 'string'], 2: ['hostPort', 'int'], 3: ['containerPort', 'int'], 4: ['protocol', 'string'] },
    'repeated',
  ],
  7: ['env', { 1: ['name', 'string'], 2: ['value', 'string'] }, 'repeated'],
}

const POD_TEMPLATE: Message = {
  1: ['metadata', OBJECT_META],
  2: ['spec', { 2: ['containers', CONTAINER, 'repeated'] }],
}

const SERVICE_PORT: Message = {
  1: ['name', 'string'],
  2: ['protocol', 'string'],
  3: ['port', 'int'],
  4: ['targetPort', 'int-or-string'],
  5: ['nodePort', 'int'],
}

/** Use of cpu or memory, the metric of `kubectl autoscale`. */
const METRIC: Message = {
  1: ['type', 'string'],
  4: [
    'resource',
    { 1: ['name', 'string'], 2: ['target', { 1: ['type', 'string'], 4: ['averageUtilization', 'int'] }] },
  ],
}

/** The kinds that clients were seen to send, by apiVersion and kind. */
const KINDS: Record<string, Message> = {
  'v1 Secret': {
    1: ['metadata', OBJECT_META],
    2: ['data', 'bytes-map'],
    3: ['type', 'string'],
    4: ['stringData', 'string-map'],
    5: ['immutable', 'bool'],
  },
  'v1 ConfigMap': {
    1: ['metadata', OBJECT_META],
    2: ['data', 'string-map'],
    3: ['binaryData', 'bytes-map'],
    4: ['immutable', 'bool'],
  },
  'v1 Namespace': {
    1: ['metadata', OBJECT_META],
    2: ['spec', { 1: ['finalizers', 'string', 'repeated'] }],
    3: ['status', { 1: ['phase', 'string'] }],
  },
  'v1 ServiceAccount': { 1: ['metadata', OBJECT_META], 4: ['automountServiceAccountToken', 'bool'] },
  'v1 Service': {
    1: ['metadata', OBJECT_META],
    2: [
      'spec',
      {
        1: ['ports', SERVICE_PORT, 'repeated'],
        2: ['selector', 'string-map'],
        3: ['clusterIP', 'string'],
        4: ['type', 'string'],
        10: ['externalName', 'string'],
      },
    ],
  },
  'apps/v1 Deployment': {
    1: ['metadata', OBJECT_META],
    2: ['spec', { 1: ['replicas', 'int'], 2: ['selector', LABEL_SELECTOR], 3: ['template', POD_TEMPLATE] }],
  },
  'autoscaling/v2 HorizontalPodAutoscaler': {
    1: ['metadata', OBJECT_META],
    2: [
      'spec',
      {
        1: ['scaleTargetRef', { 1: ['kind', 'string'], 2: ['name', 'string'], 3: ['apiVersion', 'string'] }],
        2: ['minReplicas', 'int'],
        3: ['maxReplicas', 'int'],
        4: ['metrics', METRIC, 'repeated'],
      },
    ],
  },
  'v1 DeleteOptions': {
    1: ['gracePeriodSeconds', 'int'],
    2: ['preconditions', { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] }],
    3: ['orphanDependents', 'bool'],
    4: ['propagationPolicy', 'string'],
    5: ['dryRun', 'string', 'repeated'],
  },
  'authorization.k8s.io/v1 SelfSubjectRulesReview': {
    1: ['metadata', OBJECT_META],
    2: ['spec', { 1: ['namespace', 'string'] }],
  },
  'authorization.k8s.io/v1 SelfSubjectAccessReview': {
    1: ['metadata', OBJECT_META],
    2: [
      'spec',
      {
        1: ['resourceAttributes', RESOURCE_ATTRIBUTES],
        2: ['nonResourceAttributes', { 1: ['path', 'string'] }],
      },
    ],
  },
}

/** DeleteOptions arrive under the group of the deleted object; the message is the same everywhere. */
export function messageOf(apiVersion: string, kind: string): Message | undefined {
  return KINDS[kind === 'DeleteOptions' ? 'v1 DeleteOptions' : `${apiVersion} ${kind}`]
}
