{{/*
Twelve hex digits that stand for the app and its routes, without the response headers: the same on every route, and
another exactly when the routes are. Hashed as data, so the layout of the template does not count.
*/}}
{{- define "gloo-app.fingerprint" -}}
{{- $plain := dict "root" . "fingerprint" "" "fingerprintHeader" "" "versionHeader" "" -}}
{{- $routes := include "gloo-app.routes" $plain | fromYamlArray -}}
{{- list .Release.Namespace .Release.Name $routes | toJson | sha256sum | trunc 12 -}}
{{- end }}

{{/*
The routes, a YAML list; the first match wins. So the header routes of all matches come before the weighted ones.
Takes a dict of root, fingerprint, fingerprintHeader and versionHeader; a header whose name is empty is left out.
*/}}
{{- define "gloo-app.routes" -}}
{{- $root := .root -}}
{{- $primary := .root.Values.routes.primary.version -}}
{{- $canary := .root.Values.routes.canary -}}
{{- $matches := include "gloo-app.matches" .root | fromJsonArray -}}
{{- $options := .root.Values.routes.options | default dict -}}
{{- $fingerprint := dict .fingerprintHeader .fingerprint -}}
{{- $versionHeader := .versionHeader -}}
{{- if $canary -}}
{{- range $match := $matches -}}
- matchers:
    - {{ include "gloo-app.matcher" (dict "match" $match "headers" $canary.headers) | nindent 6 | trim }}
  {{- with include "gloo-app.options" (dict "headers" (merge (dict $versionHeader $canary.version) $fingerprint) "options" $options) }}
  {{- . | nindent 2 }}
  {{- end }}
  routeAction:
    single:
      {{- include "gloo-app.destination" (dict "root" $root "version" $canary.version) | nindent 6 }}
{{ end -}}
{{- end -}}
{{- range $index, $match := $matches }}
{{- if $index }}
{{ end -}}
- matchers:
    - {{ include "gloo-app.matcher" (dict "match" $match) | nindent 6 | trim }}
  {{- if $canary }}
  {{- $weight := $canary.weight | default 0 | int64 }}
  {{- with include "gloo-app.options" (dict "headers" $fingerprint "options" $options) }}
  {{- . | nindent 2 }}
  {{- end }}
  routeAction:
    multi:
      destinations:
        - destination:
            {{- include "gloo-app.destination" (dict "root" $root "version" $primary) | nindent 12 }}
          weight: {{ sub 100 $weight }}
          {{- with include "gloo-app.options" (dict "headers" (dict $versionHeader $primary)) }}
          {{- . | nindent 10 }}
          {{- end }}
        - destination:
            {{- include "gloo-app.destination" (dict "root" $root "version" $canary.version) | nindent 12 }}
          weight: {{ $weight }}
          {{- with include "gloo-app.options" (dict "headers" (dict $versionHeader $canary.version)) }}
          {{- . | nindent 10 }}
          {{- end }}
  {{- else }}
  {{- with include "gloo-app.options" (dict "headers" (merge (dict $versionHeader $primary) $fingerprint) "options" $options "shadow" $root.Values.routes.shadow "root" $root) }}
  {{- . | nindent 2 }}
  {{- end }}
  routeAction:
    single:
      {{- include "gloo-app.destination" (dict "root" $root "version" $primary) | nindent 6 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What requests a route takes, as Gloo has it. Takes a dict of match and headers: more that a request must carry. */}}
{{- define "gloo-app.matcher" -}}
{{- $match := .match -}}
{{- if or .headers $match.headers -}}
headers:
  {{- range $name, $value := merge (dict) (.headers | default dict) ($match.headers | default dict) }}
  - name: {{ quote $name }}
    value: {{ quote $value }}
  {{- end }}
{{ end -}}
{{- range $kind, $path := pick $match "prefix" "exact" "regex" -}}
{{ $kind }}: {{ quote $path }}
{{- end -}}
{{- with $match.methods }}
methods:
  {{- range . }}
  - {{ . }}
  {{- end }}
{{- end -}}
{{- with $match.query }}
queryParameters:
  {{- range $name, $value := . }}
  - name: {{ quote $name }}
    {{- if kindIs "map" $value }}
    value: {{ quote $value.regex }}
    regex: true
    {{- else if not (kindIs "invalid" $value) }}
    value: {{ include "gloo-app.text" $value | quote }}
    {{- end }}
  {{- end }}
{{- end -}}
{{- end }}

{{/* The pods of one version, as a route names them. Takes a dict of root and version. */}}
{{- define "gloo-app.destination" -}}
upstream:
  name: {{ quote .root.Release.Name }}
  namespace: {{ quote .root.Release.Namespace }}
subset:
  values:
    version: {{ quote .version }}
{{- end }}

{{/*
Options of a route or of a destination: the user's, the shadow, and headers that are put on every answer in place of
any that the app sends; nothing where there are none. Takes a dict of headers (name to value; an empty name is left
out) and, for a route, options and shadow (with root).
*/}}
{{- define "gloo-app.options" -}}
{{- $options := omit (.options | default dict) "headerManipulation" -}}
{{- with .shadow -}}
{{- $upstream := dict "name" (printf "%s-shadow" $.root.Release.Name) "namespace" $.root.Release.Namespace -}}
{{- $_ := set $options "shadowing" (dict "upstream" $upstream "percentage" .percentage) -}}
{{- end -}}
{{- $manipulation := dig "headerManipulation" dict (.options | default dict) -}}
{{- $headers := omit .headers "" -}}
{{- if or $options $manipulation $headers -}}
options:
  {{- with $options }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- if or $manipulation $headers }}
  headerManipulation:
    {{- with omit $manipulation "responseHeadersToAdd" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    responseHeadersToAdd:
      {{- with $manipulation.responseHeadersToAdd }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- range $name, $value := $headers }}
      - header:
          key: {{ quote $name }}
          value: {{ quote $value }}
        append: false
      {{- end }}
  {{- end }}
{{- end }}
{{- end }}
