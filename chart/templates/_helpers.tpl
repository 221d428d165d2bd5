{{/*
Takes null out of the values: it removes the entry that it stands for, in `app` and routes as in anything else. Every template begins
with this, whichever Helm renders first. The nulls of a version stay: they remove what `app` has (see gloo-app.config). So do those
in lists, which Helm does not merge: there, null is a value of the chart or of Kubernetes.
*/}}
{{- define "gloo-app.prepare" -}}
{{- $values := .Values -}}
{{- range $key, $value := $values -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $values $key -}}
{{- else if eq $key "deployment" -}}
{{- range $version, $config := $value }}{{ if kindIs "invalid" $config }}{{ $_ := unset $value $version }}{{ end }}{{ end -}}
{{- else if kindIs "map" $value -}}
{{- include "gloo-app.withoutNulls" $value -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "gloo-app.withoutNulls" -}}
{{- $map := . -}}
{{- range $key, $value := $map -}}
{{- if kindIs "invalid" $value }}{{ $_ := unset $map $key }}
{{- else if kindIs "map" $value }}{{ include "gloo-app.withoutNulls" $value }}{{ end -}}
{{- end -}}
{{- end }}

{{/*
Labels of every object. Never of a pod template or a selector: a Deployment's selector can't be changed, and a label
with the chart's version in a pod template would restart all pods with each new chart.
*/}}
{{- define "gloo-app.labels" -}}
app.kubernetes.io/name: {{ quote .Release.Name }}
app.kubernetes.io/instance: {{ quote .Release.Name }}
app.kubernetes.io/managed-by: {{ quote .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | quote }}
{{- end }}

{{/*
Labels that tell the pods of one version apart: the selector of its Deployment, all labels of its pods, and (version)
the subset that a route names. Takes a dict of release (name) and version.
*/}}
{{- define "gloo-app.podLabels" -}}
app: {{ quote .release }}
version: {{ quote .version }}
{{- end }}

{{/*
Name of a version's objects: what a version may have and a name may not, "." and "_", is "-" in it. Takes a dict of
release (name) and version.
*/}}
{{- define "gloo-app.objectName" -}}
{{- printf "%s-%s" .release (regexReplaceAll "[._]" .version "-") -}}
{{- end }}

{{/* The port of the pods that the Service sends requests to: every version's container listens on it. */}}
{{- define "gloo-app.targetPort" -}}
{{- .Values.service.targetPort | default (dig "port" 8080 (.Values.app | default dict)) | int64 -}}
{{- end }}
