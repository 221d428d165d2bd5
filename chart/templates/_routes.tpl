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
The routes, a YAML list; the first match wins. Takes a dict of root, fingerprint, fingerprintHeader and versionHeader;
a header whose name is empty is left out.
*/}}
{{- define "gloo-app.routes" -}}
{{- $root := .root -}}
{{- $primary := .root.Values.routes.primary.version -}}
{{- $canary := .root.Values.routes.canary -}}
{{- $prefix := printf "/%s" .root.Release.Name -}}
{{- if $canary -}}
- matchers:
    - headers:
        {{- range $name, $value := $canary.headers }}
        - name: {{ quote $name }}
          value: {{ quote $value }}
        {{- end }}
      prefix: {{ quote $prefix }}
  {{- with include "gloo-app.options" (dict .fingerprintHeader .fingerprint .versionHeader $canary.version) }}
  {{- . | nindent 2 }}
  {{- end }}
  routeAction:
    single:
      {{- include "gloo-app.destination" (dict "root" $root "version" $canary.version) | nindent 6 }}
{{ end -}}
- matchers:
    - prefix: {{ quote $prefix }}
  {{- if $canary }}
  {{- $weight := $canary.weight | default 0 | int64 }}
  {{- with include "gloo-app.options" (dict .fingerprintHeader .fingerprint) }}
  {{- . | nindent 2 }}
  {{- end }}
  routeAction:
    multi:
      destinations:
        - destination:
            {{- include "gloo-app.destination" (dict "root" $root "version" $primary) | nindent 12 }}
          weight: {{ sub 100 $weight }}
          {{- with include "gloo-app.options" (dict .versionHeader $primary) }}
          {{- . | nindent 10 }}
          {{- end }}
        - destination:
            {{- include "gloo-app.destination" (dict "root" $root "version" $canary.version) | nindent 12 }}
          weight: {{ $weight }}
          {{- with include "gloo-app.options" (dict .versionHeader $canary.version) }}
          {{- . | nindent 10 }}
          {{- end }}
  {{- else }}
  {{- with include "gloo-app.options" (dict .fingerprintHeader .fingerprint .versionHeader $primary) }}
  {{- . | nindent 2 }}
  {{- end }}
  routeAction:
    single:
      {{- include "gloo-app.destination" (dict "root" $root "version" $primary) | nindent 6 }}
  {{- end }}
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
Options that put headers on every answer, in place of any that the app sends; nothing where there are none.
Takes a dict of name to value; an empty name is left out.
*/}}
{{- define "gloo-app.options" -}}
{{- with omit . "" -}}
options:
  headerManipulation:
    responseHeadersToAdd:
      {{- range $name, $value := . }}
      - header:
          key: {{ quote $name }}
          value: {{ quote $value }}
        append: false
      {{- end }}
{{- end }}
{{- end }}
