import type { Finding } from '../model/results/doctor.js'
import type { Permission } from '../cluster/permissions.js'
import type { ProxyAddress } from '../cluster/kube/port-forward.js'
import type { ObjectRef, Snapshot } from '../model/results/diagnosis.js'
import type { DomainConflict, RouteOverlap } from '../model/results/overlaps.js'
import type { Fingerprint, RoutingKind, RoutingTexts } from '../model/routing.js'
import type { JsonObject } from '../model/values.js'
import type { ProxyAnswers } from '../verification/answers/proxy-answers.js'
import type { ProviderRules } from '../verification/diagnosis/diagnose.js'

/** A kind of gateway, as `routes.provider` in the values names it. */
export type ProviderName = 'gloo' | 'gateway-api'

/**
 * A provider without a cluster: its kinds and terms, and how to read a release's values and manifests. Canary sets no
 * route itself: the chart does.
 */
export interface RoutingDescription {
  readonly name: ProviderName
  readonly kinds: readonly RoutingKind[]
  readonly texts: RoutingTexts
  /** The proxies' own answers. */
  readonly answers: ProxyAnswers
  /** Permissions that canary and helm need, in addition to those for every app. */
  readonly permissions: readonly Permission[]

  /** The fingerprint on answers through the routes of a manifest; undefined if the chart leaves it out. */
  readonly fingerprint: (objects: JsonObject[], values: JsonObject) => Fingerprint | undefined

  /** The host to probe; undefined if the app has none of its own. */
  readonly host: (values: JsonObject) => string | undefined

  /** The header with the version that the proxy chose; undefined if the chart leaves it out. */
  readonly versionHeader: (values: JsonObject) => string | undefined

  /** Whether the gateway adds that header, as far as values without the chart's defaults tell. */
  readonly namesVersions: (values: JsonObject) => boolean

  /** How values have the gateway add it. */
  readonly versionSetting: string

  /** Whether the version that the proxy chose is always the one that answers. */
  readonly versionHeaderIsProof: (values: JsonObject) => boolean

  /** An admission check of the gateway that denies routes before their backends are known; undefined without one. */
  readonly strictAdmission?: StrictAdmission

  /** Takes over requests from routes outside the release (`canary init --from`). */
  readonly handover: (app: string, routes: OldRoutes[]) => Handover

  /** The route objects among these that lead to a Service. */
  readonly routesTo: (service: ObjectRef, objects: JsonObject[]) => OldRoutes[]

  /**
   * The routes of a release that was made by hand, read from its objects; undefined if they are none of this provider's, or are
   * read from the values.
   */
  readonly handMade: (app: string, namespace: string, objects: JsonObject[]) => HandMadeRoutes | undefined

  /** Whether the chart makes a Service of the app's name, for all versions. */
  readonly hasAppService: boolean
}

/** Denies an install whose routes come before their backends, which is Helm's order. */
export interface StrictAdmission {
  /** Whether this error of helm's is that denial. */
  denied(stderr: string): boolean
  /** Whether the gateway knows a backend by now. */
  knows(backend: JsonObject): boolean
}

/** Routes made by hand, as values. */
export interface HandMadeRoutes {
  primary?: string
  canary?: JsonObject
  /** The rest of `routes`. */
  routes: JsonObject
  /** What the values cannot express, a sentence each. */
  odd: string[]
}

/** A route object outside the release that leads to a Service. */
export interface OldRoutes extends ObjectRef {
  kind: string
  /** Its path prefixes that do. */
  prefixes: string[]
  /** The gateway object that it names. */
  gateway?: ObjectRef
  object: JsonObject
}

/** How requests move from existing routes to a release's own. */
export interface Handover {
  /**
   * Flags of an install beside the existing app, and the `--set` text of the upgrade that makes the release's routes serve.
   */
  beside: string[]
  serving: string
  /** Commands that put the old routes behind the release's, with the first release step done. */
  behind: string[]
  /** Objects to delete once they get no requests. */
  replaced: { object: string; namespace: string }[]
  /** Changes to make by hand, a sentence each. */
  byHand: string[]
}

/** A provider in one cluster, with access to it. Reads throw ExternalError. */
export interface RoutingProvider {
  readonly description: RoutingDescription

  /** Whether the cluster knows the provider's kinds. */
  isThere(): Promise<boolean>

  /** Whether the gateway is there and reachable: findings of `doctor`. */
  preflight(): Promise<Finding[]>

  /** All routes of the cluster, or those that the user may read. */
  view(): Promise<RoutesView>

  /** The gateways of the cluster, as an app in this namespace can choose them. */
  gateways(namespace: string): Promise<GatewayChoice[]>

  /** The address that the proxies share; opens a port-forward as a last resort. */
  proxyAddress(): Promise<ProxyAddress>

  /** The host to probe in a stage with these values: one that the gateway serves, too; undefined if any will do. */
  host(values: JsonObject): Promise<string | undefined>

  /** Names of the ready proxy pods, sorted. */
  proxyPods(): Promise<string[]>

  /** The address of one of these pods alone, through a port-forward. */
  proxyPodAddress(pod: string): Promise<ProxyAddress>

  /** Counters of the proxies for an app and for its shadow. Throws ExternalError if there are none. */
  counters(app: ObjectRef): Promise<RequestCounters>

  /**
   * Counters of the proxies for each version of an app. Throws ExternalError if there are none.
   */
  versionCounters(app: ObjectRef): Promise<VersionCounters>

  /** Everything between the gateway and an app's pods, within 3 seconds. Never throws. */
  snapshot(app: ObjectRef): Promise<Observed>
}

/** A gateway that can serve an app. */
export interface GatewayChoice {
  provider: ProviderName
  /** The object that values name; undefined if the provider has only one gateway. */
  gateway?: ObjectRef
  /** `Gateway gateways/public (Envoy Gateway; http at port 80)`. */
  description: string
  /** Why it takes no routes of the app's namespace, a clause. */
  refused?: string
}

/** An app with its effective values, as far as they are known. */
export interface RoutedApp {
  values: JsonObject
  namespace: string
}

/** The providers of one cluster. */
export interface Routing {
  /** The provider of an app in this namespace, by its effective values. Throws UsageError for an unknown name. */
  of(values: JsonObject, namespace: string): RoutingProvider

  /** Those whose kinds the cluster knows; the default if it knows none. */
  present(): Promise<RoutingProvider[]>

  /** The gateways of all providers that the cluster knows, as an app in this namespace can choose them. */
  gateways(namespace: string): Promise<GatewayChoice[]>
}

/** Counters of all proxies together. */
export interface RequestCounters {
  /** Requests sent to the app, and copies to its shadow, since the proxies started. */
  read(): Promise<{
    requests: number
    copies: number
    /** Whether every proxy counts for the app: one that does not know it has no counter for it. */
    isKnown: boolean
  }>
  close(): Promise<void>
}

/** Counters of all proxies together by the version that requests were sent to. */
export interface VersionCounters {
  /**
   * Requests to each version, those of users included, since the last call or the opening; undefined if a pod's counter
   * went meanwhile. Throws ExternalError if a proxy does not answer.
   */
  since(): Promise<Record<string, number> | undefined>
  close(): Promise<void>
}

/** A snapshot with the rules that know the provider's own objects in it. */
export interface Observed {
  snapshot: Snapshot
  rules: ProviderRules
}

/** Routes that take requests of each other. */
export interface RouteConflicts {
  overlaps: RouteOverlap[]
  domains: DomainConflict[]
}

/** A release's route objects before and after a change. */
export interface RoutesOfChange {
  app: ObjectRef
  before: JsonObject[]
  after: JsonObject[]
  /** An attachment created with it. */
  creates?: JsonObject
}

/** The Secret with the certificate for an app's requests. */
export interface Certificate {
  secret: ObjectRef
  /** The object that uses it, `Gateway infra/web`. */
  user: string
  /** Whether that object is the release's own. */
  isOwn: boolean
}

/** All routes of a cluster at one moment. */
export interface RoutesView {
  /** Kinds that the user may not list completely, in the plural. */
  readonly hidden: string[]

  /** All conflicts in the cluster. */
  conflicts(): RouteConflicts

  /** Those that a change adds, without existing ones. */
  addedConflicts(change: RoutesOfChange): RouteConflicts

  /** Who has the domain already, and the remedies, for an error. */
  explainConflict(
    conflict: DomainConflict,
    request: { app: string; creates: boolean },
  ): { details: string[]; nextSteps: string[] }

  /** The certificates that an app's objects, and others that serve it, rely on. */
  certificates(own: JsonObject[], namespace: string): Certificate[]

  /** What is missing between the gateway and an app that `command` installs; undefined if it is attached. */
  missingAttachment(app: ObjectRef, values: JsonObject, command: string): MissingAttachment | undefined

  /** Why no gateway would send requests to an app after an upgrade, and a remedy; undefined if one would. */
  detached(
    app: ObjectRef,
    before: JsonObject[],
    after: JsonObject[],
  ): { problem: string; remedy: string } | undefined
}

/** No gateway sends requests to an app's routes. */
export interface MissingAttachment {
  /** `No gateway serves the routes of echo`. */
  problem: string
  details: string[]
  /** The flag that makes it, with a note, and another way. */
  nextSteps: string[]
  /** What canary can make; undefined if it is for others to make. */
  make?: AttachmentToMake
}

export interface AttachmentToMake {
  object: JsonObject
  /** `Create one (app in namespace infra, for all domains)?` */
  question: string
  /** Its domains already belong to another. */
  isTaken: boolean
  /** Makes it and resolves with what was done, a sentence. Throws ConflictError if another of its name is there. */
  create(): Promise<string>
}
