{{/* What an HTTPRoute can't be, or the Gateway's implementation does not have. Fails the render, or gives nothing. Takes the root. */}}
{{- define "gloo-app.gatewayApi.validate" -}}
{{- $routes := .Values.routes -}}
{{- $gateway := $routes.gateway | default dict -}}
{{- if not (or $gateway.name $routes.parentRefs) -}}
{{- fail (printf "routes.provider is %q, and no Gateway is named: set routes.gateway.name and routes.gateway.namespace, or routes.parentRefs." $routes.provider) -}}
{{- end -}}
{{- if $routes.parentRefs -}}
{{- range $key, $_ := pick $gateway "name" "namespace" "sectionName" "port" -}}
{{- fail (printf "routes.gateway.%s and routes.parentRefs are both set: name the Gateway in one of them." $key) -}}
{{- end -}}
{{- end -}}
{{- $seen := dict -}}
{{- range $index, $ref := include "gloo-app.gatewayApi.parentRefs" . | fromJsonArray -}}
{{- $place := $routes.parentRefs | empty | ternary "routes.gateway" (printf "routes.parentRefs[%d]" $index) -}}
{{- if $ref.port -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $ "value" (printf "%s.port" $place) "feature" "HTTPRouteParentRefPort" "instead" "name the listener by sectionName") -}}
{{- end -}}
{{- $target := pick $ref "group" "kind" "namespace" "name" | toJson -}}
{{- $sections := get $seen $target | default list -}}
{{- $section := $ref.sectionName | default "" -}}
{{- if and $sections (or (has $section $sections) (has "" $sections) (not $section)) -}}
{{- fail (printf "%s names %s %q a second time: give each of them a sectionName of its own." $place $ref.kind $ref.name) -}}
{{- end -}}
{{- $_ := set $seen $target (append $sections $section) -}}
{{- end -}}
{{- if and $routes.versionHeader (ne $routes.versionHeader "x-canary-version") -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" . "value" "routes.versionHeader" "feature" "HTTPRouteBackendResponseHeaderModification" "instead" "set it to \"\" and have the app name its version (verify.version)") -}}
{{- end -}}
{{- with .Values.service.appProtocol -}}
{{- $feature := get (dict "kubernetes.io/h2c" "HTTPRouteBackendProtocolH2C" "kubernetes.io/ws" "HTTPRouteBackendProtocolWebSocket") . -}}
{{- if $feature -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $ "value" (printf "service.appProtocol %s" .) "feature" $feature "instead" "have the app speak HTTP/1.1") -}}
{{- end -}}
{{- end -}}
{{- if $routes.backendTLS -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" . "value" "routes.backendTLS" "feature" "BackendTLSPolicy" "instead" "have the pods take plain HTTP from the gateway") -}}
{{- end -}}
{{- if gt (len .Values.deployment) 16 -}}
{{- fail (printf "deployment has %d versions: a rule of an HTTPRoute names at most 16. Remove versions that nobody needs." (len .Values.deployment)) -}}
{{- end -}}
{{- include "gloo-app.gatewayApi.validateMatches" . -}}
{{- include "gloo-app.gatewayApi.validateOptions" . -}}
{{- with $routes.shadow -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $ "value" "routes.shadow" "feature" "HTTPRouteRequestMirror" "instead" "leave it out") -}}
{{- if lt (float64 .percentage) 100.0 -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $ "value" (printf "routes.shadow.percentage %v" .percentage) "feature" "HTTPRouteRequestPercentageMirror" "instead" "copy all requests (percentage: 100)") -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Fails where routes.gateway.features lacks a feature. Takes a dict of root, value (its place), feature and instead: what else will do. */}}
{{- define "gloo-app.gatewayApi.require" -}}
{{- if not (include "gloo-app.gatewayApi.has" (pick . "root" "feature")) -}}
{{- fail (printf "%s needs the feature %s: add it to routes.gateway.features if the Gateway's implementation has it, or %s." .value .feature .instead) -}}
{{- end -}}
{{- end }}

{{- define "gloo-app.gatewayApi.validateMatches" -}}
{{- $root := . -}}
{{- $canary := (.Values.routes.canary | default dict).headers | default dict -}}
{{- range $index, $match := include "gloo-app.matches" . | fromJsonArray -}}
{{- $place := printf "routes.matches[%d]" $index -}}
{{- if $match.regex -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $root "value" (printf "%s.regex" $place) "feature" "HTTPRoutePathRegularExpression" "instead" "use prefix or exact") -}}
{{- end -}}
{{- range $kind, $path := pick $match "prefix" "exact" "regex" -}}
{{- $said := printf "%s.%s: %q" $place $kind $path -}}
{{- if gt (len $path) 1024 -}}
{{- fail (printf "%s.%s has %d characters: a path of an HTTPRoute has at most 1024." $place $kind (len $path)) -}}
{{- else if eq $kind "regex" -}}
{{- else if contains "//" $path -}}
{{- fail (printf "%s has an empty segment, which an HTTPRoute does not take: write one slash for //." $said) -}}
{{- else if regexMatch "(?i)%2f|[\\[\\]|]" $path -}}
{{- fail (printf "%s has %s, which an HTTPRoute does not take: use a prefix before it." $said (regexFind "(?i)%2f|[\\[\\]|]" $path)) -}}
{{- end -}}
{{- end -}}
{{- if $match.methods -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $root "value" (printf "%s.methods" $place) "feature" "HTTPRouteMethodMatching" "instead" "leave methods out") -}}
{{- end -}}
{{- range $name, $value := $match.query -}}
{{- $param := printf "%s.query.%s" $place $name -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $root "value" $param "feature" "HTTPRouteQueryParamMatching" "instead" "leave query out") -}}
{{- if not (regexMatch "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" $name) -}}
{{- fail (printf "%s: an HTTPRoute takes a name of letters, digits and !#$%%&'*+-.^_`|~ only." $param) -}}
{{- else if or (kindIs "map" $value) (kindIs "invalid" $value) -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $root "value" $param "feature" "HTTPRouteQueryParamRegularExpression" "instead" "give it a value") -}}
{{- else if empty (toString $value) -}}
{{- fail (printf "%s is empty, which an HTTPRoute does not take: give it a value." $param) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $match.headers -}}
{{- if not $value -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $root "value" (printf "%s.headers.%s, for any value," $place $name) "feature" "HTTPRouteHeaderRegularExpression" "instead" "give it a value") -}}
{{- end -}}
{{- end -}}
{{- $count := add (len ($match.headers | default dict)) (len $canary | max 1) -}}
{{- if gt $count 16 -}}
{{- fail (printf "%s.headers and the canary's are %d headers: a match of an HTTPRoute has at most 16." $place $count) -}}
{{- else if gt (len ($match.query | default dict)) 16 -}}
{{- fail (printf "%s.query has %d parameters: a match of an HTTPRoute has at most 16." $place (len $match.query)) -}}
{{- end -}}
{{- end -}}
{{- $matches := include "gloo-app.gatewayApi.matches" . | fromJsonArray | len -}}
{{- $rewrite := (.Values.routes.options | default dict).prefixRewrite -}}
{{- if and $rewrite (gt $matches 8) -}}
{{- fail (printf "routes.matches are %d, a method each: with routes.options.prefixRewrite an HTTPRoute takes 8, as it has 16 rules, two for each. Leave methods out, or split the app." $matches) -}}
{{- else if gt $matches 64 -}}
{{- fail (printf "routes.matches are %d, a method each: an HTTPRoute takes 64, with and without the canary headers (128 in all). Leave methods out, or match by shorter prefixes." $matches) -}}
{{- end -}}
{{- end }}

{{- define "gloo-app.gatewayApi.validateOptions" -}}
{{- $options := .Values.routes.options | default dict -}}
{{- with $options.timeout -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $ "value" "routes.options.timeout" "feature" "HTTPRouteRequestTimeout" "instead" "leave it out and set it by a policy of the implementation") -}}
{{- if not (regexMatch "^([0-9]{1,5}(h|m|s|ms)){1,4}$" .) -}}
{{- fail (printf "routes.options.timeout: %q is no duration of an HTTPRoute: whole numbers with h, m, s or ms, such as 1s500ms." .) -}}
{{- end -}}
{{- end -}}
{{- if $options.retries -}}
{{- fail "routes.options.retries: an HTTPRoute of Gateway API 1.1 to 1.6 has none: leave it out and set it by a policy of the implementation." -}}
{{- else if $options.regexRewrite -}}
{{- fail "routes.options.regexRewrite: an HTTPRoute has none: use prefixRewrite, or have the app answer to the path." -}}
{{- end -}}
{{- if $options.prefixRewrite -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" . "value" "routes.options.prefixRewrite" "feature" "HTTPRoutePathRewrite" "instead" "have the app answer to the whole path") -}}
{{- end -}}
{{- with $options.hostRewrite -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $ "value" "routes.options.hostRewrite" "feature" "HTTPRouteHostRewrite" "instead" "have the app answer for any host") -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" .) -}}
{{- fail (printf "routes.options.hostRewrite: %q is no host name in lower case without a port, as an HTTPRoute takes." .) -}}
{{- end -}}
{{- end -}}
{{- with $options.cors -}}
{{- include "gloo-app.gatewayApi.require" (dict "root" $ "value" "routes.options.cors" "feature" "HTTPRouteCORS" "instead" "have the app answer the browsers") -}}
{{- range $key, $_ := omit . "allowOrigin" "allowMethods" "allowHeaders" "exposeHeaders" "maxAge" "allowCredentials" -}}
{{- fail (printf "routes.options.cors.%s: an HTTPRoute has allowOrigin, allowMethods, allowHeaders, exposeHeaders, maxAge and allowCredentials alone%s." $key (eq $key "allowOriginRegex" | ternary "; allowOrigin takes https://*.example.com" "")) -}}
{{- end -}}
{{- with .maxAge -}}
{{- if not (regexMatch "^([0-9]+|([0-9]+[dhms])+)$" (toString .)) -}}
{{- fail (printf "routes.options.cors.maxAge: %q is no number of seconds and no duration such as 24h." (toString .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $manipulation := $options.headerManipulation | default dict -}}
{{- range $key := list "requestHeadersToAdd" "responseHeadersToAdd" -}}
{{- $seen := list -}}
{{- range $index, $header := dig $key list $manipulation -}}
{{- $place := printf "routes.options.headerManipulation.%s[%d]" $key $index -}}
{{- if not $header.header -}}
{{- fail (printf "%s: an HTTPRoute takes a header with its value alone (header: {key, value})." $place) -}}
{{- else if not $header.header.value -}}
{{- fail (printf "%s: %s has no value: an HTTPRoute adds none without." $place $header.header.key) -}}
{{- else if regexMatch "%[A-Z_]+(\\(.*\\))?%" $header.header.value -}}
{{- fail (printf "%s: %q is a command of Envoy: an HTTPRoute takes values as they are." $place $header.header.value) -}}
{{- end -}}
{{- $name := lower $header.header.key -}}
{{- if has $name $seen -}}
{{- fail (printf "%s: %s is there twice: an HTTPRoute takes each header once." $place $header.header.key) -}}
{{- else if and (eq $key "responseHeadersToAdd") (eq $name (lower ($.Values.routes.fingerprintHeader | default ""))) -}}
{{- fail (printf "%s: %s is routes.fingerprintHeader: give one of them another name." $place $header.header.key) -}}
{{- end -}}
{{- $seen = append $seen $name -}}
{{- end -}}
{{- end -}}
{{- range $key, $headers := $manipulation -}}
{{- /* The fingerprint is one of the response headers. */ -}}
{{- if gt (len $headers) 15 -}}
{{- fail (printf "routes.options.headerManipulation.%s has %d headers: an HTTPRoute takes 15." $key (len $headers)) -}}
{{- end -}}
{{- end -}}
{{- end }}
