{{/*
Form of the HTTPRoute, the same in every stage, as a proxy loses requests where a rule or a backendRef comes, goes or moves: pairs of a main
rule and a header rule; in each rule all versions that are deployed, those without a share at weight 0. Without a canary the header rule
takes the default header and leads where the main rule leads.
*/}}

{{/* Namespace of the HTTPRoute. Takes the root. */}}
{{- define "gloo-app.gatewayApi.namespace" -}}
{{- .Values.routes.namespace | default .Release.Namespace -}}
{{- end }}

{{/* Whether the Gateway's implementation has a feature: a text, empty for no. Takes a dict of root and feature. */}}
{{- define "gloo-app.gatewayApi.has" -}}
{{- $features := dig "gateway" "features" list .root.Values.routes -}}
{{- if has .feature $features }}yes{{ end -}}
{{- end }}

{{/* Name of the version header; empty where the implementation can't set a header for a backendRef. Takes the root. */}}
{{- define "gloo-app.gatewayApi.versionHeader" -}}
{{- if include "gloo-app.gatewayApi.has" (dict "root" . "feature" "HTTPRouteBackendResponseHeaderModification") -}}
{{- .Values.routes.versionHeader -}}
{{- end -}}
{{- end }}

{{/* As gloo-app.fingerprint: another exactly when the HTTPRoute is, but for the response headers. Takes the root. */}}
{{- define "gloo-app.gatewayApi.fingerprint" -}}
{{- $plain := dict "root" . "fingerprint" "" "fingerprintHeader" "" "versionHeader" "" -}}
{{- $spec := include "gloo-app.gatewayApi.spec" $plain | fromJson -}}
{{- list .Release.Namespace .Release.Name $spec | toJson | sha256sum | trunc 12 -}}
{{- end }}

{{/*
The spec of the HTTPRoute as JSON. Takes a dict of root, fingerprint, fingerprintHeader and versionHeader; a header whose name is empty
is left out.
*/}}
{{- define "gloo-app.gatewayApi.spec" -}}
{{- $args := . -}}
{{- $canary := .root.Values.routes.canary | default dict -}}
{{- $main := include "gloo-app.gatewayApi.backendRefs" (merge (dict "share" ($canary.weight | default 0)) $args) | fromJsonArray -}}
{{- $pinned := include "gloo-app.gatewayApi.backendRefs" (merge (dict "share" ($canary | empty | ternary 0 100)) $args) | fromJsonArray -}}
{{- $rules := list -}}
{{- range include "gloo-app.gatewayApi.groups" .root | fromJsonArray -}}
{{- $rule := dict -}}
{{- with include "gloo-app.gatewayApi.filters" (merge (dict "rewrite" .rewrite) $args) | fromJsonArray }}{{ $_ := set $rule "filters" . }}{{ end -}}
{{- with $args.root.Values.routes.options }}{{ with .timeout }}{{ $_ := set $rule "timeouts" (dict "request" .) }}{{ end }}{{ end -}}
{{- $pinnedMatches := list -}}
{{- range .matches -}}
{{- $headers := include "gloo-app.gatewayApi.canaryHeaders" (dict "root" $args.root "match" .) | fromJsonArray -}}
{{- $pinnedMatches = append $pinnedMatches (merge (dict "headers" (concat (.headers | default list) $headers)) .) -}}
{{- end -}}
{{- $rules = append $rules (merge (dict "matches" .matches "backendRefs" $main) $rule) -}}
{{- $rules = append $rules (merge (dict "matches" $pinnedMatches "backendRefs" $pinned) $rule) -}}
{{- end -}}
{{- $spec := dict "parentRefs" (include "gloo-app.gatewayApi.parentRefs" .root | fromJsonArray) "rules" $rules -}}
{{- with .root.Values.routes.hostnames }}{{ $_ := set $spec "hostnames" . }}{{ end -}}
{{- toJson $spec -}}
{{- end }}

{{/* The Gateways that serve the app, as JSON. Takes the root. */}}
{{- define "gloo-app.gatewayApi.parentRefs" -}}
{{- $routes := .Values.routes -}}
{{- $gateway := pick ($routes.gateway | default dict) "name" "namespace" "sectionName" "port" -}}
{{- $refs := list -}}
{{- range $routes.parentRefs | default (list $gateway) -}}
{{- $refs = append $refs (merge (dict) . (dict "group" "gateway.networking.k8s.io" "kind" "Gateway")) -}}
{{- end -}}
{{- toJson $refs -}}
{{- end }}

{{/*
The versions that a rule names, each with its share. They keep their order through all stages: by name; with a version header, whose
filter makes the place count on some proxies, the primary and the other one. Takes a dict of root, versionHeader and share: the canary's,
in percent.
*/}}
{{- define "gloo-app.gatewayApi.backendRefs" -}}
{{- $root := .root -}}
{{- $routes := $root.Values.routes -}}
{{- $share := int64 .share -}}
{{- $versionHeader := .versionHeader -}}
{{- $primary := $routes.primary.version -}}
{{- $canary := ($routes.canary | default dict).version -}}
{{- $versions := keys $root.Values.deployment | sortAlpha -}}
{{- if $versionHeader -}}
{{- $versions = list $primary ($canary | default (without $versions $primary | first) | default $primary) -}}
{{- end -}}
{{- $left := dict $primary (sub 100 $share) -}}
{{- if $canary }}{{ $_ := set $left $canary $share }}{{ end -}}
{{- $refs := list -}}
{{- range $version := $versions -}}
{{- $ref := dict "group" "" "kind" "Service" "name" (include "gloo-app.objectName" (dict "release" $root.Release.Name "version" $version)) -}}
{{- $_ := set $ref "port" ($root.Values.service.port | default 80) -}}
{{- $_ := set $ref "weight" (get $left $version | default 0) -}}
{{- /* A version that is there twice gets its share once. */ -}}
{{- $_ := set $left $version 0 -}}
{{- if ne (include "gloo-app.gatewayApi.namespace" $root) $root.Release.Namespace }}{{ $_ := set $ref "namespace" $root.Release.Namespace }}{{ end -}}
{{- if $versionHeader -}}
{{- $filter := dict "type" "ResponseHeaderModifier" "responseHeaderModifier" (dict "set" (list (dict "name" $versionHeader "value" $version))) -}}
{{- $_ := set $ref "filters" (list $filter) -}}
{{- end -}}
{{- $refs = append $refs $ref -}}
{{- end -}}
{{- toJson $refs -}}
{{- end }}

{{/* The headers of a match of the header rule, as JSON: the canary's, or the default one. Takes a dict of root and match. */}}
{{- define "gloo-app.gatewayApi.canaryHeaders" -}}
{{- $headers := (.root.Values.routes.canary | default dict).headers -}}
{{- if not $headers -}}
{{- $taken := list -}}
{{- range .match.headers }}{{ $taken = lower .name | append $taken }}{{ end -}}
{{- $headers = dict (has "stage" $taken | ternary "x-canary-stage" "stage") "canary" -}}
{{- end -}}
{{- $matched := list -}}
{{- range $name, $value := $headers -}}
{{- $matched = append $matched (dict "name" $name "type" "Exact" "value" $value) -}}
{{- end -}}
{{- toJson $matched -}}
{{- end }}
