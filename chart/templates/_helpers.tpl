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
Image of one version. The default one has no tag: its arguments tell its version. A user's image with neither tag nor
digest gets the version as its tag. Takes a dict of config (of the version) and version.
*/}}
{{- define "gloo-app.image" -}}
{{- $image := .config.image -}}
{{- $name := $image | default "" | splitList "/" | last -}}
{{- if not $image -}}
hashicorp/http-echo
{{- else if or (contains ":" $name) (contains "@" $name) -}}
{{ $image }}
{{- else -}}
{{ $image }}:{{ .version }}
{{- end -}}
{{- end }}

{{/*
Arguments of one version's container, a YAML list; nothing where there are none. The default image's make it answer
its version. Takes a dict of root, config (of the version) and version.
*/}}
{{- define "gloo-app.args" -}}
{{- $defaults := list "-text=version:{{ .Release.Name }}-{{ .Version }}" "-listen=:8080" -}}
{{- $args := dig "args" (empty .config.image | ternary $defaults list) .config -}}
{{- $context := merge (dict "Version" .version) .root -}}
{{- $lines := list -}}
{{- range $args }}{{ $lines = append $lines (tpl . $context | quote | printf "- %s") }}{{ end -}}
{{- join "\n" $lines -}}
{{- end }}
