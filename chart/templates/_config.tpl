{{/*
The configuration of one version as JSON: the defaults of all versions (app) with the version's own over them. Maps are
merged, lists and scalars replaced, null removes the entry. Takes a dict of root and version.
*/}}
{{- define "gloo-app.config" -}}
{{- $config := dict -}}
{{- include "gloo-app.mergeInto" (list $config (.root.Values.app | default dict)) -}}
{{- $own := deepCopy (index .root.Values.deployment .version | default dict) -}}
{{- if and (kindIs "string" $own.image) (kindIs "map" $config.image) -}}
{{- /* Another image by its name alone keeps how images are pulled. */ -}}
{{- $_ := set $config "image" (pick $config.image "pullPolicy" "pullSecrets") -}}
{{- $_ := set $own "image" (dict "reference" $own.image) -}}
{{- end -}}
{{- include "gloo-app.mergeInto" (list $config $own) -}}
{{- toJson $config -}}
{{- end }}

{{/*
Merges the second map of a list into its first, which gets no null and no map of the second. Sprig's own merges don't replace a value
by false, 0 or "".
*/}}
{{- define "gloo-app.mergeInto" -}}
{{- $into := index . 0 -}}
{{- range $key, $value := index . 1 -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $into $key -}}
{{- else if kindIs "map" $value -}}
{{- if not (kindIs "map" (get $into $key)) }}{{ $_ := set $into $key dict }}{{ end -}}
{{- include "gloo-app.mergeInto" (list (get $into $key) $value) -}}
{{- else -}}
{{- $_ := set $into $key $value -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
Image of one version. The default one has no tag: its arguments tell its version. A user's image with neither tag nor
digest gets the version as its tag. Takes a dict of config (of the version) and version.
*/}}
{{- define "gloo-app.image" -}}
{{- $image := .config.image -}}
{{- if kindIs "map" $image -}}
{{- if $image.repository -}}
{{- $tag := "" -}}
{{- if or $image.tag (not $image.digest) -}}{{- $tag = printf ":%v" ($image.tag | default .version) -}}{{- end -}}
{{- $image.repository }}{{ $tag }}{{ with $image.digest }}@{{ . }}{{ end -}}
{{- else -}}
{{- include "gloo-app.reference" (dict "image" $image.reference "version" .version) -}}
{{- end -}}
{{- else if $image -}}
{{- include "gloo-app.reference" (dict "image" $image "version" .version) -}}
{{- else -}}
hashicorp/http-echo
{{- end -}}
{{- end }}

{{/* An image by its name, with the version for its tag where it has neither tag nor digest. Takes image and version. */}}
{{- define "gloo-app.reference" -}}
{{- $name := .image | splitList "/" | last -}}
{{- .image }}{{ if not (or (contains ":" $name) (contains "@" $name)) }}:{{ .version }}{{ end -}}
{{- end }}

{{/*
Command or arguments of one version's container, a YAML list; nothing where there are none. The default image's
arguments make it answer its version. Takes a dict of key (command or args), root, config (of the version) and version.
*/}}
{{- define "gloo-app.words" -}}
{{- $defaults := list -}}
{{- if and (eq .key "args") (empty .config.image) -}}
{{- $defaults = list "-text=version:{{ .Release.Name }}-{{ .Version }}" (printf "-listen=:%d" (.config.port | default 8080 | int64)) -}}
{{- end -}}
{{- $context := merge (dict "Version" .version) .root -}}
{{- $lines := list -}}
{{- range dig .key $defaults .config }}{{ $lines = append $lines (tpl . $context | quote | printf "- %s") }}{{ end -}}
{{- join "\n" $lines -}}
{{- end }}

{{/* The ports of one version's container as JSON: name, port and, where it is not TCP, protocol. Takes the config. */}}
{{- define "gloo-app.ports" -}}
{{- $main := dict "name" "http" "port" (.port | default 8080) -}}
{{- toJson (concat (list $main) (.ports | default list)) -}}
{{- end }}

{{/* A scalar as text: numbers as they are written in JSON, which are none with an exponent unless they are huge. */}}
{{- define "gloo-app.text" -}}
{{- if kindIs "float64" . }}{{ toJson . }}{{ else }}{{ . }}{{ end -}}
{{- end }}
