{{/*
Whether the routes are made for a provider: a text, empty for no. routes.provider is one of them, or both. Takes a dict of root and
provider.
*/}}
{{- define "gloo-app.isFor" -}}
{{- if has (.root.Values.routes.provider | default "gloo") (list .provider "both") }}yes{{ end -}}
{{- end }}

{{/* What the app answers to, as a JSON list of matches. Takes the root. */}}
{{- define "gloo-app.matches" -}}
{{- .Values.routes.matches | default (list (dict "prefix" (printf "/%s" .Release.Name))) | toJson -}}
{{- end }}

{{/* The ports of a Service, a YAML list, the app's first. Takes a dict of root and named: whether the first has a name. */}}
{{- define "gloo-app.servicePorts" -}}
{{- $service := .root.Values.service -}}
- port: {{ $service.port | default 80 | int64 }}
  targetPort: {{ include "gloo-app.targetPort" .root }}
  protocol: TCP
  {{- with $service.appProtocol }}
  appProtocol: {{ quote . }}
  {{- end }}
  {{- if or .named $service.ports }}
  name: http
  {{- end }}
  {{- range $service.ports }}
- port: {{ int64 .port }}
  targetPort: {{ kindIs "string" .targetPort | ternary .targetPort (.targetPort | default .port | int64) }}
  protocol: TCP
  name: {{ quote .name }}
  {{- end }}
{{- end }}
