{{/*
What a version's pods have beside what every version of the app has; nothing for a version without configuration.
Each part is YAML for its place in templates/deployment.yaml. All take a dict of root, config, version and name.
*/}}

{{/* Annotations of the pods: a change of the configuration makes new pods, as they read it when they start. */}}
{{- define "gloo-app.podAnnotations" -}}
{{- $annotations := .config.annotations | default dict | deepCopy -}}
{{- with .config.config }}{{ $_ := set $annotations "checksum/config" (pick . "files" "env" | toJson | sha256sum) }}{{ end -}}
{{- with $annotations }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/* Everything of the pods' spec but the containers. */}}
{{- define "gloo-app.podSpec" -}}
{{- $config := .config -}}
{{- $spec := pick $config "nodeSelector" "tolerations" "affinity" "initContainers" "priorityClassName" "runtimeClassName" "hostAliases" "dnsPolicy" "dnsConfig" "os" -}}
{{- with $config.podSecurityContext }}{{ $_ := set $spec "securityContext" . }}{{ end -}}
{{- $account := $config.serviceAccount -}}
{{- with $account -}}
{{- $_ := set $spec "serviceAccountName" (kindIs "map" . | ternary (dig "name" $.root.Release.Name (kindIs "map" . | ternary . dict)) .) -}}
{{- if kindIs "map" . }}{{ if hasKey . "automount" }}{{ $_ := set $spec "automountServiceAccountToken" .automount }}{{ end }}{{ end -}}
{{- end -}}
{{- if kindIs "map" $config.image -}}
{{- $secrets := list -}}
{{- range $config.image.pullSecrets }}{{ $secrets = append $secrets (dict "name" .) }}{{ end -}}
{{- with $secrets }}{{ $_ := set $spec "imagePullSecrets" . }}{{ end -}}
{{- end -}}
{{- $grace := $config.terminationGracePeriodSeconds -}}
{{- if and (kindIs "invalid" $grace) $config.drainSeconds }}{{ $grace = add 30 $config.drainSeconds }}{{ end -}}
{{- if not (kindIs "invalid" $grace) }}{{ $_ := set $spec "terminationGracePeriodSeconds" (int64 $grace) }}{{ end -}}
{{- with $config.topologySpread -}}
{{- $pods := dict "matchLabels" (include "gloo-app.podLabels" (dict "release" $.root.Release.Name "version" $.version) | fromYaml) -}}
{{- $spread := list -}}
{{- range . }}{{ $spread = append $spread (hasKey . "labelSelector" | ternary . (merge (dict "labelSelector" (deepCopy $pods)) .)) }}{{ end -}}
{{- $_ := set $spec "topologySpreadConstraints" $spread -}}
{{- end -}}
{{- $volumes := list -}}
{{- if dig "config" "files" dict $config }}{{ $volumes = append $volumes (dict "name" "config" "configMap" (dict "name" .name "items" (include "gloo-app.fileItems" $config | fromYamlArray))) }}{{ end -}}
{{- range $config.secrets }}{{ if .mountPath }}{{ $volumes = append $volumes (dict "name" (include "gloo-app.secretVolume" .name) "secret" (dict "secretName" .name)) }}{{ end }}{{ end -}}
{{- with concat $volumes ($config.volumes | default list) }}{{ $_ := set $spec "volumes" . }}{{ end -}}
{{- with $spec }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/* The volume of a Secret. Names of volumes have no dots, as those of Secrets may have. Takes the Secret's name. */}}
{{- define "gloo-app.secretVolume" -}}
{{- printf "secret-%s" . | replace "." "-" | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* The keys of the ConfigMap that are files. Takes the config. */}}
{{- define "gloo-app.fileItems" -}}
{{- range $file, $_ := .config.files }}
- key: {{ quote $file }}
  path: {{ quote $file }}
{{- end }}
{{- end }}

{{/* Everything of the app's container but its name, image, words and ports. */}}
{{- define "gloo-app.container" -}}
{{- $config := .config -}}
{{- $container := pick $config "resources" "workingDir" -}}
{{- $env := list -}}
{{- $context := merge (dict "Version" .version) .root -}}
{{- range $name, $value := dig "config" "env" dict $config -}}
{{- $env = append $env (dict "name" $name "valueFrom" (dict "configMapKeyRef" (dict "name" $.name "key" $name))) -}}
{{- end -}}
{{- /* Those from elsewhere first: a text reaches with $(NAME) only what is before it. */ -}}
{{- range $name, $value := $config.env -}}
{{- if kindIs "map" $value }}{{ $env = append $env (dict "name" $name "valueFrom" $value) }}{{ end -}}
{{- end -}}
{{- range $name, $value := $config.env -}}
{{- if not (kindIs "map" $value) -}}
{{- $env = append $env (dict "name" $name "value" (tpl (include "gloo-app.text" $value) $context)) -}}
{{- end -}}
{{- end -}}
{{- with $env }}{{ $_ := set $container "env" . }}{{ end -}}
{{- $from := $config.envFrom | default list -}}
{{- range $config.secrets }}{{ if .env }}{{ $from = append $from (dict "secretRef" (dict "name" .name)) }}{{ end }}{{ end -}}
{{- with $from }}{{ $_ := set $container "envFrom" . }}{{ end -}}
{{- range $kind, $probe := $config.probes -}}
{{- $_ := set $container (printf "%sProbe" $kind) (include "gloo-app.probe" $probe | fromJson) -}}
{{- end -}}
{{- $lifecycle := deepCopy ($config.lifecycle | default dict) -}}
{{- if and $config.drainSeconds (not $lifecycle.preStop) -}}
{{- $_ := set $lifecycle "preStop" (dict "sleep" (dict "seconds" $config.drainSeconds)) -}}
{{- end -}}
{{- with $lifecycle }}{{ $_ := set $container "lifecycle" . }}{{ end -}}
{{- $security := dict -}}
{{- if and $config.image (ne ($config.podSecurity | default "restricted") "none") -}}
{{- $security = dict "allowPrivilegeEscalation" false "capabilities" (dict "drop" (list "ALL")) "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- end -}}
{{- with $config.securityContext }}{{ include "gloo-app.mergeInto" (list $security .) }}{{ end -}}
{{- with $security }}{{ $_ := set $container "securityContext" . }}{{ end -}}
{{- $mounts := list -}}
{{- if dig "config" "files" dict $config -}}
{{- $mounts = append $mounts (dict "name" "config" "mountPath" (dig "config" "mountPath" (printf "/etc/%s" .root.Release.Name) $config) "readOnly" true) -}}
{{- end -}}
{{- range $config.secrets }}{{ if .mountPath }}{{ $mounts = append $mounts (dict "name" (include "gloo-app.secretVolume" .name) "mountPath" .mountPath "readOnly" true) }}{{ end }}{{ end -}}
{{- with concat $mounts ($config.volumeMounts | default list) }}{{ $_ := set $container "volumeMounts" . }}{{ end -}}
{{- with $container }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/*
A probe as JSON: a path, a path with timings and a port (the app's by default), or a probe as Kubernetes has it.
*/}}
{{- define "gloo-app.probe" -}}
{{- if kindIs "string" . -}}
{{- dict "httpGet" (dict "path" . "port" "http") | toJson -}}
{{- else if .path -}}
{{- $get := dict "path" .path "port" (.port | default "http") -}}
{{- with .scheme }}{{ $_ := set $get "scheme" . }}{{ end -}}
{{- merge (dict "httpGet" $get) (omit . "path" "port" "scheme") | toJson -}}
{{- else -}}
{{- toJson . -}}
{{- end -}}
{{- end }}
