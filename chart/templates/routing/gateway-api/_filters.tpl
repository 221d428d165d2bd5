{{/*
The filters of a rule, as JSON, out of routes.options and routes.shadow. Takes a dict of root, fingerprint, fingerprintHeader and rewrite
(of the path, or nothing).
*/}}
{{- define "gloo-app.gatewayApi.filters" -}}
{{- $root := .root -}}
{{- $options := $root.Values.routes.options | default dict -}}
{{- $manipulation := $options.headerManipulation | default dict -}}
{{- $filters := list -}}
{{- $ours := dict .fingerprintHeader .fingerprint -}}
{{- $response := dict "add" $manipulation.responseHeadersToAdd "remove" $manipulation.responseHeadersToRemove "ours" (omit $ours "") -}}
{{- with include "gloo-app.gatewayApi.headerModifier" $response | fromJson -}}
{{- $filters = append $filters (dict "type" "ResponseHeaderModifier" "responseHeaderModifier" .) -}}
{{- end -}}
{{- $request := dict "add" $manipulation.requestHeadersToAdd "remove" $manipulation.requestHeadersToRemove "ours" dict -}}
{{- with include "gloo-app.gatewayApi.headerModifier" $request | fromJson -}}
{{- $filters = append $filters (dict "type" "RequestHeaderModifier" "requestHeaderModifier" .) -}}
{{- end -}}
{{- if or .rewrite $options.hostRewrite -}}
{{- $rewrite := dict -}}
{{- with .rewrite }}{{ $_ := set $rewrite "path" . }}{{ end -}}
{{- with $options.hostRewrite }}{{ $_ := set $rewrite "hostname" . }}{{ end -}}
{{- $filters = append $filters (dict "type" "URLRewrite" "urlRewrite" $rewrite) -}}
{{- end -}}
{{- with $options.cors -}}
{{- $filters = append $filters (dict "type" "CORS" "cors" (include "gloo-app.gatewayApi.cors" . | fromJson)) -}}
{{- end -}}
{{- with $root.Values.routes.shadow -}}
{{- $filters = append $filters (dict "type" "RequestMirror" "requestMirror" (include "gloo-app.gatewayApi.mirror" (dict "root" $root "shadow" .) | fromJson)) -}}
{{- end -}}
{{- toJson $filters -}}
{{- end }}

{{/*
Headers added and removed, as JSON, out of Gloo's form. Takes a dict of add, remove and ours: a map of those set by the chart itself.
*/}}
{{- define "gloo-app.gatewayApi.headerModifier" -}}
{{- $modifier := dict -}}
{{- $add := list -}}
{{- $set := list -}}
{{- range .add -}}
{{- $header := dict "name" .header.key "value" .header.value -}}
{{- if dig "append" true . }}{{ $add = append $add $header }}{{ else }}{{ $set = append $set $header }}{{ end -}}
{{- end -}}
{{- range $name, $value := .ours }}{{ $set = append $set (dict "name" $name "value" $value) }}{{ end -}}
{{- with $add }}{{ $_ := set $modifier "add" . }}{{ end -}}
{{- with $set }}{{ $_ := set $modifier "set" . }}{{ end -}}
{{- with .remove }}{{ $_ := set $modifier "remove" . }}{{ end -}}
{{- toJson $modifier -}}
{{- end }}

{{/* The CORS filter as JSON, out of Gloo's form. */}}
{{- define "gloo-app.gatewayApi.cors" -}}
{{- $cors := pick . "allowMethods" "allowHeaders" "exposeHeaders" "allowCredentials" -}}
{{- with .allowOrigin }}{{ $_ := set $cors "allowOrigins" . }}{{ end -}}
{{- /* 5 is the API's default: written out, the object is as it was rendered. */ -}}
{{- $_ := set $cors "maxAge" (include "gloo-app.gatewayApi.seconds" (.maxAge | default 5) | int64) -}}
{{- toJson $cors -}}
{{- end }}

{{/* Whole seconds of a duration: a number, or such as 1h30m. */}}
{{- define "gloo-app.gatewayApi.seconds" -}}
{{- $seconds := 0 -}}
{{- $units := dict "" 1 "s" 1 "m" 60 "h" 3600 "d" 86400 -}}
{{- range regexFindAll "[0-9]+[smhd]?" (toString .) -1 -}}
{{- $seconds = add $seconds (mul (regexFind "[0-9]+" . | int64) (get $units (regexFind "[smhd]?$" .))) -}}
{{- end -}}
{{- $seconds -}}
{{- end }}

{{/* The mirror to the version that gets copies, as JSON. Takes a dict of root and shadow. */}}
{{- define "gloo-app.gatewayApi.mirror" -}}
{{- $root := .root -}}
{{- $name := include "gloo-app.objectName" (dict "release" $root.Release.Name "version" .shadow.version) -}}
{{- $ref := dict "group" "" "kind" "Service" "name" $name "port" ($root.Values.service.port | default 80) -}}
{{- if ne (include "gloo-app.gatewayApi.namespace" $root) $root.Release.Namespace }}{{ $_ := set $ref "namespace" $root.Release.Namespace }}{{ end -}}
{{- $mirror := dict "backendRef" $ref -}}
{{- $thousandths := round (mulf .shadow.percentage 1000) 0 | int64 -}}
{{- if eq (mod $thousandths 1000) 0 -}}
{{- /* 100 is what a mirror does by itself. */ -}}
{{- if ne $thousandths 100000 }}{{ $_ := set $mirror "percent" (div $thousandths 1000) }}{{ end -}}
{{- else -}}
{{- $_ := set $mirror "fraction" (dict "numerator" $thousandths "denominator" 100000) -}}
{{- end -}}
{{- toJson $mirror -}}
{{- end }}
