{{/*
What values.schema.json can't say: rules across values, and those that need their reason told. Fails the render with
the value, the place and the remedy; gives nothing otherwise.
*/}}
{{- define "gloo-app.validate" -}}
{{- $release := .Release.Name -}}
{{- $routes := .Values.routes -}}
{{- $deployed := keys .Values.deployment | sortAlpha -}}
{{- $primary := $routes.primary.version -}}

{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $release) -}}
{{- fail (printf "The release's name %q can't be the name of a Service: it has to start with a letter and have only lower-case letters, digits and dashes." $release) -}}
{{- end -}}

{{- if not $deployed -}}
{{- fail "deployment is empty: name at least one version to deploy, for example `deployment: {v1: {}}`." -}}
{{- end -}}
{{- $named := dict -}}
{{- range $deployed -}}
{{- $name := include "gloo-app.objectName" (dict "release" $release "version" .) -}}
{{- if gt (len $name) 63 -}}
{{- fail (printf "The name %q (release and version) has %d characters: a container's has at most 63. Shorten the version %q." $name (len $name) .) -}}
{{- else if hasKey $named $name -}}
{{- fail (printf "The objects of the versions %q and %q would have one name, %q: choose versions that differ in more than \".\", \"-\" and \"_\"." (get $named $name) . $name) -}}
{{- end -}}
{{- $_ := set $named $name . -}}
{{- end -}}

{{- if not $primary -}}
{{- fail (printf "routes.primary.version is not set: name the version that gets the requests, one of those deployed: %s." (join ", " $deployed)) -}}
{{- else if not (has $primary $deployed) -}}
{{- fail (printf "routes.primary.version is %q, which is not deployed: add it to deployment, or name one of those deployed: %s." $primary (join ", " $deployed)) -}}
{{- end -}}

{{- with $routes.canary -}}
{{- if not (has .version $deployed) -}}
{{- fail (printf "routes.canary.version is %q, which is not deployed: add it to deployment, or name one of those deployed: %s." .version (join ", " $deployed)) -}}
{{- else if eq .version $primary -}}
{{- fail (printf "routes.canary.version is %q, the primary's own: name another version, or leave routes.canary out." .version) -}}
{{- else if not .headers -}}
{{- fail (printf "routes.canary.headers is empty: a canary route without a header takes every request, whatever the weight. Name at least one header that marks the requests for %s, for example `headers: {stage: canary}`." .version) -}}
{{- end -}}
{{- end -}}

{{- if and $routes.versionHeader (eq (lower $routes.fingerprintHeader) (lower $routes.versionHeader)) -}}
{{- fail (printf "routes.fingerprintHeader and routes.versionHeader are both %q: give one of them another name, or \"\" to leave it out." $routes.versionHeader) -}}
{{- end -}}

{{- include "gloo-app.validateRoutes" . -}}
{{- include "gloo-app.validateProvider" . -}}
{{- $names := list "http" -}}
{{- $ports := list (.Values.service.port | default 80 | int64) -}}
{{- range .Values.service.ports -}}
{{- if or (has .name $names) (has (int64 .port) $ports) -}}
{{- fail (printf "service.ports: %s, %d, is taken already (service.port is %d, named http)." .name (int64 .port) (first $ports)) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- $ports = append $ports (int64 .port) -}}
{{- end -}}
{{- range $version := $deployed -}}
{{- include "gloo-app.validateVersion" (dict "root" $ "version" $version "config" (include "gloo-app.config" (dict "root" $ "version" $version) | fromJson)) -}}
{{- end -}}
{{- end }}

{{/* Rules of what requests are taken, and of what else happens to them. Takes the root. */}}
{{- define "gloo-app.validateRoutes" -}}
{{- $routes := .Values.routes -}}
{{- $owned := list "host" "connection" "keep-alive" "proxy-connection" "te" "trailer" "transfer-encoding" "content-length" "upgrade" "expect" -}}
{{- with $routes.canary -}}
{{- include "gloo-app.validateHeaders" (dict "headers" .headers "place" "routes.canary.headers" "owned" (append $owned "user-agent")) -}}
{{- end -}}
{{- $seen := dict -}}
{{- range $index, $match := include "gloo-app.matches" . | fromJsonArray -}}
{{- $place := printf "routes.matches[%d]" $index -}}
{{- $kinds := keys (pick $match "prefix" "exact" "regex") | sortAlpha -}}
{{- if ne (len $kinds) 1 -}}
{{- fail (printf "%s has %s: give it one of prefix, exact and regex." $place ($kinds | join " and " | default "no path")) -}}
{{- end -}}
{{- range $kind, $path := pick $match "prefix" "exact" -}}
{{- include "gloo-app.validatePath" (dict "path" $path "kind" $kind "place" (printf "%s.%s" $place $kind)) -}}
{{- end -}}
{{- /* Valid or not: with an empty alternative before it, a pattern that can be read takes an empty text. */ -}}
{{- with $match.regex -}}
{{- if not (regexMatch (printf "|%s" .) "") -}}
{{- fail (printf "%s.regex: %q is not a pattern of RE2, which has no look-around and no references back." $place .) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $match.query -}}
{{- if kindIs "map" $value -}}
{{- if not (regexMatch (printf "|%s" $value.regex) "") -}}
{{- fail (printf "%s.query.%s.regex: %q is not a pattern of RE2, which has no look-around and no references back." $place $name $value.regex) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "gloo-app.validateHeaders" (dict "headers" $match.headers "place" (printf "%s.headers" $place) "owned" $owned) -}}
{{- with $routes.canary -}}
{{- range $name, $_ := .headers -}}
{{- range $matched, $_ := $match.headers -}}
{{- if eq (lower $name) (lower $matched) -}}
{{- fail (printf "%s.headers.%s is a canary header too: no request could be told by it." $place $matched) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $same := toJson $match -}}
{{- if hasKey $seen $same -}}
{{- fail (printf "%s is the same as routes.matches[%v]: the first takes every request; leave one of them out." $place (get $seen $same)) -}}
{{- end -}}
{{- $_ := set $seen $same $index -}}
{{- end -}}
{{- with $routes.options -}}
{{- if and .prefixRewrite .regexRewrite -}}
{{- fail "routes.options.prefixRewrite and routes.options.regexRewrite are both set: the proxy takes one of them, and no further routes as long as there are both." -}}
{{- end -}}
{{- end -}}
{{- with $routes.shadow -}}
{{- if $routes.canary -}}
{{- fail "routes.shadow and routes.canary are both set: a version is shadowed before it is a canary; leave one of them out." -}}
{{- else if not (hasKey $.Values.deployment .version) -}}
{{- fail (printf "routes.shadow.version is %q, which is not deployed: add it to deployment, or name one of those deployed: %s." .version (keys $.Values.deployment | sortAlpha | join ", ")) -}}
{{- else if eq .version $routes.primary.version -}}
{{- fail (printf "routes.shadow.version is %q, the primary's own: name another version, or leave routes.shadow out." .version) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Values that are for another provider than routes.provider, and those that its own routes can't have. Takes the root. */}}
{{- define "gloo-app.validateProvider" -}}
{{- $routes := .Values.routes -}}
{{- if include "gloo-app.isFor" (dict "root" . "provider" "gateway-api") -}}
{{- include "gloo-app.gatewayApi.validate" . -}}
{{- else -}}
{{- range $key, $_ := pick $routes "gateway" "parentRefs" "hostnames" "namespace" "backendTLS" -}}
{{- fail (printf "routes.%s is for the Gateway API, and routes.provider is gloo: set routes.provider to gateway-api, or leave routes.%s out." $key $key) -}}
{{- end -}}
{{- end -}}
{{- if not (include "gloo-app.isFor" (dict "root" . "provider" "gloo")) -}}
{{- if $routes.virtualService -}}
{{- fail "routes.virtualService is Gloo's, and routes.provider is gateway-api: name the hosts in routes.hostnames (TLS is the Gateway's listener's), and leave it out." -}}
{{- else if .Values.upstream.fallbackPolicy -}}
{{- fail (printf "upstream.fallbackPolicy (%s) is Gloo's, and routes.provider is gateway-api: leave it out. A request for a version without a ready pod is answered with 503." .Values.upstream.fallbackPolicy) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A path that clients send as it is written. Takes a dict of path, kind (prefix or exact) and place. */}}
{{- define "gloo-app.validatePath" -}}
{{- $path := .path -}}
{{- $said := printf "%s: %q" .place $path -}}
{{- $dots := eq .kind "prefix" | ternary "(?i)/(\\.|%2e){1,2}/" "(?i)/(\\.|%2e){1,2}(/|$)" -}}
{{- if contains "#" $path -}}
{{- fail (printf "%s has a fragment, which clients keep to themselves: leave it out (a # in a path is %%23)." $said) -}}
{{- else if contains "?" $path -}}
{{- fail (printf "%s has a query, which is no part of a path: write %s: %q and its parameters into query, name by name (a ? in a path is %%3F)." $said .kind (splitList "?" $path | first)) -}}
{{- else if not (regexMatch "^[!$-;=@-Z\\[\\]_a-z|~]*$" $path) -}}
{{- fail (printf "%s has characters that clients send percent-encoded: write it as %q." $said (urlJoin (dict "path" $path) | replace "%25" "%")) -}}
{{- else if contains "%" (regexReplaceAll "%[0-9A-Fa-f]{2}" $path "") -}}
{{- fail (printf "%s has a %% without two hex digits after it: write it as %%25." $said) -}}
{{- else if regexMatch $dots $path -}}
{{- fail (printf "%s has . or .. as a segment, which clients resolve before they ask: write the path that comes of it." $said) -}}
{{- end -}}
{{- end }}

{{/*
Rules of headers by which routes choose: each once, whatever its case, and none that is another one at each hop. Takes a
dict of headers, place and owned (names in lower case).
*/}}
{{- define "gloo-app.validateHeaders" -}}
{{- $place := .place -}}
{{- $owned := .owned -}}
{{- $seen := dict -}}
{{- range $name, $_ := .headers -}}
{{- $key := lower $name -}}
{{- if has $key $owned -}}
{{- fail (printf "%s: %q can't choose a route: it is set by each hop, or by whoever asks; use a header of your own." $place $name) -}}
{{- else if hasKey $seen $key -}}
{{- fail (printf "%s: %s and %s are one header, as case does not count: name it once." $place (get $seen $key) $name) -}}
{{- end -}}
{{- $_ := set $seen $key $name -}}
{{- end -}}
{{- end }}

{{/* Rules of one version's configuration. Takes a dict of root, version and config (the effective one). */}}
{{- define "gloo-app.validateVersion" -}}
{{- $config := .config -}}
{{- $place := printf "deployment.%s" .version -}}
{{- $main := $config.port | default 8080 | int64 -}}
{{- $names := dict -}}
{{- $numbers := dict -}}
{{- range include "gloo-app.ports" $config | fromJsonArray -}}
{{- $number := int64 .port -}}
{{- if hasKey $names .name -}}
{{- fail (printf "%s.ports: the name %q is taken twice (http is the name of port)." $place .name) -}}
{{- else if hasKey $numbers (printf "%d%s" $number (.protocol | default "TCP")) -}}
{{- fail (printf "%s.ports: %d is taken twice (port is %d)." $place $number $main) -}}
{{- end -}}
{{- $_ := set $names .name $number -}}
{{- $_ := set $numbers (printf "%d%s" $number (.protocol | default "TCP")) .name -}}
{{- end -}}
{{- $target := include "gloo-app.targetPort" .root | int64 -}}
{{- if not (has $target (values $names)) -}}
{{- fail (printf "%s.port is %d: the Service sends requests to port %d of every version (service.targetPort, app.port by default), where this one does not listen." $place $main $target) -}}
{{- end -}}
{{- range $kind, $probe := $config.probes -}}
{{- $asked := list -}}
{{- if kindIs "map" $probe -}}
{{- $asked = list $probe.port (dig "httpGet" "port" "" $probe) (dig "tcpSocket" "port" "" $probe) (dig "grpc" "port" "" $probe) -}}
{{- end -}}
{{- range $asked -}}
{{- if . -}}
{{- $isNamed := kindIs "string" . -}}
{{- if or (and $isNamed (not (hasKey $names .))) (and (not $isNamed) (not (has (int64 .) (values $names)))) -}}
{{- $known := list -}}
{{- range $name, $number := $names }}{{ $known = append $known (printf "%d (%s)" $number $name) }}{{ end -}}
{{- fail (printf "%s.probes.%s: %v is not a port of the container, which has %s." $place $kind . ($known | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $config.autoscaling $config.replicas -}}
{{- fail (printf "%s has replicas and autoscaling: leave one of them out (null removes that of app)." $place) -}}
{{- end -}}
{{- with $config.autoscaling -}}
{{- if not .maxReplicas -}}
{{- fail (printf "%s.autoscaling.maxReplicas is not set: say how many pods there may be." $place) -}}
{{- else if lt (int64 .maxReplicas) (.minReplicas | default 1 | int64) -}}
{{- fail (printf "%s.autoscaling.maxReplicas is %d, fewer than minReplicas, %d." $place (int64 .maxReplicas) (.minReplicas | default 1 | int64)) -}}
{{- end -}}
{{- end -}}
{{- if kindIs "map" $config.image -}}
{{- if not (or $config.image.repository $config.image.reference) -}}
{{- fail (printf "%s.image has no repository: name the image." $place) -}}
{{- end -}}
{{- end -}}
{{- range $config.secrets -}}
{{- if eq (empty .env) (empty .mountPath) -}}
{{- fail (printf "%s.secrets: %s needs either env: true, to be the environment, or mountPath, to be files." $place .name) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := dig "config" "env" dict $config -}}
{{- if hasKey (dig "config" "files" dict $config) $key -}}
{{- fail (printf "%s.config: %q is the name of a file and of a variable; give one of them another." $place $key) -}}
{{- end -}}
{{- end -}}
{{- range $name, $_ := dig "config" "env" dict $config -}}
{{- if hasKey ($config.env | default dict) $name -}}
{{- fail (printf "%s.env.%s is in config.env too: leave one of them out." $place $name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $config.env -}}
{{- if kindIs "map" $value -}}
{{- if ne (len $value) 1 -}}
{{- fail (printf "%s.env.%s is from %s: give it one source (null removes that of app)." $place $name (keys $value | sortAlpha | join " and " | default "nowhere")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $volumes := list -}}
{{- if dig "config" "files" dict $config }}{{ $volumes = append $volumes "config" }}{{ end -}}
{{- range $config.secrets }}{{ if .mountPath }}{{ $volumes = append $volumes (include "gloo-app.secretVolume" .name) }}{{ end }}{{ end -}}
{{- range $config.volumes }}{{ $volumes = append $volumes (toString .name) }}{{ end -}}
{{- if ne (len $volumes) (len (uniq $volumes)) -}}
{{- fail (printf "%s: two volumes have one name, of %s. That of config.files is config, that of a Secret secret-<name>." $place ($volumes | sortAlpha | join ", ")) -}}
{{- end -}}
{{- $paths := list -}}
{{- if dig "config" "files" dict $config }}{{ $paths = append $paths (dig "config" "mountPath" (printf "/etc/%s" .root.Release.Name) $config) }}{{ end -}}
{{- range $config.secrets }}{{ if .mountPath }}{{ $paths = append $paths .mountPath }}{{ end }}{{ end -}}
{{- range $config.volumeMounts }}{{ $paths = append $paths (toString .mountPath) }}{{ end -}}
{{- if ne (len $paths) (len (uniq $paths)) -}}
{{- fail (printf "%s: two volumes are mounted at one path, of %s. That of config.files is config.mountPath." $place ($paths | sortAlpha | join ", ")) -}}
{{- end -}}
{{- range $label, $_ := pick ($config.labels | default dict) "app" "version" -}}
{{- fail (printf "%s.labels.%s is the chart's own, by which pods are told apart: leave it out." $place $label) -}}
{{- end -}}
{{- with $config.podDisruptionBudget -}}
{{- if eq (hasKey . "minAvailable") (hasKey . "maxUnavailable") -}}
{{- fail (printf "%s.podDisruptionBudget needs either minAvailable or maxUnavailable." $place) -}}
{{- end -}}
{{- end -}}
{{- $own := include "gloo-app.objectName" (dict "release" .root.Release.Name "version" .version) -}}
{{- range concat ($config.sidecars | default list) ($config.initContainers | default list) -}}
{{- if eq (toString .name) $own -}}
{{- fail (printf "%s: a container beside the app's has its name, %q." $place $own) -}}
{{- end -}}
{{- end -}}
{{- end }}
