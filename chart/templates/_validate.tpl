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
{{- range $deployed -}}
{{- $name := printf "%s-%s" $release . -}}
{{- if gt (len $name) 63 -}}
{{- fail (printf "The name %q (release and version) has %d characters: a container's has at most 63. Shorten the version %q." $name (len $name) .) -}}
{{- end -}}
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
{{- end }}
