{{/*
What the app answers to, in groups for a rule each, as a JSON list of matches and rewrite (the path's replacement; null for none). A rule
with a replaced prefix takes one match; any other takes 8, the most of Gateway API 1.1. Takes the root.
*/}}
{{- define "gloo-app.gatewayApi.groups" -}}
{{- $rewrite := (.Values.routes.options | default dict).prefixRewrite -}}
{{- $groups := list -}}
{{- range chunk ($rewrite | empty | ternary 8 1) (include "gloo-app.gatewayApi.matches" . | fromJsonArray) -}}
{{- $group := dict "matches" . "rewrite" nil -}}
{{- if $rewrite -}}
{{- $isPrefix := eq (first .).path.type "PathPrefix" -}}
{{- $type := ternary "ReplacePrefixMatch" "ReplaceFullPath" $isPrefix -}}
{{- $_ := set $group "rewrite" (dict "type" $type (ternary "replacePrefixMatch" "replaceFullPath" $isPrefix) $rewrite) -}}
{{- end -}}
{{- $groups = append $groups $group -}}
{{- end -}}
{{- toJson $groups -}}
{{- end }}

{{/* routes.matches as the Gateway API has them, as JSON: a match for each method. Takes the root. */}}
{{- define "gloo-app.gatewayApi.matches" -}}
{{- $matches := list -}}
{{- range include "gloo-app.matches" . | fromJsonArray -}}
{{- $match := dict -}}
{{- range $kind, $path := pick . "prefix" "exact" "regex" -}}
{{- $_ := set $match "path" (dict "type" (get (dict "prefix" "PathPrefix" "exact" "Exact" "regex" "RegularExpression") $kind) "value" $path) -}}
{{- end -}}
{{- with .headers -}}
{{- $headers := list -}}
{{- range $name, $value := . -}}
{{- /* Empty stands for any value. */ -}}
{{- $headers = append $headers ($value | empty | ternary (dict "name" $name "type" "RegularExpression" "value" ".*") (dict "name" $name "type" "Exact" "value" $value)) -}}
{{- end -}}
{{- $_ := set $match "headers" $headers -}}
{{- end -}}
{{- with .query -}}
{{- $params := list -}}
{{- range $name, $value := . -}}
{{- if kindIs "map" $value -}}
{{- $params = append $params (dict "name" $name "type" "RegularExpression" "value" $value.regex) -}}
{{- else if kindIs "invalid" $value -}}
{{- $params = append $params (dict "name" $name "type" "RegularExpression" "value" ".*") -}}
{{- else -}}
{{- $params = append $params (dict "name" $name "type" "Exact" "value" (include "gloo-app.text" $value)) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $match "queryParams" $params -}}
{{- end -}}
{{- if .methods -}}
{{- range .methods }}{{ $matches = append $matches (merge (dict "method" .) $match) }}{{ end -}}
{{- else -}}
{{- $matches = append $matches $match -}}
{{- end -}}
{{- end -}}
{{- toJson $matches -}}
{{- end }}
